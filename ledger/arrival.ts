/**
 * Arrival: everything about a delivery that can be checked without knowing what the log holds. Pure, so it runs in the stateless entrypoint
 * and the sequencer's single thread is left for ordering.
 *
 * A1  The statement is opened first: nothing of a delivery is read that no trusted executor key vouches for.
 * A2  An entry's text is the only text of its value: it is rebuilt from what was parsed and compared.
 * A3  Over all entries each record from…to stands exactly once, and each names the hash of the one before it.
 * A4  The statement is over the last record, so through A3 its signature covers every record.
 */
import * as z from "zod";
import { acceptsOf } from "../shared/accepts.ts";
import { utf8 } from "../shared/bytes.ts";
import { canonicalize } from "../shared/canonical.ts";
import { ENTRY_TYPES, entryText, statementText } from "../shared/entry.ts";
import { ChainRecord } from "../shared/events.ts";
import { ExecutorName, parseExecutorName, parseTaskId, TenantId } from "../shared/ids.ts";
import { parseOrderedJson, parseStrictJson, type Json } from "../shared/json.ts";
import { LIMITS } from "../shared/limits.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { ChainStatement } from "../shared/receipt.ts";
import { err, ok, type Err, type Result } from "../shared/result.ts";
import { sha256Hex } from "../shared/sha256.ts";
import { Envelope, openEnvelope } from "../shared/signing.ts";
import { HASH_BYTES, leafHash } from "../shared/tlog/hash.ts";
import type { LedgerConfig } from "./config.ts";
import { GUARDS } from "./guards.ts";

/** One entry, ready to be ordered. */
export type ArrivedEntry = {
  readonly body: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly task: string | null;
  readonly type: string;
};

/** A delivery that is sound in itself. */
export type Arrival = {
  readonly tenant: string;
  readonly executor: string;
  readonly from: number;
  readonly to: number;
  /** Hash that the first record names as its predecessor. */
  readonly prev: string;
  /** Hash of the last record. */
  readonly head: string;
  readonly seenSize: number;
  readonly entries: readonly ArrivedEntry[];
  /** RFC 6962 leaf hashes of the entries, one after another. */
  readonly leaves: Uint8Array;
  /** Characters of all entries. */
  readonly chars: number;
};

const Append = z.strictObject({
  tenant: TenantId,
  executor: ExecutorName,
  from: z.int().min(1),
  to: z.int().min(1),
  entries: z.array(z.string()).min(2).max(LIMITS.deliveryEntries),
  seenSize: z.int().min(0),
});
type Append = z.infer<typeof Append>;

/**
 * Checks a delivery.
 * @returns invalid-request, not-found (unknown tenant), audience-mismatch (an executor, task or statement of somebody else), body-too-large,
 *   entry-too-large, invalid-json, entry-invalid with `facts.entry` and `facts.rule`, the refusals of `openEnvelope`, statement-mismatch.
 */
export async function arrive(
  command: unknown,
  config: Pick<LedgerConfig, "trust" | "receiptKeys">,
): Promise<Result<Arrival>> {
  const parsed = Append.safeParse(command);
  if (!parsed.success)
    return err(
      problem("invalid-request", "This is not a delivery.", {
        paths: parsed.error.issues.slice(0, 5).map((i) => `/${i.path.join("/")}`),
      }),
    );
  const append = parsed.data;
  const audience = checkAudience(append, config);
  if (!audience.ok) return audience;
  const sizes = checkSizes(append);
  if (!sizes.ok) return sizes;

  const statement = await readStatement(append, config);
  if (!statement.ok) return statement;
  const records = readRecords(append);
  if (!records.ok) return records;
  if (!GUARDS["statement-head"](statement.value, records.value.head))
    return err(
      problem("statement-mismatch", "The statement is over another head than that of the records.", { seq: append.to }),
    );

  const { tenant, executor, from, to, seenSize, entries: texts } = append;
  const entries = [
    ...records.value.entries,
    { body: texts.at(-1)!, fromSeq: to, toSeq: to, task: null, type: ENTRY_TYPES.statement },
  ];
  const leaves = new Uint8Array(texts.length * HASH_BYTES);
  texts.forEach((text, i) => leaves.set(leafHash(utf8(text)), i * HASH_BYTES));
  return ok({
    tenant,
    executor,
    from,
    to,
    prev: records.value.prev,
    head: records.value.head,
    seenSize,
    entries,
    leaves,
    chars: sizes.value,
  });
}

