/** The record: entries, proofs, the executors' witnesses, the effect table of a business database. */
import * as z from "zod";
import { TraceExportState } from "../trace/export-state.ts";
import { Incomplete } from "./common.ts";
import { OutcomesView } from "./outcomes.ts";

/** `body` is the entry's exact canonical text: the leaf of the log is its bytes. */
export const EntryPage = z.object({
  entries: z.array(z.object({ index: z.int(), body: z.string() })),
  next: z.int().nullable(),
});
export type EntryPage = z.infer<typeof EntryPage>;
/** RFC 6962 inclusion proof; hashes are base64, `checkpoint` is the signed note. */
export const InclusionProof = z.object({
  index: z.int(),
  size: z.int(),
  leafHash: z.string(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
});
export type InclusionProof = z.infer<typeof InclusionProof>;
export const TaskProof = z.object({ task: z.string(), proofs: z.array(InclusionProof) });
export type TaskProof = z.infer<typeof TaskProof>;
export const ConsistencyProof = z.object({
  from: z.int(),
  to: z.int(),
  proof: z.array(z.string()),
});
export type ConsistencyProof = z.infer<typeof ConsistencyProof>;

export const StuckTask = z.object({ task: z.string(), why: z.enum(["record-unreadable", "cannot-go-on"]) });

export const WitnessView = z.object({
  executor: z.string(),
  head: z.object({ seq: z.int(), hash: z.string() }),
  delivered: z.int(),
  checkpoint: z.string().nullable(),
  alarms: z.array(z.object({ code: z.string(), detail: z.string(), at: z.string() })),
  tasks: z.object({ open: z.int(), waiting: z.int() }),
  /** Tasks that only an operator can help. */
  stuck: z.array(StuckTask),
  /** What became of predictions. */
  outcomes: OutcomesView,
  stops: z.array(
    z.object({
      kind: z.string(),
      mode: z.string(),
      target: z.string(),
      stop: z.string(),
      by: z.string(),
      reason: z.string(),
      at: z.string(),
    }),
  ),
});
export const WitnessPage = z.object({ witnesses: z.array(WitnessView), incomplete: Incomplete });
export type WitnessPage = z.infer<typeof WitnessPage>;

/** Rows of a business database's own effect table. Ask again with `after` = `next` until it is null. */
export const EffectPage = z.object({
  effects: z.array(
    z.object({
      action: z.string(),
      task: z.string(),
      step: z.string(),
      status: z.string(),
      atMs: z.int(),
    }),
  ),
  next: z.string().nullable(),
});
export type EffectPage = z.infer<typeof EffectPage>;

export const LedgerHealthView = z.object({
  size: z.int(),
  root: z.string(),
  executors: z.array(z.object({ executor: z.string(), cursor: z.int() })),
  projections: z.array(z.object({ name: z.string(), cursor: z.int(), lag: z.int(), quarantined: z.int() })),
  /** Null where no collector is configured. An agent is not told. */
  traces: TraceExportState.nullable(),
  /** Ids of the keys that sign checkpoints, two while one is being replaced, and of all keys that the ledger believes. */
  keys: z.object({ signs: z.array(z.string()), trusts: z.array(z.string()) }).optional(),
});

/** What of the log stands outside its database, and how far behind that is. Counts of entries, but for `database`. */
export const LedgerState = z.object({
  size: z.int(),
  root: z.string(),
  /** Beyond the limit nothing is appended. */
  database: z.object({ bytes: z.int(), limitBytes: z.int() }),
  /** `entries` the archive holds from the first on; `waiting` of full bundles; `onlyThere`: their bodies have left the database. */
  archive: z.object({
    entries: z.int(),
    waiting: z.int(),
    onlyThere: z.int(),
    movedAt: z.string().nullable(),
    failures: z.int(),
    lastError: z.string().nullable(),
  }),
  /** The newest checkpoint that each place has taken. */
  published: z.array(
    z.object({
      place: z.string(),
      size: z.int(),
      at: z.string().nullable(),
      behind: z.int(),
      failures: z.int(),
      lastError: z.string().nullable(),
    }),
  ),
  /** What outside contradicts the log: until people have settled it, nothing more is written there. */
  alarms: z.array(z.object({ object: z.string(), code: z.string(), detail: z.string(), at: z.string() })),
  /** Epochs in the log, the newest first. */
  epochs: z.array(
    z.object({
      number: z.int(),
      epoch: z.string(),
      index: z.int(),
      oldSize: z.int(),
      newSize: z.int(),
      at: z.string(),
    }),
  ),
});
export type LedgerState = z.infer<typeof LedgerState>;
