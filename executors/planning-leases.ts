/**
 * Which planner has the say in a task: the one that asked last. An epoch fences the others, so that of two that plan the same round, because
 * one was taken for dead, only the later one's plan is admitted. Nothing of it is in the record: it says who may plan, not what was planned.
 */
import { problem, type Problem } from "../shared/problems.ts";

/** The epoch of the newest lease; null where nobody has asked. */
export const leaseOf = (sql: SqlStorage, task: string): number | null =>
  (sql.exec("SELECT epoch FROM planning_leases WHERE task = ?", task).toArray()[0]?.["epoch"] as number | undefined) ??
  null;

/** Gives out the next lease; epochs rise with time, also where the last one was dropped. */
export function nextLease(sql: SqlStorage, task: string, nowMs: number): number {
  const epoch = Math.max(nowMs, (leaseOf(sql, task) ?? 0) + 1);
  sql.exec(
    "INSERT INTO planning_leases (task, epoch) VALUES (?, ?) ON CONFLICT (task) DO UPDATE SET epoch = excluded.epoch",
    task,
    epoch,
  );
  return epoch;
}

export const dropLease = (sql: SqlStorage, task: string): void => {
  sql.exec("DELETE FROM planning_leases WHERE task = ?", task);
};

export const moved = (): Problem => problem("planning-moved", "Another planner has this round now.");
