/**
 * After a restore of the ledger's database two people let the log go on: `countersign epoch new` says from where and signs, `countersign epoch sign`
 * adds the second signature, `countersign epoch apply` sends it. Between them a file travels; nothing in it is secret.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Epoch, SignedEpoch } from "../../shared/epoch.ts";
import { toBase32 } from "../../shared/ids.ts";
import { fromBase64 } from "../../shared/bytes.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { signEnvelope } from "../../shared/signing.ts";
import type { Call, Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { dim, green, line, yellow } from "../output.ts";
import { claimedSize } from "../record/download.ts";
import { chainOf, deviceKey, signerOf } from "../signing.ts";
import { jsonIn } from "../settings.ts";

/** How long both signatures may take to be used: people have to find each other. */
const EPOCH_LIFETIME_MS = 24 * 3_600_000;

const signingKey = {
  type: "string",
  valueHint: "FILE",
  description: "Private JWK that signs; else a development key",
} as const;
const file = { type: "positional", description: "The epoch's file" } as const;

export const epochNew: Command = {
  name: "epoch new",
  summary:
    "Says from which checkpoint a restored log goes on, signs it, and writes it to a file for the second signature.",
  args: {
    reason: { type: "string", description: "Why, for the record" },
    out: { type: "string", valueHint: "FILE", description: "Where it is written", default: "epoch.json" },
    old: {
      type: "string",
      valueHint: "FILE",
      description: "The newest checkpoint of the log that ended, as a note; else the largest that an executor saw",
    },
    "signing-key": signingKey,
  },
  examples: [`countersign epoch new --reason "database restored to 09:40 after incident 7" --out epoch.json`],
  run: async (call) => {
    const reason = call.args.required("reason");
    const client = call.client("admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "root", "admin");
    const [tenant, chain, witnesses] = await Promise.all([
      call.tenant(client.value),
      chainOf(call, client.value, key),
      client.value.witnesses(),
    ]);
    if (!tenant.ok) return tenant;
    if (!chain.ok) return chain;
    if (!witnesses.ok) return witnesses;
    const next = await client.value.checkpoint(tenant.value);
    if (!next.ok) return next;
    const named = call.args.text("old");
    const seen = witnesses.value.witnesses.flatMap(({ checkpoint }) => (checkpoint === null ? [] : [checkpoint]));
    const old =
      named === undefined
        ? seen.toSorted((a, b) => claimedSize(b) - claimedSize(a))[0]
        : readFileSync(path.resolve(call.platform.folder, named), "utf8");
    if (old === undefined)
      return err(problem("not-found", "No executor has seen a checkpoint: name the newest one with --old."));
    const nowMs = call.platform.nowMs();
    const payload: Epoch = {
      version: 1,
      tenant: tenant.value,
      epoch: `epo_${toBase32(call.platform.randomBytes(16))}`,
      old,
      new: next.value,
      reason,
      atMs: nowMs,
      expiresMs: nowMs + EPOCH_LIFETIME_MS,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.epoch,
      payload,
      signers: [await signerOf(key)],
    });
    const signed: SignedEpoch = { envelope, chains: [[...chain.value]] };
    const out = path.resolve(call.platform.folder, call.args.text("out") ?? "epoch.json");
    writeFileSync(out, `${JSON.stringify(signed, null, 2)}\n`);
    return ok({
      json: { epoch: payload.epoch, file: out, oldSize: claimedSize(old), newSize: claimedSize(next.value) },
      text: [
        ...wordsOf(payload),
        dim(`signed with ${key.from}, written to ${out}`),
        "A second admin signs it: countersign epoch sign FILE",
      ].join("\n"),
    });
  },
};

export const epochSign: Command = {
  name: "epoch sign",
  summary: "Shows an epoch and adds the second signature to its file.",
  args: { file, "signing-key": signingKey },
  examples: ["countersign epoch sign epoch.json --signing-key grace.json"],
  run: async (call) => {
    const read = epochIn(call);
    if (!read.ok) return read;
    const { at, signed, payload } = read.value;
    const client = call.client("admin");
    if (!client.ok) return client;
    const key = deviceKey(call, "admin", "root");
    const chain = await chainOf(call, client.value, key);
    if (!chain.ok) return chain;
    const { signatures } = await signEnvelope({
      payloadType: PAYLOAD_TYPES.epoch,
      payload,
      signers: [await signerOf(key)],
    });
    const both: SignedEpoch = {
      envelope: { ...signed.envelope, signatures: [...signed.envelope.signatures, ...signatures] },
      chains: [...signed.chains, [...chain.value]],
    };
    writeFileSync(at, `${JSON.stringify(both, null, 2)}\n`);
    return ok({
      json: { epoch: payload.epoch, file: at, signatures: both.envelope.signatures.length },
      text: [...wordsOf(payload), dim(`signed with ${key.from}`), "Then: countersign epoch apply FILE"].join("\n"),
    });
  },
};

export const epochApply: Command = {
  name: "epoch apply",
  summary: "Lets the log go on as two people signed: it becomes an entry, and the executors' alarms end.",
  args: { file },
  examples: ["countersign epoch apply epoch.json"],
  run: async (call) => {
    const read = epochIn(call);
    if (!read.ok) return read;
    const client = call.client("admin");
    if (!client.ok) return client;
    const applied = await client.value.applyEpoch(read.value.signed);
    if (!applied.ok) return applied;
    const { epoch, number, index, accepted, refused, incomplete } = applied.value;
    return ok({
      json: applied.value,
      text: [
        `${green(`epoch ${number}`)} stands in the log as entry ${index}  ${dim(epoch)}`,
        `Accepted by ${accepted.length} executors; what the log lost is delivered again.`,
        ...refused.map(({ executor, code, detail }) => yellow(`${executor} refused: ${code}: ${line(detail)}`)),
        ...(incomplete.length === 0
          ? []
          : [yellow(`No answer from ${incomplete.join(", ")}: repeat the command until nobody is missing.`)]),
      ].join("\n"),
    });
  },
};

const wordsOf = ({ epoch, old, new: next, reason }: Epoch): string[] => [
  `${epoch}: ${line(reason)}`,
  `The log that ended had ${claimedSize(old)} entries. It goes on from ${claimedSize(next)} entries:`,
  ...next
    .split("\n")
    .slice(0, 3)
    .map((text) => `  ${line(text)}`),
];

function epochIn(call: Call): Result<{ at: string; signed: SignedEpoch; payload: Epoch }> {
  const at = path.resolve(call.platform.folder, call.args.text("file")!);
  const signed = SignedEpoch.safeParse(jsonIn(at));
  if (!signed.success) throw new UsageError(`${at} is not an epoch's file.`);
  const value = parseStrictJson(fromBase64(signed.data.envelope.payload)!);
  const payload = Epoch.safeParse(value.ok ? value.value : null);
  return payload.success
    ? ok({ at, signed: signed.data, payload: payload.data })
    : err(problem("payload-invalid", "The file does not hold an epoch."));
}