function checkAudience({ tenant, executor }: Append, { trust }: Pick<LedgerConfig, "trust">): Result<null> {
  const known = Object.hasOwn(trust.tenants, tenant) ? trust.tenants[tenant] : undefined;
  if (known === undefined) return err(problem("not-found", "The ledger knows no such tenant."));
  const name = parseExecutorName(executor)!;
  if (!GUARDS["executor-tenant"](name, tenant) || !GUARDS["executor-exists"](name, known))
    return err(problem("audience-mismatch", "The tenant has no such executor.", { executor }));
  return ok(null);
}

/** The characters of all entries. */
function checkSizes({ from, to, entries }: Append): Result<number> {
  if (to < from) return err(problem("invalid-request", "The delivery ends before it begins."));
  if (to - from >= LIMITS.deliveryRecords)
    return err(problem("body-too-large", `A delivery has at most ${LIMITS.deliveryRecords} records.`));
  let chars = 0;
  for (const [i, text] of entries.entries()) {
    chars += text.length;
    // One UTF-16 unit is at most three bytes of UTF-8; only near the limit must they be counted.
    if (text.length * 3 > LIMITS.entryBytes && utf8(text).length > LIMITS.entryBytes)
      return err(problem("entry-too-large", `An entry has at most ${LIMITS.entryBytes} bytes.`, { entry: i }));
  }
  if (chars > LIMITS.deliveryChars)
    return err(problem("body-too-large", `A delivery has at most ${LIMITS.deliveryChars} characters.`));
  return ok(chars);
}

const invalid = (entry: number, rule: string, detail: string): Err<Problem> =>
  err(problem("entry-invalid", detail, { entry, rule }));

/** The statement that ends the delivery, verified (A1). */
async function readStatement(
  { tenant, executor, to, entries }: Append,
  { receiptKeys }: Pick<LedgerConfig, "receiptKeys">,
): Promise<Result<ChainStatement>> {
  const at = entries.length - 1;
  const text = entries[at]!;
  const value = parseStrictJson(text);
  if (!value.ok) return value;
  const envelope = Envelope.safeParse(member(member(value.value, "data"), "statement"));
  const atMs = timeOf(value.value);
  if (!envelope.success || atMs === null || statementText(executor, envelope.data, to, atMs) !== text)
    return invalid(at, "form", "The last entry is not this executor's statement.");

  const opened = await openEnvelope(envelope.data, {
    payloadType: PAYLOAD_TYPES.statement,
    keys: receiptKeys,
    schema: ChainStatement,
  });
  if (!opened.ok) return opened;
  const statement = opened.value.payload;
  if (!GUARDS["statement-executor"](statement, tenant, executor))
    return err(problem("audience-mismatch", "The statement is of another executor."));
  if (!GUARDS["statement-position"](statement, to))
    return err(problem("statement-mismatch", "The statement ends at another record.", { seq: statement.seq }));
  return ok(statement);
}

type Records = { readonly entries: ArrivedEntry[]; readonly prev: string; readonly head: string };

/** The records of all entries but the last, which is the statement (A2, A3). */
function readRecords(append: Append): Result<Records> {
  const { from, to } = append;
  const hashes = Array.from({ length: to - from + 1 }, () => "");
  const prevs: string[] = [];
  const entryOf: number[] = [];
  const entries: ArrivedEntry[] = [];

  for (let i = 0; i < append.entries.length - 1; i++) {
    const read = readEntry(append, i);
    if (!read.ok) return read;
    const { records, texts, subject, kind } = read.value;
    for (let r = 0; r < records.length; r++) {
      const at = records[r]!.seq - from;
      if (
        !(at >= 0 && at < hashes.length) ||
        !GUARDS["record-once"](hashes[at]!) ||
        (r > 0 && records[r]!.seq <= records[r - 1]!.seq)
      )
        return invalid(i, "records", "A record is outside the delivery, repeated, or out of order.");
      hashes[at] = sha256Hex(texts[r]!);
      prevs[at] = records[r]!.prev;
      entryOf[at] = i;
    }
    entries.push({
      body: append.entries[i]!,
      fromSeq: records[0]!.seq,
      toSeq: records.at(-1)!.seq,
      task: kind === "task" ? subject : null,
      type: ENTRY_TYPES[kind],
    });
  }

  const missing = hashes.indexOf("");
  if (missing !== -1) return invalid(append.entries.length - 1, "records", `Record ${from + missing} is missing.`);
  for (let at = 1; at < hashes.length; at++)
    if (!GUARDS["record-follows"](prevs[at], hashes[at - 1]!))
      return invalid(entryOf[at]!, "prev", "A record does not follow the one before it.");
  return ok({ entries, prev: prevs[0]!, head: hashes.at(-1)! });
}

