/**
 * What models have cost a tenant, and what they may: reserved before each call, settled after it. Also which models fail and are left alone.
 *
 * B1  A call is let through only while calls, tokens and money of its run, its automation's day and the tenant's day stay inside the budget,
 *     each counted with all that is reserved. Check and reservation are one synchronous step of one object, so that no two calls share room.
 * B2  A reservation is as large as the call can become. Settling makes it what the call was, where the provider says so in numbers that can be
 *     true; otherwise it stays what was reserved. What nobody settles stays reserved, and so counts as spent.
 * B3  Settling twice, or what was never reserved, changes nothing.
 * B4  A call that several runs share is one call of the automation's and the tenant's day. Each run is asked for its own part of tokens and money,
 *     and for one call; the parts add up to the call, when it is reserved and when it is settled.
 *
 * reserve()  reserved | refused { budget-exceeded, model-unavailable (it failed too often) }
 */
import type { JsonObject } from "../../../shared/json.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { ModelBudget } from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

/** Tokens and money of a call, or of one run's part of it. */
export type Part = { readonly tokens: number; readonly microCents: number };
export type Reservation = {
  readonly id: string;
  readonly automation: string;
  readonly model: string;
  /** The tasks that the call is for, each once, and the part of each: one, unless they share it. */
  readonly runs: readonly ({ readonly task: string } & Part)[];
  /** Limits of the run and of the automation's day, from the release; of the tenant's day, from the deployment. */
  readonly run: ModelBudget;
  readonly day: ModelBudget;
  readonly tenantDay: ModelBudget;
};
export type Settlement = {
  readonly id: string;
  /** What the call was, for each run in the order of the reservation; null keeps what was reserved. */
  readonly used: readonly Part[] | null;
  /** Whether the model answered at all. */
  readonly answered: boolean;
};
export type Spent = ModelBudget & { readonly scope: string };

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spent (scope TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, micro_cents INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS spent_by_age ON spent (at_ms);
  CREATE TABLE IF NOT EXISTS holds (id TEXT PRIMARY KEY, held TEXT NOT NULL, model TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS breakers (model TEXT PRIMARY KEY, failures INTEGER NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;`;

type Sql = Pick<SqlStorage, "exec">;

export const dayOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 10);
export const scopesOf = (task: string, automation: string, nowMs: number) => ({
  run: `run:${task}`,
  day: `day:${dayOf(nowMs)}:automation:${automation}`,
  tenantDay: `day:${dayOf(nowMs)}:tenant`,
});

/** What is held in one scope: one run's part, or with `run` null the whole call. */
type Held = { readonly scope: string; readonly run: number | null } & Part;

export class BudgetBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  reserve(asked: Reservation, nowMs: number): Result<null> {
    const { runs } = asked;
    const whole = sumOf(runs);
    if (![...runs, whole].every(({ tokens, microCents }) => isCount(tokens) && isCount(microCents)))
      return err(problem("budget-exceeded", "What the call may cost cannot be counted."));
    if (this.#held(asked.id) !== null) return ok(null);
    const resting = this.#resting(asked.model, nowMs);
    if (resting !== null) return err(resting);
    const over = runs.flatMap((run) => {
      const figure = exceeded(this.spent(scopesOf(run.task, "", nowMs).run), run, asked.run);
      return figure === null ? [] : [{ task: run.task, figure }];
    });
    if (over.length > 0)
      return err(overspent("run", over[0]!.figure, asked.run, { tasks: over.map(({ task }) => task) }));
    const days = scopesOf("", asked.automation, nowMs);
    for (const kind of ["day", "tenantDay"] as const) {
      const figure = exceeded(this.spent(days[kind]), whole, asked[kind]);
      if (figure !== null) return err(overspent(kind, figure, asked[kind]));
    }
    const held: Held[] = [
      ...runs.map(({ task, ...part }, run) => ({ scope: scopesOf(task, "", nowMs).run, run, ...part })),
      ...[days.day, days.tenantDay].map((scope) => ({ scope, run: null, ...whole })),
    ];
    for (const { scope, tokens, microCents } of held) this.#add(scope, 1, tokens, microCents, nowMs);
    this.#sql.exec(
      "INSERT INTO holds (id, held, model, at_ms) VALUES (?, ?, ?, ?)",
      asked.id,
      JSON.stringify(held),
      asked.model,
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
    const whole = sumOf(used);
    for (const { scope, run, tokens, microCents } of hold.held) {
      const was = run === null ? whole : used[run]!;
      this.#add(scope, 0, was.tokens - tokens, was.microCents - microCents, nowMs);
    }
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

  #held(id: string): { readonly held: readonly Held[]; readonly model: string } | null {
    const row = this.#sql.exec("SELECT held, model FROM holds WHERE id = ?", id).toArray()[0];
    return row === undefined ? null : { held: JSON.parse(String(row["held"])), model: String(row["model"]) };
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

function exceeded(spent: ModelBudget, { tokens, microCents }: Part, limit: ModelBudget): Figure | null {
  const asked: ModelBudget = { calls: 1, tokens, microCents };
  return FIGURES.find((figure) => spent[figure] + asked[figure] > limit[figure]) ?? null;
}

const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 0;
const sumOf = (parts: readonly Part[]): Part => ({
  tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
  microCents: parts.reduce((sum, { microCents }) => sum + microCents, 0),
});

const WHOSE = { run: "this task", day: "this automation today", tenantDay: "this tenant today" } as const;
const overspent = (kind: keyof typeof WHOSE, figure: Figure, limit: ModelBudget, more: JsonObject = {}): Problem =>
  problem("budget-exceeded", `The budget of ${WHOSE[kind]} leaves no room for another call.`, {
    budget: kind,
    figure,
    limit: limit[figure],
    ...more,
  });
