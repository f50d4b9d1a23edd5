/**
 * Ledger entries: CloudEvents 1.0 in canonical JSON, at most 65,535 bytes. A leaf of the tenant's log is exactly these bytes.
 * An entry holds the chain records of one task that one delivery carried (normally a whole planning round), or records of the executor itself,
 * or the executor's signed statement over its chain, which ends every delivery; or an epoch, which people signed.
 */
import * as z from "zod";
import { canonicalize } from "./canonical.ts";
import { ChainRecord } from "./events.ts";
import { EpochId, ExecutorName, TaskId, toBase32 } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { sha256 } from "#sha256";
import { Envelope } from "./signing.ts";

export const ENTRY_TYPES = {
  task: "countersign.task.records.v1",
  executor: "countersign.executor.records.v1",
  statement: "countersign.executor.statement.v1",
  epoch: "countersign.log.epoch.v1",
} as const;

const base = {
  specversion: z.literal("1.0"),
  id: z.string().regex(/^evt_[a-z2-7]{26}$/),
  /** `/executors/{tenant}/{region}/{shard}` */
  source: z.string().startsWith("/executors/"),
  time: z.iso.datetime(),
  datacontenttype: z.literal("application/json"),
};

export const Entry = z.discriminatedUnion("type", [
  z.strictObject({
    ...base,
    type: z.literal(ENTRY_TYPES.task),
    subject: TaskId,
    data: z.strictObject({ records: z.array(ChainRecord).min(1) }),
  }),
  z.strictObject({
    ...base,
    type: z.literal(ENTRY_TYPES.executor),
    subject: ExecutorName,
    data: z.strictObject({ records: z.array(ChainRecord).min(1) }),
  }),
  z.strictObject({
    ...base,
    type: z.literal(ENTRY_TYPES.statement),
    subject: ExecutorName,
    data: z.strictObject({ statement: Envelope }),
  }),
  z.strictObject({
    ...base,
    source: z.string().startsWith("/log/"),
    type: z.literal(ENTRY_TYPES.epoch),
    subject: EpochId,
    /** `SignedEpoch` (shared/epoch.ts). */
    data: z.strictObject({
      envelope: Envelope,
      chains: z.array(z.array(Envelope).max(LIMITS.enrolmentDepth)).min(1).max(LIMITS.envelopeSignatures),
    }),
  }),
]);
export type Entry = z.infer<typeof Entry>;

/** The id of an entry follows from what it carries, so a repeated delivery names it the same. */
export const entryId = (type: string, executor: string, firstSeq: number): string =>
  `evt_${toBase32(sha256(`${type}\n${executor}\n${firstSeq}`).subarray(0, 16))}`;

/** Puts canonical record texts into one canonical entry text without parsing them again. Records must already be canonical JSON. */
export function entryText(
  kind: "task" | "executor",
  executor: string,
  subject: string,
  records: readonly string[],
  firstSeq: number,
  atMs: number,
): string {
  const type = ENTRY_TYPES[kind];
  // Keys in canonical (UTF-16) order: data, datacontenttype, id, source, specversion, subject, time, type.
  return (
    `{"data":{"records":[${records.join(",")}]},"datacontenttype":"application/json","id":"${entryId(type, executor, firstSeq)}",` +
    `"source":"/executors/${executor}","specversion":"1.0","subject":"${subject}","time":"${new Date(atMs).toISOString()}","type":"${type}"}`
  );
}

export const statementText = (executor: string, envelope: Envelope, seq: number, atMs: number): string =>
  canonicalize({
    specversion: "1.0",
    id: entryId(ENTRY_TYPES.statement, executor, seq),
    source: `/executors/${executor}`,
    type: ENTRY_TYPES.statement,
    subject: executor,
    time: new Date(atMs).toISOString(),
    datacontenttype: "application/json",
    data: { statement: envelope },
  });
