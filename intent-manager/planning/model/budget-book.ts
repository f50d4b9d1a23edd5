/**
 * What models have cost a tenant, and what they may: reserved before each call, settled after it. Also which models fail and are left alone.
 *
 * B1  A call is let through only while calls, tokens and money of its run, its automation's day and the tenant's day stay inside the budget,
 *     each counted with all that is reserved. Check and reservation are one synchronous step of one object, so that no two calls share room.
 * B2  A reservation is as large as the call can become. Settling makes it what the call was, where the provider says so in numbers that can be
 *     true; otherwise it stays what was reserved. What nobody settles stays reserved, and so counts as spent.
 * B3  Settling twice, or what was never reserved, changes nothing.
 *
 * reserve()  reserved | refused { budget-exceeded, model-unavailable (it failed too often) }
 */
import { LIMITS } from "../../../shared/limits.ts";
import type { ModelBudget } from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

export type Reservation = {
  readonly id: string;
  readonly task: string;
  readonly automation: string;
  readonly model: string;
  readonly tokens: number;
  readonly microCents: number;
  /** Limits of the run and of the automation's day, from the release; of the tenant's day, from the deployment. */
  readonly run: ModelBudget;
  readonly day: ModelBudget;
  readonly tenantDay: ModelBudget;
};
export type Settlement = {
  readonly id: string;
  /** What the call was; null keeps what was reserved. */
  readonly used: { readonly tokens: number; readonly microCents: number } | null;
  /** Whether the model answered at all. */
  readonly answered: boolean;
};
export type Spent = ModelBudget & { readonly scope: string };

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spent (scope TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, micro_cents INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS spent_by_age ON spent (at_ms);
  CREATE TABLE IF NOT EXISTS holds (id TEXT PRIMARY KEY, scopes TEXT NOT NULL, model TEXT NOT NULL, tokens INTEGER NOT NULL, micro_cents INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS breakers (model TEXT PRIMARY KEY, failures INTEGER NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;`;

type Sql = Pick<SqlStorage, "exec">;

export const dayOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10);
export const scopesOf = (task: string, automation: string, nowMs: number) => ({
  run: `run:${task}`,
  day: `day:${dayOf(nowMs)}:automation:${automation}`,
  tenantDay: `day:${dayOf(nowMs)}:tenant`,
});

export class BudgetBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  reserve(asked: Reservation, nowMs: number): Result<null> {
    if (![asked.tokens, asked.microCents].every((count) => Number.isSafeInteger(count) && count >= 0))
      return err(problem("budget-exceeded", "What the call may cost cannot be counted."));
    if (this.#held(asked.id) !== null) return ok(null);
    const resting = this.#resting(asked.model, nowMs);
    if (resting !== null) return err(resting);
    const scopes = scopesOf(asked.task, asked.automation, nowMs);
    for (const [kind, scope] of Object.entries(scopes) as [keyof typeof scopes, string][]) {
      const over = exceeded(this.spent(scope), asked, asked[kind]);
      if (over !== null) return err(overspent(kind, over, asked[kind]));
    }
    for (const scope of Object.values(scopes)) this.#add(scope, 1, asked.tokens, asked.microCents, nowMs);
    this.#sql.exec(
      "INSERT INTO holds (id, scopes, model, tokens, micro_cents, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
      asked.id,
      JSON.stringify(Object.values(scopes)),
      asked.model,
      asked.tokens,
      asked.microCents,
      nowMs,
    );
    this.#forget(nowMs);
    return ok(null);
  }

  settle({ id, used, answered }: Settlement, nowMs: number): void {
    const hold = this.#held(id);
    if (hold === null) return; // B3
    this.#sql.exec("DELETE FROM holds WHERE id = ?", id);
    this.#count(hold.model, answered, nowMs);
    if (used === null) return; // B2
    for (const scope of JSON.parse(hold.scopes) as string[])
      this.#add(scope, 0, used.tokens - hold.tokens, used.microCents - hold.micro_cents, nowMs);
  }

  /** What is spent and reserved in a scope. */
  spent(scope: string): Spent {
    const row = this.#sql.exec("SELECT calls, tokens, micro_cents FROM spent WHERE scope = ?", scope).toArray()[0];
    return {
      scope,
      calls: Number(row?.["calls"] ?? 0),
      tokens: Number(row?.["tokens"] ?? 0),
      microCents: Number(row?.["micro_cents"] ?? 0),
    };
  }

  #held(id: string) {
    const row = this.#sql.exec("SELECT scopes, model, tokens, micro_cents FROM holds WHERE id = ?", id).toArray()[0];
    return (row ?? null) as { scopes: string; model: string; tokens: number; micro_cents: number } | null;
  }

  #add(scope: string, calls: number, tokens: number, microCents: number, nowMs: number): void {
    this.#sql.exec(
      "INSERT INTO spent (scope, calls, tokens, micro_cents, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope) DO UPDATE SET calls = calls + excluded.calls, tokens = tokens + excluded.tokens, micro_cents = micro_cents + excluded.micro_cents, at_ms = excluded.at_ms",
      scope,
      calls,
      tokens,
      microCents,
      nowMs,
    );
  }

  #resting(model: string, nowMs: number): Problem | null {
    const row = this.#sql.exec("SELECT failures, until_ms FROM breakers WHERE model = ?", model).toArray()[0];
    if (row === undefined || Number(row["failures"]) < LIMITS.modelFailures || Number(row["until_ms"]) <= nowMs)
      return null;
    return problem("model-unavailable", "The model failed too often and is left alone for a while.", { model });
  }

  #count(model: string, answered: boolean, nowMs: number): void {
    if (answered) this.#sql.exec("DELETE FROM breakers WHERE model = ?", model);
    else
      this.#sql.exec(
        "INSERT INTO breakers (model, failures, until_ms) VALUES (?, 1, ?) ON CONFLICT (model) DO UPDATE SET failures = failures + 1, until_ms = excluded.until_ms",
        model,
        nowMs + LIMITS.modelRestMs,
      );
  }

  /** Reservations whose call must have ended stay spent (B2); days long gone are not asked about any more. */
  #forget(nowMs: number): void {
    this.#sql.exec("DELETE FROM holds WHERE at_ms < ?", nowMs - LIMITS.budgetHoldMs);
    this.#sql.exec("DELETE FROM spent WHERE at_ms < ?", nowMs - LIMITS.budgetDays * 86_400_000);
  }
}

const FIGURES = ["calls", "tokens", "microCents"] as const;
type Figure = (typeof FIGURES)[number];

function exceeded(spent: ModelBudget, { tokens, microCents }: Reservation, limit: ModelBudget): Figure | null {
  const asked: ModelBudget = { calls: 1, tokens, microCents };
  return FIGURES.find((figure) => spent[figure] + asked[figure] > limit[figure]) ?? null;
}

const WHOSE = { run: "this task", day: "this automation today", tenantDay: "this tenant today" } as const;
const overspent = (kind: keyof typeof WHOSE, figure: Figure, limit: ModelBudget): Problem =>
  problem("budget-exceeded", `The budget of ${WHOSE[kind]} leaves no room for another call.`, {
    budget: kind,
    figure,
    limit: limit[figure],
  });
