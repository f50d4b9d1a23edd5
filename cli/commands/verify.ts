/** `countersign verify`: downloads the record and verifies it, or verifies a download without a network. */
import path from "node:path";
import type { Client } from "../../shared/client.ts";
import { ok, type Result } from "../../shared/result.ts";
import { verifyResumably, type VerificationInput } from "../../shared/verify/index.ts";
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
  beginFolder,
  keepingTiles,
  openFolder,
  readLines,
  writeEntries,
  writeJson,
  writePart,
  type RecordParts,
} from "../record/folder.ts";
import { counting } from "../record/progress.ts";
import { readState, writeState } from "../record/state.ts";
import { nothingPinned, resolveTrust, trustOnFirstUse, type ResolvedTrust } from "../record/trust.ts";
import { reportText } from "../views/report.ts";

export const verify: Command = {
  name: "verify",
  summary: "Verifies the whole record offline: log, chains, and every signature. Exit code 3 where it does not hold.",
  args: {
    out: {
      type: "string",
      valueHint: "FOLDER",
      description: "Keep the download there; where it holds a record, go on with it",
    },
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
    again: { type: "boolean", description: "Verify everything, also what was verified in this folder before" },
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
  return report(call, resolveTrust(pinned, call.settings.tenant ?? tenant), parts, folder);
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
    return parts.ok ? await report(call, trust, parts.value, outOf(call)) : parts;
  } catch (error) {
    if (error instanceof DownloadFailed) return { ok: false, problem: error.problem };
    throw error;
  }
}

async function download(call: Call, client: Client, { pinned }: ResolvedTrust): Promise<Result<RecordParts>> {
  const { tenant } = pinned.anchor;
  const folder = outOf(call);
  const known = folder === null ? 0 : await beginFolder(folder, tenant);
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
  const entries = await gathered(call, readEntries(client, size, known), folder, { size, known });
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
async function gathered(
  { platform }: Call,
  entries: AsyncIterable<Uint8Array>,
  folder: string | null,
  { size, known }: { readonly size: number; readonly known: number },
): Promise<AsyncIterable<Uint8Array>> {
  if (folder === null) return entries;
  await writeEntries(folder, counting(entries, { platform, what: "downloaded", total: size, from: known }));
  return readLines(path.join(folder, "entries.jsonl"));
}

const outOf = ({ args, platform }: Call): string | null => {
  const out = args.text("out");
  return out === undefined ? null : path.resolve(platform.folder, out);
};

/** Verifies what is new in a folder that was verified before, and everything again where that does not hold: then the report names what. */
async function report(
  call: Call,
  trust: ResolvedTrust,
  parts: RecordParts,
  folder: string | null,
): Promise<Result<Answer>> {
  const note = typeof parts.checkpoint === "string" ? parts.checkpoint : new TextDecoder().decode(parts.checkpoint);
  const verify = (entries: AsyncIterable<Uint8Array>, more: Partial<VerificationInput> = {}) =>
    verifyResumably({
      trust: trust.pinned,
      ...parts,
      entries: counting(entries, { platform: call.platform, what: "verified", total: claimedSize(note) }),
      ...more,
    });
  const resume = folder === null ? null : await readState(folder, trust);
  const fromDisk = () => readLines(path.join(folder!, "entries.jsonl"));
  const isAgain = call.args.flag("again");
  let done = await verify(parts.entries, resume === null ? {} : isAgain ? { earlier: resume } : { resume });
  const isResumed = resume !== null && !isAgain && done.report.verified;
  if (resume !== null && !isAgain && !isResumed) done = await verify(fromDisk(), { earlier: resume });
  if (folder !== null && done.saved !== null) writeState(folder, trust, note, done.saved);
  const { report: verified } = done;
  return ok({
    json: { ...verified, trust: { from: trust.from }, ...(isResumed ? { resumedFrom: resume.size } : {}) },
    text: reportText(verified, trust.from, isResumed ? resume.size : null),
    exit: verified.verified ? EXIT.ok : EXIT.verification,
  });
}
