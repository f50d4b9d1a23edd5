/**
 * The statements around an effect in a relational database, as values. They hold the promise of exactly-once delivery:
 *
 *   1  the effect row is inserted: the action's key and, where it has one, its domain key are claimed
 *   2  the ids of the approvals are burned
 *   3  the premises are checked: the row's `premise_holds` becomes 0 where one does not hold, or where the attempt was closed by a
 *      fence, and the CHECK `countersign_premise` ends the batch
 *   4  the effect's own statements
 *   5  the row becomes `applied` and keeps the result
 *
 * One batch is one transaction, so either all of it stands or nothing. What happened is then read with `questions`, never guessed from an error.
 */
import type { ActionContext } from "./types.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { Json } from "../../shared/json.ts";
import { allOf, sql, TENANT, type Sql } from "./sql.ts";

/** A record that the action relies on, at the version that was read. */
export type D1Premise = {
  readonly resource: string;
  readonly version: number;
  readonly condition: Sql;
};

export type WritePlan = {
  readonly premises: readonly D1Premise[];
  readonly statements: readonly Sql[];
  readonly result: Json;
};

/** An undo, which would raise it, does not exist yet. */
const GENERATION = 0;

const insertEffect = (context: ActionContext, nonce: string, status: "claimed" | "refused"): Sql => {
  const effectKey = status === "refused" ? null : context.effectKey;
  return sql`INSERT INTO countersign_effects (tenant, action, effect_key, generation, task, step, capability, nonce, status, at_ms)
    VALUES (${TENANT}, ${context.action}, ${effectKey}, ${GENERATION}, ${context.task}, ${context.step}, ${context.capability}, ${nonce}, ${status}, ${context.nowMs})`;
};

/** The whole batch of one effect, in order. */
export function effectBatch(plan: WritePlan, context: ActionContext, nonce: string): Sql[] {
  const { action, attestations } = context;
  const burn = sql`INSERT INTO countersign_attestations (tenant, id, action)
    SELECT ${TENANT}, value, ${action} FROM json_each(${JSON.stringify(attestations)})`;
  const holds = allOf([sql`NOT EXISTS (${closed(context)})`, ...plan.premises.map(({ condition }) => condition)]);
  const check = sql`UPDATE countersign_effects SET premise_holds = coalesce((${holds}), 0) WHERE tenant = ${TENANT} AND action = ${action}`;
  return [
    insertEffect(context, nonce, "claimed"),
    ...(attestations.length === 0 ? [] : [burn]),
    check,
    ...plan.statements,
    sql`UPDATE countersign_effects SET status = 'applied', result = ${canonicalize(plan.result)} WHERE tenant = ${TENANT} AND action = ${action}`,
  ];
}

/** Gives the action up: a batch of it that arrives later finds its key taken. Changes nothing where the effect already stands. */
export const tombstone = (context: ActionContext, nonce: string): Sql =>
  sql`${insertEffect(context, nonce, "refused")} ON CONFLICT (tenant, action) DO NOTHING`;

const closed = ({ action, attempt }: ActionContext): Sql =>
  sql`SELECT 1 AS closed FROM countersign_fences WHERE tenant = ${TENANT} AND action = ${action} AND attempt >= ${attempt}`;

/** Closes this attempt and all before it: a batch of them that arrives later changes nothing. Writes nothing where the action has ended. */
export const fence = ({ action, attempt }: ActionContext): Sql =>
  sql`INSERT INTO countersign_fences (tenant, action, attempt)
    SELECT ${TENANT}, ${action}, ${attempt} WHERE NOT EXISTS (SELECT 1 FROM countersign_effects WHERE tenant = ${TENANT} AND action = ${action})
    ON CONFLICT (tenant, action) DO UPDATE SET attempt = max(attempt, excluded.attempt)`;

/** Reads, in one snapshot, everything that decides what became of an action. `readAnswers` reads the rows. */
export const questions = (premises: readonly D1Premise[], context: ActionContext): Sql[] => [
  sql`SELECT status, result, nonce FROM countersign_effects WHERE tenant = ${TENANT} AND action = ${context.action}`,
  sql`SELECT task FROM countersign_effects
    WHERE tenant = ${TENANT} AND effect_key = ${context.effectKey} AND generation = ${GENERATION} AND action <> ${context.action}`,
  sql`SELECT id FROM countersign_attestations
    WHERE tenant = ${TENANT} AND id IN (SELECT value FROM json_each(${JSON.stringify(context.attestations)})) AND action <> ${context.action}`,
  closed(context),
  ...premises.map(({ condition }) => sql`SELECT coalesce((${condition}), 0) AS holds`),
];
