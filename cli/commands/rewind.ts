/**
 * After the storage of one executor went back to an earlier moment two people let it go on: `countersign rewind new` says from where and signs,
 * `countersign rewind sign` adds the second signature, `countersign rewind apply` sends it. Between them a file travels; nothing in it is secret.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fromBase64 } from "../../shared/bytes.ts";
import { toBase32 } from "../../shared/ids.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { Rewind, SignedRewind } from "../../shared/rewind.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { Call, Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { dim, green, line } from "../output.ts";
import { chainOf, deviceKey, signerOf } from "../signing.ts";
import { jsonIn } from "../settings.ts";

/** How long both signatures may take to be used: people have to find each other. */
const LIFETIME_MS = 24 * 3_600_000;

const signingKey = {
  type: "string",
  valueHint: "FILE",
  description: "Private JWK that signs; else a development key",
} as const;
const file = { type: "positional", description: "The rewind's file" } as const;

export const rewindNew: Command = {
  name: "rewind new",
  summary: "Says from where a restored executor goes on, signs it, and writes it to a file for the second signature.",
  args: {
    executor: { type: "positional", description: "The executor, as tenant/region/shard" },
    reason: { type: "string", description: "Why, for the record" },
    out: { type: "string", valueHint: "FILE", description: "Where it is written", default: "rewind.json" },
    "signing-key": signingKey,
  },
  examples: [`countersign rewind new acme/eu/3 --reason "object restored to 09:40 after incident 8" --out rewind.json`],
  run: async (call) => {
    const reason = call.args.required("reason");
    const client = call.client("admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "root", "admin");
    const [tenant, chain, found] = await Promise.all([
      call.tenant(client.value),
      chainOf(call, client.value, key),
      client.value.rewindOf(call.args.text("executor")!),
    ]);
    if (!tenant.ok) return tenant;
    if (!chain.ok) return chain;
    if (!found.ok) return found;
    const nowMs = call.platform.nowMs();
    const { executor, kept, ledger } = found.value;
    const payload: Rewind = {
      version: 1,
      tenant: tenant.value,
      rewind: `rwd_${toBase32(call.platform.randomBytes(16))}`,
      executor,
      kept,
      ledger,
      reason,
      atMs: nowMs,
      expiresMs: nowMs + LIFETIME_MS,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.rewind,
      payload,
      signers: [await signerOf(key)],
    });
    const signed: SignedRewind = { envelope, chains: [[...chain.value]] };
    const out = path.resolve(call.platform.folder, call.args.text("out") ?? "rewind.json");
    writeFileSync(out, `${JSON.stringify(signed, null, 2)}\n`);
    return ok({
      json: { rewind: payload.rewind, file: out, executor, kept: kept.seq, ledger: ledger.seq },
      text: [
        ...wordsOf(payload),
        dim(`signed with ${key.from}, written to ${out}`),
        "A second admin signs it: countersign rewind sign FILE",
      ].join("\n"),
    });
  },
};

export const rewindSign: Command = {
  name: "rewind sign",
  summary: "Shows a rewind and adds the second signature to its file.",
  args: { file, "signing-key": signingKey },
  examples: ["countersign rewind sign rewind.json --signing-key grace.json"],
  run: async (call) => {
    const read = rewindIn(call);
    if (!read.ok) return read;
    const { at, signed, payload } = read.value;
    const client = call.client("admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "admin", "root");
    const chain = await chainOf(call, client.value, key);
    if (!chain.ok) return chain;
    const { signatures } = await signEnvelope({
      payloadType: PAYLOAD_TYPES.rewind,
      payload,
      signers: [await signerOf(key)],
    });
    const both: SignedRewind = {
      envelope: { ...signed.envelope, signatures: [...signed.envelope.signatures, ...signatures] },
      chains: [...signed.chains, [...chain.value]],
    };
    writeFileSync(at, `${JSON.stringify(both, null, 2)}\n`);
    return ok({
      json: { rewind: payload.rewind, file: at, signatures: both.envelope.signatures.length },
      text: [...wordsOf(payload), dim(`signed with ${key.from}`), "Then: countersign rewind apply FILE"].join("\n"),
    });
  },
};

export const rewindApply: Command = {
  name: "rewind apply",
  summary:
    "Lets a restored executor go on as two people signed: it takes what it lost from the log, and its alarm ends.",
  args: { file },
  examples: ["countersign rewind apply rewind.json"],
  run: async (call) => {
    const read = rewindIn(call);
    if (!read.ok) return read;
    const client = call.client("admin");
    if (!client.ok) return client;
    const applied = await client.value.applyRewind(read.value.signed);
    if (!applied.ok) return applied;
    const { executor, rewind, lost, setAside, tasks } = applied.value;
    return ok({
      json: applied.value,
      text: [
        `${green(executor)} goes on  ${dim(rewind)}`,
        `${lost} records came back from the log without their values; ${setAside} that it made since do not stand in its chain.`,
        `${tasks} tasks cannot go on and end; what is in doubt in them waits for a person: countersign reviews`,
      ].join("\n"),
    });
  },
};

const wordsOf = ({ rewind, executor, kept, ledger, reason }: Rewind): string[] => [
  `${rewind}: ${line(reason)}`,
  `${line(executor)} keeps its chain up to ${kept.seq} and takes what follows from the log, up to ${ledger.seq}:`,
  `  ${ledger.hash}`,
];

function rewindIn(call: Call): Result<{ at: string; signed: SignedRewind; payload: Rewind }> {
  const at = path.resolve(call.platform.folder, call.args.text("file")!);
  const signed = SignedRewind.safeParse(jsonIn(at));
  if (!signed.success) throw new UsageError(`${at} is not a rewind's file.`);
  const value = parseStrictJson(fromBase64(signed.data.envelope.payload)!);
  const payload = Rewind.safeParse(value.ok ? value.value : null);
  return payload.success
    ? ok({ at, signed: signed.data, payload: payload.data })
    : err(problem("payload-invalid", "The file does not hold a rewind."));
}