type ReadEntry = {
  readonly kind: "task" | "executor";
  readonly subject: string;
  readonly records: readonly ChainRecord[];
  /** Canonical text of each record: what its hash is over. */
  readonly texts: readonly string[];
};

const isChainRecord = acceptsOf(ChainRecord);

/** What an honest executor wrote is read quickly; everything else is read again with care, and refused for what is wrong with it. */
function readEntry(append: Append, i: number): Result<ReadEntry> {
  const text = append.entries[i]!;
  const ordered = parseOrderedJson(text);
  if (ordered !== undefined) {
    const read = readValue(append, i, ordered, JSON.stringify);
    if (read.ok) return read;
  }
  const value = parseStrictJson(text);
  if (!value.ok) return err({ ...value.problem, facts: { ...value.problem.facts, entry: i } });
  return readValue(append, i, value.value, canonicalize);
}

/** The entry in a value that was parsed from its text. `write` gives the canonical text of its parts. */
function readValue(
  { executor, entries }: Append,
  i: number,
  value: Json,
  write: (value: Json) => string,
): Result<ReadEntry> {
  const type = member(value, "type");
  const subject = member(value, "subject");
  const raw = member(member(value, "data"), "records");
  const atMs = timeOf(value);
  const kind = type === ENTRY_TYPES.task ? "task" : type === ENTRY_TYPES.executor ? "executor" : null;
  if (kind === null || typeof subject !== "string" || !Array.isArray(raw) || raw.length === 0 || atMs === null)
    return invalid(i, "form", "This is not an entry of records.");

  const isOurs = kind === "executor" ? subject === executor : isTaskOf(subject, executor);
  if (!GUARDS["entry-of-executor"](isOurs))
    return err(problem("audience-mismatch", "The entry is about a task of another executor.", { entry: i }));
  const records: ChainRecord[] = [];
  for (const item of raw as Json[]) {
    if (!isChainRecord(item)) {
      const record = ChainRecord.safeParse(item);
      if (!record.success)
        return invalid(i, "record", `A record does not have its shape at /${record.error.issues[0]!.path.join("/")}.`);
    }
    const record = item as ChainRecord;
    if (
      !GUARDS["record-executor"](record, executor) ||
      !GUARDS["record-task"](record, kind === "task" ? subject : null)
    )
      return err(problem("audience-mismatch", "A record is of another executor or task.", { entry: i }));
    records.push(record);
  }

  const texts = (raw as Json[]).map((item) => write(item));
  // Id, source, time, key order and spelling all follow from what was read, so one comparison checks all of them (A2).
  if (!GUARDS["entry-canonical"](entries[i]!, entryText(kind, executor, subject, texts, records[0]!.seq, atMs)))
    return invalid(i, "canonical", "The entry is not the canonical text of its records.");
  return ok({ kind, subject, records, texts });
}

function isTaskOf(subject: string, executor: string): boolean {
  const route = parseTaskId(subject);
  return route !== null && executor.endsWith(`/${route.region}/${route.shard}`);
}

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as { [name: string]: unknown })[name]
    : undefined;

/** The entry's time in milliseconds; null where it could not have been written by `Date.toISOString`. */
function timeOf(value: Json): number | null {
  const time = member(value, "time");
  if (typeof time !== "string" || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(time)) return null;
  const atMs = Date.parse(time);
  return Number.isNaN(atMs) ? null : atMs;
}
