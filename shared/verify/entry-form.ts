/**
 * The form of one entry: canonical strict JSON with the schema of an entry, in which id, source, subject and records agree with each other.
 * Pure; nothing here is about signatures.
 */
import { fromUtf8 } from "../bytes.ts";
import { canonicalize, isCanonicalText } from "../canonical.ts";
import { Entry, ENTRY_TYPES, entryId } from "../entry.ts";
import type { SignedEpoch } from "../epoch.ts";
import type { ChainRecord } from "../events.ts";
import { parseExecutorName, parseTaskId } from "../ids.ts";
import { parseStrictJson } from "../json.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { sha256Hex } from "../sha256.ts";
import type { Envelope } from "../signing.ts";
import type { VerifierTrust } from "./trust.ts";

/** A record with the hash that the next one must name. */
export type ReadRecord = { readonly record: ChainRecord; readonly hash: string };
export type ReadEntry =
  | { readonly kind: "records"; readonly executor: string; readonly records: readonly ReadRecord[] }
  /** The entry's id follows from the statement's position: compare it once the statement is opened. */
  | { readonly kind: "statement"; readonly executor: string; readonly id: string; readonly envelope: Envelope }
  | { readonly kind: "epoch"; readonly epoch: string; readonly signed: SignedEpoch; readonly atMs: number };

const refuse = (detail: string) => err(problem("entry-invalid", detail));

/**
 * Reads one entry.
 * @returns entry-too-large, invalid-json, entry-invalid (form, canonical text, ids), audience-mismatch (an executor or task of somebody else).
 */
export function readEntry(bytes: Uint8Array, trust: VerifierTrust): Result<ReadEntry> {
  if (bytes.length > LIMITS.entryBytes) return err(problem("entry-too-large", `The entry has ${bytes.length} bytes.`));
  const text = fromUtf8(bytes);
  const value = parseStrictJson(text ?? bytes);
  if (!value.ok) return value;
  if (text === null || !isCanonicalText(text, value.value))
    return refuse("The entry is not the canonical text of its value.");
  const parsed = Entry.safeParse(value.value);
  if (!parsed.success)
    return refuse(`The entry does not have the form of one at /${parsed.error.issues[0]!.path.join("/")}.`);
  const entry = parsed.data;
  if (entry.type === ENTRY_TYPES.epoch) return readEpoch(entry, trust);
  const executor = entry.source.slice("/executors/".length);
  if (!isKnownExecutor(executor, trust))
    return err(problem("audience-mismatch", `The tenant has no executor ${executor}.`));

  if (entry.type === ENTRY_TYPES.statement)
    return entry.subject === executor
      ? ok({ kind: "statement", executor, id: entry.id, envelope: entry.data.statement })
      : refuse("The statement names another executor than its source.");

  const { records } = entry.data;
  const task = entry.type === ENTRY_TYPES.task ? entry.subject : null;
  if (task === null ? entry.subject !== executor : !isTaskOf(task, executor))
    return err(problem("audience-mismatch", "The entry is about a task of another executor."));
  if (records.some((record) => record.executor !== executor || record.task !== task))
    return err(problem("audience-mismatch", "A record is of another executor or task than its entry."));
  if (records.some((record, i) => i > 0 && record.seq <= records[i - 1]!.seq))
    return refuse("The records of the entry are not in order.");
  if (entry.id !== entryId(entry.type, executor, records[0]!.seq))
    return refuse("The entry's id does not follow from its first record.");
  return ok({
    kind: "records",
    executor,
    records: records.map((record) => ({ record, hash: sha256Hex(canonicalize(record)) })),
  });
}

function readEpoch(
  { id, source, subject, time, data }: Extract<Entry, { type: typeof ENTRY_TYPES.epoch }>,
  trust: VerifierTrust,
): Result<ReadEntry> {
  if (source !== `/log/${trust.anchor.tenant}`)
    return err(problem("audience-mismatch", "The epoch is of another tenant's log."));
  return id === entryId(ENTRY_TYPES.epoch, subject, 0)
    ? ok({ kind: "epoch", epoch: subject, signed: data, atMs: Date.parse(time) })
    : refuse("The entry's id does not follow from its epoch.");
}

function isKnownExecutor(executor: string, trust: VerifierTrust): boolean {
  const name = parseExecutorName(executor);
  return (
    name !== null &&
    name.tenant === trust.anchor.tenant &&
    trust.regions.includes(name.region) &&
    name.shard < trust.shards
  );
}

function isTaskOf(task: string, executor: string): boolean {
  const route = parseTaskId(task);
  return route !== null && executor.endsWith(`/${route.region}/${route.shard}`);
}
