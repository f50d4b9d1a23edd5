/**
 * The read model `tasks`: one row per task, for lists and filters. Who wants the truth about one task asks its executor.
 */
import type { ChainRecord, TaskEvent, TaskStatus } from "../../shared/events.ts";
import { parseExecutorName } from "../../shared/ids.ts";
import { unreachable } from "../../shared/result.ts";
import { guard, type Projector, type ReadEntry } from "./projector.ts";

export type TasksRow = {
  readonly task: string;
  readonly automation: string;
  readonly status: TaskStatus;
  readonly region: string;
  readonly executor: string;
  readonly openedMs: number;
  readonly updatedMs: number;
  readonly firstIdx: number;
  readonly lastIdx: number;
  /** JSON of OpenSteps: the row is kept as text. */
  readonly openSteps: string;
};

/** Steps that have not ended. `moving`: something happens without a person; `waiting`: a person must decide first. */
type OpenSteps = { [step: string]: "proposed" | "moving" | "waiting" };

/** What is folded over the events of one entry. */
type Fold = { settled: TaskStatus | null; readonly steps: OpenSteps };

const recordsOf = (entry: ReadEntry): readonly ChainRecord[] =>
  (entry.data as unknown as { records: readonly ChainRecord[] }).records;

const begins = (entry: ReadEntry): boolean => recordsOf(entry)[0]?.events[0]?.type === "task-opened";

function evolve(row: TasksRow | null, entry: ReadEntry): TasksRow {
  const records = recordsOf(entry);
  let next = begins(entry) ? null : row;
  const fold: Fold = { settled: null, steps: next === null ? {} : (JSON.parse(next.openSteps) as OpenSteps) };
  for (const record of records)
    for (const event of record.events as readonly TaskEvent[]) {
      if (event.type === "task-opened") next = openedRow(record, event, entry);
      else if (next === null) throw new Error(`${event.type} before task-opened`);
      else apply(fold, event);
    }
  if (next === null) throw new Error("an entry without events");
  return {
    ...next,
    status: fold.settled ?? (isSettled(next.status) ? next.status : statusOf(fold.steps)),
    updatedMs: records.at(-1)!.atMs,
    lastIdx: entry.index,
    openSteps: JSON.stringify(fold.steps),
  };
}

const openedRow = (
  record: ChainRecord,
  event: Extract<TaskEvent, { type: "task-opened" }>,
  entry: ReadEntry,
): TasksRow => ({
  task: record.task!,
  automation: event.automation,
  status: "planning",
  region: parseExecutorName(record.executor)!.region,
  executor: record.executor,
  openedMs: record.atMs,
  updatedMs: record.atMs,
  firstIdx: entry.index,
  lastIdx: entry.index,
  openSteps: "{}",
});

function apply(fold: Fold, event: Exclude<TaskEvent, { type: "task-opened" }>): void {
  const { steps } = fold;
  switch (event.type) {
    case "plan-admitted":
      for (const step of Object.keys(event.decisions)) steps[step] = "proposed";
      delete steps[PLANNING];
      return;
    case "planning-stopped":
      if (event.next === "person") steps[PLANNING] = "waiting";
      return;
    case "review-requested":
    case "wait-started":
    case "step-in-doubt":
      steps[event.step] = "waiting";
      return;
    case "review-approved":
    case "wait-ended":
    case "step-held":
    case "step-claimed":
      steps[event.step] = "moving";
      return;
    case "step-refused":
      if (event.retryAtMs === null) delete steps[event.step];
      else steps[event.step] = "moving";
      return;
    case "attested":
      if (event.decision === "reject") delete steps[event.step];
      return;
    case "step-applied":
    case "step-denied":
    case "step-failed":
    case "step-skipped":
    case "step-expired":
    case "review-expired":
    case "review-rejected":
      delete steps[event.step];
      return;
    case "doubt-resolved":
      if (event.retry) steps[event.step] = "moving";
      else if (event.outcome === "not-applied") delete steps[event.step];
      return;
    case "compensation-started":
      steps[COMPENSATION] = "moving";
      return;
    case "undo-started":
      steps[event.undo] = "moving";
      return;
    case "reversal-window-closed":
    case "outcome-observed":
    case "outcome-reported":
    case "step-resolved":
    case "signal-received":
    case "answer-contradicted":
    case "cancel-requested":
      return;
    case "task-settled":
      fold.settled = event.status;
      for (const step of Object.keys(steps)) delete steps[step];
      return;
    default:
      unreachable(event);
  }
}

/** Stands among the steps of a task whose next plan a person has to bring; no step can have this name. */
const PLANNING = "~plan";
/** Stands among the steps of a task that takes back what it did; no step can have this name. */
const COMPENSATION = "~";

/** Steps that only wait for a waiting one do not make a task run. */
function statusOf(steps: OpenSteps): TaskStatus {
  const phases = Object.values(steps);
  if (Object.hasOwn(steps, COMPENSATION)) return "compensating";
  if (phases.length === 0) return "planning";
  return phases.includes("moving") || !phases.includes("waiting") ? "running" : "waiting";
}

const isSettled = (status: TaskStatus): boolean =>
  !["accepted", "planning", "running", "waiting", "compensating"].includes(status);

const COLUMNS = "task, automation, status, region, executor, opened_ms, updated_ms, first_idx, last_idx, open_steps";

export const tasksProjector: Projector<TasksRow> = {
  name: "tasks",
  version: 1,
  keyOf: (entry) => entry.task,
  begins,
  evolve,
  keyOfRow: (row) => row.task,
  load: `SELECT r.task, r.automation, r.status, r.region, r.executor, r.opened_ms AS openedMs, r.updated_ms AS updatedMs,
    r.first_idx AS firstIdx, r.last_idx AS lastIdx, r.open_steps AS openSteps
    FROM json_each(?2) AS j CROSS JOIN rm_tasks AS r ON r.tenant = ?1 AND r.task = j.value`,
  save: `INSERT INTO rm_tasks (tenant, ${COLUMNS})
    SELECT ?1, value ->> 'task', value ->> 'automation', value ->> 'status', value ->> 'region', value ->> 'executor', value ->> 'openedMs',
      value ->> 'updatedMs', value ->> 'firstIdx', value ->> 'lastIdx', value ->> 'openSteps'
    FROM json_each(?2) WHERE ${guard("tasks")}
    ON CONFLICT DO UPDATE SET status = excluded.status, updated_ms = excluded.updated_ms, last_idx = excluded.last_idx, open_steps = excluded.open_steps`,
  clear: "DELETE FROM rm_tasks WHERE tenant = ?1",
};
