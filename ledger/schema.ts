/**
 * The ledger's tables for typed queries. `migrations/ledger/` is what makes them; a test holds the two in agreement.
 */
import { blob, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The chain of batches; the newest row of a tenant is the head of its log. */
export const batches = sqliteTable(
  "batches",
  {
    tenant: text().notNull(),
    seq: integer().notNull(),
    /** Hash of the batch before, null for the first. */
    prevHash: text("prev_hash"),
    hash: text().notNull(),
    /** Size of the log after this batch. */
    size: integer().notNull(),
    /** Root of the tree of that size, base64. */
    root: text().notNull(),
    /** The signed checkpoint of that size. */
    note: text().notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.seq] })],
);

export const entries = sqliteTable(
  "entries",
  {
    tenant: text().notNull(),
    idx: integer().notNull(),
    body: text().notNull(),
    executor: text().notNull(),
    /** First and last chain record that the entry holds; a statement stands at the record that it covers. */
    fromSeq: integer("from_seq").notNull(),
    toSeq: integer("to_seq").notNull(),
    task: text(),
    type: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.idx] })],
);

export const tiles = sqliteTable(
  "tiles",
  {
    tenant: text().notNull(),
    level: integer().notNull(),
    idx: integer().notNull(),
    width: integer().notNull(),
    hashes: blob().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.level, table.idx] })],
);

export const executorCursors = sqliteTable(
  "executor_cursors",
  {
    tenant: text().notNull(),
    executor: text().notNull(),
    seq: integer().notNull(),
    /** Hash of the record at `seq`, 64 hex digits. */
    hash: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.executor] })],
);

/** How far a read model has come: `cursor` is the index of the next entry that it reads. */
export const rmCursor = sqliteTable(
  "rm_cursor",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    cursor: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

/** Entries that a read model could not take in. */
export const rmQuarantine = sqliteTable(
  "rm_quarantine",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    idx: integer().notNull(),
    reason: text().notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name, table.idx] })],
);

/** Which actions touched what. */
export const rmTags = sqliteTable(
  "rm_tags",
  {
    tenant: text().notNull(),
    tag: text().notNull(),
    /** Time of the act. */
    atMs: integer("at_ms").notNull(),
    idx: integer().notNull(),
    /** Orders the rows of one entry. */
    pos: integer().notNull(),
    task: text().notNull(),
    step: text().notNull(),
    action: text().notNull(),
    /** 1 for an action's first tag, which names what it changes; 0 for the others, which name what it concerns. */
    main: integer().notNull(),
    /** 1 where the action changed something, 0 where it only read. */
    wrote: integer().notNull(),
    /** 1 where it was not known when the row was written whether the action happened. */
    doubt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.tag, table.atMs, table.idx, table.pos] })],
);

/** Which entries of executors hold what later tasks are judged by. */
export const rmLasting = sqliteTable(
  "rm_lasting",
  {
    tenant: text().notNull(),
    executor: text().notNull(),
    idx: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.executor, table.idx] })],
);

/** The run log. */
export const rmRuns = sqliteTable(
  "rm_runs",
  {
    tenant: text().notNull(),
    task: text().notNull(),
    automation: text().notNull(),
    status: text().notNull(),
    openedMs: integer("opened_ms").notNull(),
    /** Null until the task has ended; nothing but `later` and `lastIdx` changes after that. */
    endedMs: integer("ended_ms"),
    firstIdx: integer("first_idx").notNull(),
    lastIdx: integer("last_idx").notNull(),
    /** JSON of the run as it stood when the task ended. */
    record: text().notNull(),
    /** JSON list of what happened after that. */
    later: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.task] })],
);

/** Which runs planned an action of which capability. */
export const rmRunUses = sqliteTable(
  "rm_run_uses",
  {
    tenant: text().notNull(),
    capability: text().notNull(),
    openedMs: integer("opened_ms").notNull(),
    task: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.capability, table.openedMs, table.task] })],
);

export const rmTasks = sqliteTable(
  "rm_tasks",
  {
    tenant: text().notNull(),
    task: text().notNull(),
    automation: text().notNull(),
    status: text().notNull(),
    region: text().notNull(),
    executor: text().notNull(),
    openedMs: integer("opened_ms").notNull(),
    updatedMs: integer("updated_ms").notNull(),
    firstIdx: integer("first_idx").notNull(),
    lastIdx: integer("last_idx").notNull(),
    /** JSON object, step → "proposed", "moving" or "waiting"; steps that ended are left out. */
    openSteps: text("open_steps").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.task] })],
);

/** How far the archive has come. */
export const archive = sqliteTable(
  "archive",
  {
    tenant: text().notNull(),
    /** Bundles below are in the archive. */
    bundles: integer().notNull(),
    /** Bundles below are in the archive alone. */
    dropped: integer().notNull(),
    movedMs: integer("moved_ms").notNull(),
    failures: integer().notNull(),
    lastError: text("last_error"),
  },
  (table) => [primaryKey({ columns: [table.tenant] })],
);

/** The newest checkpoint that each place outside has taken. */
export const published = sqliteTable(
  "published",
  {
    tenant: text().notNull(),
    place: text().notNull(),
    size: integer().notNull(),
    atMs: integer("at_ms").notNull(),
    triedSize: integer("tried_size").notNull(),
    triedMs: integer("tried_ms").notNull(),
    failures: integer().notNull(),
    lastError: text("last_error"),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.place] })],
);

/** What outside contradicts this database. */
export const logAlarms = sqliteTable(
  "log_alarms",
  {
    tenant: text().notNull(),
    object: text().notNull(),
    code: text().notNull(),
    detail: text().notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.object] })],
);

export const epochs = sqliteTable(
  "epochs",
  {
    tenant: text().notNull(),
    /** 1, 2, 3, … */
    number: integer().notNull(),
    /** Id of the statement. */
    epoch: text().notNull(),
    /** Index of its entry. */
    idx: integer().notNull(),
    oldSize: integer("old_size").notNull(),
    newSize: integer("new_size").notNull(),
    fromBundle: integer("from_bundle").notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.number] })],
);

/** Sums by what they are about; `atMs` is the beginning of ten minutes, 0 for all time. */
export const rmFigures = sqliteTable(
  "rm_figures",
  {
    tenant: text().notNull(),
    atMs: integer("at_ms").notNull(),
    name: text().notNull(),
    automation: text().notNull(),
    capability: text().notNull(),
    region: text().notNull(),
    label: text().notNull(),
    n: integer().notNull(),
    total: integer().notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.tenant, table.atMs, table.name, table.automation, table.capability, table.region, table.label],
    }),
  ],
);

/** What the figures remember of a task to which something more can happen. */
export const rmFlow = sqliteTable(
  "rm_flow",
  {
    tenant: text().notNull(),
    task: text().notNull(),
    /** JSON of `Flow` (read-models/figures-fold.ts). */
    state: text().notNull(),
    /** Since when something of it is in doubt, or waits for a person. */
    doubtMs: integer("doubt_ms"),
    reviewMs: integer("review_ms"),
    automation: text().notNull().default(""),
    region: text().notNull().default(""),
    /** Since when a gate or limit holds something of it back, or it waits for a plan. */
    heldMs: integer("held_ms"),
    planMs: integer("plan_ms"),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.task] })],
);
