/**
 * How often predictions came true here, per automation and capability, and which actions were the last ones of which they did not: a service
 * level that nobody has to compute from the record. Counted in the transaction that records the verdict, so a count and the chain agree.
 */
import type { OutcomeVerdict, TaskEvent } from "../shared/events.ts";
import { LIMITS } from "../shared/limits.ts";
import type { Outcomes } from "../shared/rpc.ts";
import type { TaskState } from "./task/state.ts";

type Observed = Extract<TaskEvent, { type: "outcome-observed" }>;
/** Where pairs beyond LIMITS.outcomeRows are counted: no name looks like this. */
const OTHERS = "*";

export function countOutcome(sql: SqlStorage, state: TaskState, event: Observed, nowMs: number): void {
  const capability = state.steps.get(event.step)?.capability ?? OTHERS;
  const [automation, counted] = rowOf(sql, state.automation, capability);
  sql.exec(
    `INSERT INTO outcomes (automation, capability, matched, mismatched, unobserved) VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (automation, capability) DO UPDATE SET matched = matched + ?3, mismatched = mismatched + ?4, unobserved = unobserved + ?5`,
    automation,
    counted,
    ...(["matched", "mismatched", "unobserved"] satisfies OutcomeVerdict[]).map((one) => Number(one === event.verdict)),
  );
  if (event.verdict !== "mismatched") return;
  const fields = JSON.stringify(event.fields);
  sql.exec(
    "INSERT INTO mismatches (task, step, capability, fields, at_ms) VALUES (?, ?, ?, ?, ?)",
    state.id,
    event.step,
    capability,
    fields,
    nowMs,
  );
  sql.exec("DELETE FROM mismatches WHERE id <= (SELECT max(id) FROM mismatches) - ?", LIMITS.mismatchesNamed);
}

function rowOf(sql: SqlStorage, automation: string, capability: string): readonly [string, string] {
  const known = sql.exec("SELECT 1 FROM outcomes WHERE automation = ? AND capability = ?", automation, capability);
  if (known.toArray().length > 0) return [automation, capability];
  const { n } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM outcomes").one();
  return n < LIMITS.outcomeRows ? [automation, capability] : [OTHERS, OTHERS];
}

type Row = { automation: string; capability: string; matched: number; mismatched: number; unobserved: number };
type Mismatch = { task: string; step: string; capability: string; fields: string; at_ms: number };

export const outcomesCounted = (sql: SqlStorage): Outcomes => ({
  counts: sql.exec<Row>("SELECT * FROM outcomes ORDER BY automation, capability").toArray(),
  newest: sql
    .exec<Mismatch>("SELECT task, step, capability, fields, at_ms FROM mismatches ORDER BY id DESC")
    .toArray()
    .map(({ fields, at_ms, ...one }) => ({
      ...one,
      fields: JSON.parse(fields) as string[],
      at: new Date(at_ms).toISOString(),
    })),
});
