/** `countersign verify`: downloads the record and verifies it, or verifies a download without a network. */
import path from "node:path";
import type { Client } from "../../shared/client.ts";
import { ok, type Result } from "../../shared/result.ts";
import { verifyRecord } from "../../shared/verify/index.ts";
import type { Answer, Call, Command } from "../command.ts";
import { EXIT, UsageError } from "../exits.ts";
import { yellow } from "../output.ts";
import {
  claimedSize,
  DownloadFailed,
  readEffects,
  readEntries,
  readTiles,
  readWitnesses,
  waitForDelivery,
} from "../record/download.ts";
import { verifyEvidenceFile } from "../record/evidence.ts";
import {
  keepingTiles,
  newFolder,
  openFolder,
  readLines,
  writeEntries,
  writeJson,
  writePart,
  type RecordParts,
} from "../record/folder.ts";
import { nothingPinned, resolveTrust, trustOnFirstUse, type ResolvedTrust } from "../record/trust.ts";
import { reportText } from "../views/report.ts";

export const verify: Command = {
  name: "verify",
  summary: "Verifies the whole record offline: log, chains, and every signature. Exit code 3 where it does not hold.",
  args: {
    out: { type: "string", valueHint: "FOLDER", description: "Keep the download there" },
    dir: { type: "string", valueHint: "FOLDER", description: "Verify a download, without a network" },
    evidence: { type: "string", valueHint: "FILE", description: "Verify an evidence file, without a network" },
    trust: {
      type: "string",
      valueHint: "FILE",
      description: "Pinned public keys (COUNTERSIGN_TRUST); else those of .countersign/dev.json",
    },
    "trust-on-first-use": {
      type: "boolean",
      description: "Where nothing is pinned: ask the server itself, keep it, and say so loudly",
    },
    witnesses: { type: "boolean", description: "Also compare with what each executor says about itself now" },
    completeness: {
      type: "boolean",
      description: "Also compare with the effects in the regional databases, both ways",
    },
  },
  examples: [
    "countersign verify",
    "countersign verify --witnesses --completeness --out record-2026-11",
    "countersign verify --dir record-2026-11 --trust trust.json",
    "countersign verify --evidence case-4711.html --trust trust.json",
    "countersign verify --json | jq '.checks[] | select(.status == \"failed\")'",
  ],
  run: async (call) => {
    const evidence = call.args.text("evidence");
    if (evidence !== undefined) return verifyEvidenceFile(call, path.resolve(call.platform.folder, evidence));
    const folder = call.args.text("dir");
    return folder === undefined ? verifyServer(call) : verifyFolder(call, path.resolve(call.platform.folder, folder));
  },
};

async function verifyFolder(call: Call, folder: string): Promise<Result<Answer>> {
  if (call.args.text("out") !== undefined)
    throw new UsageError("--dir reads a download and --out writes one: choose one of them.");
  if (call.args.flag("trust-on-first-use")) throw new UsageError("--dir asks no server: give --trust FILE.");
  const { tenant, ...parts } = openFolder(folder);
  for (const [option, part] of [
    ["witnesses", "witnesses"],
    ["completeness", "effects"],
  ] as const)
    if (call.args.flag(option) && parts[part] === undefined)
      throw new UsageError(`${folder} holds no ${part}.json: download with --${option} --out.`);
  const pinned = call.settings.pinnedTrust();
  if (pinned === null) throw nothingPinned();
  return report(resolveTrust(pinned, call.settings.tenant ?? tenant), parts);
}

async function verifyServer(call: Call): Promise<Result<Answer>> {
  const client = call.client("auditor", "admin");
  if (!client.ok) return client;
  const pinned = call.settings.pinnedTrust();
  if (pinned === null && !call.args.flag("trust-on-first-use")) throw nothingPinned();
  const trusted = pinned === null ? await trustOnFirstUse(call, client.value) : ok(pinned);
  if (!trusted.ok) return trusted;
  const tenant = await call.tenant(client.value);
  if (!tenant.ok) return tenant;
  const trust = resolveTrust(trusted.value, tenant.value);
  try {
    const parts = await download(call, client.value, trust);
    return parts.ok ? await report(trust, parts.value) : parts;
  } catch (error) {
    if (error instanceof DownloadFailed) return { ok: false, problem: error.problem };
    throw error;
  }
}

async function download(call: Call, client: Client, { pinned }: ResolvedTrust): Promise<Result<RecordParts>> {
  const { tenant } = pinned.anchor;
  const out = call.args.text("out");
  const folder = out === undefined ? null : path.resolve(call.platform.folder, out);
  if (folder !== null) newFolder(folder);
  const wantsEffects = call.args.flag("completeness");

  const before = wantsEffects ? await readEffects(client, pinned.regions) : ok({});
  if (!before.ok) return before;
  if (wantsEffects) {
    const delivered = await waitForDelivery(client, call.platform.pause);
    if (!delivered.ok) return delivered;
    if (!delivered.value)
      call.note(
        yellow("The executors have not delivered everything: newest effects may look unproposed. Try again later."),
      );
  }
  const checkpoint = await client.checkpoint(tenant);
  if (!checkpoint.ok) return checkpoint;
  const size = claimedSize(checkpoint.value);
  const entries = await gathered(readEntries(client, size), folder);
  const after = wantsEffects ? await readEffects(client, pinned.regions) : ok({});
  if (!after.ok) return after;
  const witnesses = call.args.flag("witnesses") ? await readWitnesses(client, size) : ok(null);
  if (!witnesses.ok) return witnesses;

  const effects = { before: before.value, after: after.value };
  if (folder !== null) {
    writePart(folder, "checkpoint", checkpoint.value);
    if (witnesses.value !== null) writeJson(folder, "witnesses.json", witnesses.value);
    if (wantsEffects) writeJson(folder, "effects.json", effects);
    writeJson(folder, "about.json", {
      url: call.settings.url,
      tenant,
      at: new Date(call.platform.nowMs()).toISOString(),
    });
  }
  return ok({
    checkpoint: checkpoint.value,
    entries,
    tiles: folder === null ? readTiles(client, tenant) : keepingTiles(folder, readTiles(client, tenant)),
    ...(witnesses.value === null ? {} : { witnesses: witnesses.value }),
    ...(wantsEffects ? { effects } : {}),
  });
}

/** Entries go to the folder and are read from there; without a folder they are verified as they come. */
async function gathered(entries: AsyncIterable<Uint8Array>, folder: string | null): Promise<AsyncIterable<Uint8Array>> {
  if (folder === null) return entries;
  await writeEntries(folder, entries);
  return readLines(path.join(folder, "entries.jsonl"));
}

async function report(trust: ResolvedTrust, parts: RecordParts): Promise<Result<Answer>> {
  const verified = await verifyRecord({ trust: trust.pinned, ...parts });
  return ok({
    json: { ...verified, trust: { from: trust.from } },
    text: reportText(verified, trust.from),
    exit: verified.verified ? EXIT.ok : EXIT.verification,
  });
}
