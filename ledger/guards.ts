/**
 * Guards of the ledger: every check of a delivery, as named pure predicates in one table. True means that the check holds.
 *
 * As in shared/guards.ts: the code calls each through the table, and a test shows of each that an attack gets through without it.
 */
import type { ChainRecord } from "../shared/events.ts";
import type { ChainStatement } from "../shared/receipt.ts";
import type { TenantTrust } from "../shared/trust.ts";

type Name = { readonly tenant: string; readonly region: string; readonly shard: number };

export const GUARDS = {
  /** audience-mismatch: one tenant's executor would write into another's log. */
  "executor-tenant": (name: Name, tenant: string): boolean => name.tenant === tenant,
  /** audience-mismatch: chains of executors that nobody runs would be recorded. */
  "executor-exists": (name: Name, trust: TenantTrust): boolean =>
    trust.regions.includes(name.region) && name.shard < trust.shards,
  /** audience-mismatch: one executor's statement would vouch for another's records. */
  "statement-executor": (statement: ChainStatement, tenant: string, executor: string): boolean =>
    statement.tenant === tenant && statement.executor === executor,
  /** statement-mismatch: a statement about one position would be recorded as being about another. */
  "statement-position": (statement: ChainStatement, to: number): boolean => statement.seq === to,
  /** statement-mismatch: anybody could write records under a statement that the executor made about others. */
  "statement-head": (statement: ChainStatement, head: string): boolean => statement.head === head,
  /** audience-mismatch: one executor would write into the tasks of another. */
  "entry-of-executor": (isOurs: boolean): boolean => isOurs,
  /** audience-mismatch: records of one executor would stand in another's chain. */
  "record-executor": (record: ChainRecord, executor: string): boolean => record.executor === executor,
  /** audience-mismatch: what happened to one task would be shown as another's history. */
  "record-task": (record: ChainRecord, task: string | null): boolean => record.task === task,
  /** entry-invalid: what readers of the log see would differ from what the hash is over. */
  "entry-canonical": (text: string, rebuilt: string): boolean => text === rebuilt,
  /** entry-invalid: a record could be left out, or another put in its place. */
  "record-follows": (prev: string | undefined, hash: string): boolean => prev === hash,
  /** entry-invalid: one record would stand in the log twice, as if it had happened twice. */
  "record-once": (known: string): boolean => known === "",
  /** chain-gap: records could be left out between two deliveries. */
  "delivery-follows": (from: number, cursor: number): boolean => from === cursor + 1,
  /** chain-fork: an executor that was rewound would record a second history. */
  "delivery-continues": (prev: string, hash: string): boolean => prev === hash,
  /** chain-fork: another record would pass for the one that is in the log. */
  "delivery-repeats": (head: string, hash: string): boolean => head === hash,
  /** checkpoint-inconsistent: a log that lost its end would go on as if nothing had been there. */
  "log-not-shorter": (seenSize: number, size: number): boolean => seenSize <= size,
};
