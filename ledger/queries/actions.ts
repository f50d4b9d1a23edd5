/** The actions that the log knows, out of the run log: for the comparison with what targets say was done. */
import { parseExecutorName } from "../../shared/ids.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { KnownAction, RunQuery } from "../../shared/rpc/answers.ts";
import { RUN_COLUMNS, stepsNow, type RunRow } from "./run-view.ts";
import { runRows } from "./runs.ts";

export async function actionsOf(
  db: D1Database,
  tenant: string,
  tasks: readonly string[],
): Promise<{ actions: KnownAction[]; asOf: number }> {
  const [rows, cursor] = await db.batch<RunRow & { cursor: number }>([
    db
      .prepare(
        `SELECT ${RUN_COLUMNS} FROM json_each(?2) AS j CROSS JOIN rm_runs AS r ON r.tenant = ?1 AND r.task = j.value`,
      )
      .bind(tenant, JSON.stringify(tasks)),
    db.prepare("SELECT cursor FROM rm_cursor WHERE tenant = ? AND name = 'runs'").bind(tenant),
  ]);
  return { actions: rows!.results.flatMap(actionsIn), asOf: cursor!.results[0]?.cursor ?? 0 };
}

/** Errors: invalid-request for a cursor of another list. */
export async function actionsOpened(
  db: D1Database,
  query: RunQuery,
): Promise<Result<{ actions: KnownAction[]; next: string | null }>> {
  const page = await runRows(db, query);
  return page.ok ? ok({ actions: page.value.rows.flatMap(actionsIn), next: page.value.next }) : page;
}

function actionsIn(row: RunRow): KnownAction[] {
  const { executor } = JSON.parse(row.record) as { executor: string };
  const { region } = parseExecutorName(executor)!;
  return Object.entries(stepsNow(row)).flatMap(
    ([step, { action, capability, status, delivery, attempts, result, endedMs }]) =>
      attempts === 0 && result === null
        ? []
        : [{ action, task: row.task, step, capability, region, status, applied: result !== null, delivery, endedMs }],
  );
}
