/**
 * What automatic actions owe to people, as tables of the object: actions drawn for the audit sample until somebody judged them, and notices.
 *
 *  Ov1  A row follows from a record and is written in its transaction: what the chain says is owed stands here.
 *  Ov2  A sample goes when it is judged; a notice is kept for as long as anything can be taken back.
 *
 * judge()  the task | refused { not-found, subject-erased, approver-is-requester, outcome-limit, stopped }
 */
import type { OwedKind, OwedView } from "../shared/api/oversight.ts";
import type { TaskEvent } from "../shared/events.ts";
import { LIMITS } from "../shared/limits.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { TaskView } from "../shared/views.ts";
import { JudgeCommand, Noticed, parseCommand } from "./commands.ts";
import type { Shard } from "./shard.ts";
import { judgeSample } from "./task/reported.ts";
import type { StepState, TaskState } from "./task/state.ts";

/** Ov1. */
export function oversee(sql: SqlStorage, task: string, event: TaskEvent, nowMs: number): void {
  if (event.type === "outcome-reported" && event.judged !== undefined)
    sql.exec("DELETE FROM owed WHERE kind = 'sample' AND task = ? AND step = ?", task, event.judged.step);
  if (event.type !== "step-applied") return;
  const { step, sampled, notify, reversibleUntilMs } = event;
  if (sampled !== undefined) owe(sql, "sample", task, step, nowMs, sampled.dueMs);
  if (notify === true) {
    owe(sql, "notice", task, step, nowMs, reversibleUntilMs);
    sql.exec("DELETE FROM owed WHERE kind = 'notice' AND at_ms < ?", nowMs - LIMITS.reversalWindowMs);
  }
}

const owe = (sql: SqlStorage, kind: OwedKind, task: string, step: string, atMs: number, dueMs: number | null) =>
  sql.exec(
    "INSERT INTO owed (kind, task, step, at_ms, due_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    kind,
    task,
    step,
    atMs,
    dueMs,
  );

type Row = { task: string; step: string; at_ms: number; due_ms: number | null; told_ms: number | null };

/** Samples: the oldest first. Notices: those that nobody was told of first, then the newest. */
export function owed(shard: Shard, kind: OwedKind): OwedView[] {
  const order = kind === "sample" ? "at_ms" : "told_ms IS NOT NULL, at_ms DESC";
  return shard.sql
    .exec<Row>(
      `SELECT task, step, at_ms, due_ms, told_ms FROM owed WHERE kind = ? ORDER BY ${order} LIMIT ?`,
      kind,
      LIMITS.owedListed,
    )
    .toArray()
    .flatMap((row) => {
      const state = shard.readable(row.task);
      const step = state?.steps.get(row.step);
      // Of an erased task nobody can say any more whether it was right.
      return state === null || step === undefined || (state.erased && kind === "sample")
        ? []
        : [view(state, step, row)];
    });
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const view = (state: TaskState, step: StepState, row: Row): OwedView => ({
  task: state.id,
  step: step.id,
  automation: state.automation,
  release: state.release,
  capability: step.capability,
  at: iso(row.at_ms)!,
  dueAt: iso(row.due_ms),
  rate: step.sampled?.rate ?? null,
  toldAt: iso(row.told_ms),
  label: step.classified?.label ?? null,
  rules: [...step.decision.rules],
  input: state.input.value,
  args: step.resolvedArgs ?? step.args,
  result: step.phase.at === "applied" ? step.phase.result.value : null,
});

export function noticed(shard: Shard, input: unknown): Result<null> {
  const parsed = parseCommand(Noticed, input);
  if (!parsed.ok) return parsed;
  const nowMs = shard.nowMs();
  shard.transaction((sql) => {
    for (const { task, step } of parsed.value)
      sql.exec(
        "UPDATE owed SET told_ms = ? WHERE kind = 'notice' AND task = ? AND step = ? AND told_ms IS NULL",
        nowMs,
        task,
        step,
      );
  });
  return ok(null);
}

export async function judge(shard: Shard, input: unknown): Promise<Result<TaskView>> {
  const parsed = parseCommand(JudgeCommand, input);
  if (!parsed.ok) return parsed;
  const { task, ...said } = parsed.value;
  const found = shard.find(task);
  if (!found.ok) return found;
  const judged = await shard.onTask(found.value, (draft, deps) => {
    const stopped = shard.trusted.stoppedCaller(said.by);
    return stopped === null ? judgeSample(draft, said, deps) : err(stopped);
  });
  return judged.ok ? ok(await shard.receiptedView(shard.tasks.get(task)!)) : judged;
}
