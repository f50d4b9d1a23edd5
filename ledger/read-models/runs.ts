/**
 * The read model `runs`: the run log. One row per task; see run-record.ts for what it holds and what is never changed.
 */
import type { ChainRecord, TaskEvent, TaskStatus } from "../../shared/events.ts";
import { guard, type Projector, type ReadEntry } from "./projector.ts";
import { foldRun, openedRun, type LaterEvent, type RunRecord } from "./run-record.ts";
import { tasksProjector, type TasksRow } from "./tasks.ts";

export type RunsRow = {
  readonly task: string;
  readonly automation: string;
  readonly status: TaskStatus;
  readonly openedMs: number;
  readonly endedMs: number | null;
  readonly firstIdx: number;
  readonly lastIdx: number;
  /** JSON of RunRecord, with the open steps of the list of tasks until the end. */
  readonly record: string;
  /** JSON list of LaterEvent. */
  readonly later: string;
};

/** What the fold needs beside the record until the run has ended. */
type Folding = RunRecord & { open?: Pick<TasksRow, "openSteps"> };

const recordsOf = (entry: ReadEntry): readonly ChainRecord[] =>
  (entry.data as unknown as { records: readonly ChainRecord[] }).records;

function evolve(row: RunsRow | null, entry: ReadEntry): RunsRow {
  const records = recordsOf(entry);
  const before = tasksProjector.begins(entry) ? null : row;
  const run: Folding | null = before === null ? null : (JSON.parse(before.record) as Folding);
  // The status of an open task is worked out in one place; it also refuses what this code does not know.
  const listed = tasksProjector.evolve(before === null ? null : listedRow(before, run!), entry);
  const fold = new Fold(entry, before, run);
  for (const record of records)
    for (const event of record.events as readonly TaskEvent[]) fold.take(event, record.atMs);
  return fold.row(listed);
}

/** Folds the events of one entry: into the record until the end, behind it afterwards. */
class Fold {
  readonly #entry: ReadEntry;
  readonly #before: RunsRow | null;
  readonly #later: LaterEvent[] = [];
  #run: Folding | null;
  #endedMs: number | null;

  constructor(entry: ReadEntry, before: RunsRow | null, run: Folding | null) {
    this.#entry = entry;
    this.#before = before;
    this.#run = run;
    this.#endedMs = before?.endedMs ?? null;
  }

  take(event: TaskEvent, atMs: number): void {
    if (event.type === "task-opened") this.#run = openedRun(this.#entry.executor, event, this.#entry.index);
    else if (this.#endedMs !== null) this.#later.push({ idx: this.#entry.index, atMs, event: unsigned(event) });
    else {
      foldRun(this.#run!, this.#entry.task!, event, atMs);
      this.#run!.endIdx = this.#entry.index;
      if (event.type === "task-settled") this.#endedMs = atMs;
    }
  }

  row(listed: TasksRow): RunsRow {
    const before = this.#before;
    const hadEnded = before !== null && before.endedMs !== null;
    const { open: _, ...record } = this.#run!;
    const kept = this.#endedMs === null ? { ...record, open: { openSteps: listed.openSteps } } : record;
    return {
      task: listed.task,
      automation: listed.automation,
      status: hadEnded ? before.status : listed.status,
      openedMs: listed.openedMs,
      endedMs: this.#endedMs,
      firstIdx: listed.firstIdx,
      lastIdx: this.#entry.index,
      record: hadEnded ? before.record : JSON.stringify(kept),
      later: appended(before?.later ?? "[]", this.#later),
    };
  }
}

/** Appends to a JSON list without writing what it holds anew. */
function appended(list: string, events: readonly LaterEvent[]): string {
  if (events.length === 0) return list;
  const more = JSON.stringify(events).slice(1);
  return list === "[]" ? `[${more}` : `${list.slice(0, -1)},${more}`;
}

/** The event without its signatures and their chains: they stand in the log, and a read model needs none. */
function unsigned(event: TaskEvent): TaskEvent {
  const { envelope: _, chain: __, ...rest } = event as { envelope?: unknown; chain?: unknown } & TaskEvent;
  return rest as TaskEvent;
}

const listedRow = (row: RunsRow, { executor, open }: Folding): TasksRow => ({
  task: row.task,
  automation: row.automation,
  status: row.status,
  region: "",
  executor,
  openedMs: row.openedMs,
  updatedMs: row.openedMs,
  firstIdx: row.firstIdx,
  lastIdx: row.lastIdx,
  openSteps: open?.openSteps ?? "{}",
});

export const runsProjector: Projector<RunsRow> = {
  name: "runs",
  version: 2,
  keyOf: (entry) => entry.task,
  begins: tasksProjector.begins,
  evolve,
  keyOfRow: (row) => row.task,
  load: `SELECT r.task, r.automation, r.status, r.opened_ms AS openedMs, r.ended_ms AS endedMs, r.first_idx AS firstIdx, r.last_idx AS lastIdx,
    r.record, r.later
    FROM json_each(?2) AS j CROSS JOIN rm_runs AS r ON r.tenant = ?1 AND r.task = j.value`,
  save: [
    `INSERT INTO rm_runs (tenant, task, automation, status, opened_ms, ended_ms, first_idx, last_idx, record, later)
    SELECT ?1, value ->> 'task', value ->> 'automation', value ->> 'status', value ->> 'openedMs', value ->> 'endedMs', value ->> 'firstIdx',
      value ->> 'lastIdx', value ->> 'record', value ->> 'later'
    FROM json_each(?2) WHERE ${guard("runs")}
    ON CONFLICT DO UPDATE SET status = excluded.status, ended_ms = excluded.ended_ms, last_idx = excluded.last_idx, record = excluded.record,
      later = excluded.later`,
    `INSERT INTO rm_run_uses (tenant, capability, opened_ms, task)
    SELECT DISTINCT ?1, s.value ->> 'capability', r.value ->> 'openedMs', r.value ->> 'task'
    FROM json_each(?2) AS r, json_each(r.value ->> 'record', '$.steps') AS s WHERE ${guard("runs")}
    ON CONFLICT DO NOTHING`,
  ],
  clear: ["DELETE FROM rm_runs WHERE tenant = ?1", "DELETE FROM rm_run_uses WHERE tenant = ?1"],
};
