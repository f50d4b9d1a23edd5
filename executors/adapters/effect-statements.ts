/**
 * The statements around an effect in a relational database, as values. They hold the promise of exactly-once delivery:
 *
 *   1  the claim: the effect row is inserted, where the action has none yet, nobody holds its domain key, none of its approvals was
 *      used, its attempt was not closed by a fence and every premise holds. All of that is one condition of one statement
 *   2  the ids of the approvals are burned
 *   3  the effect's own changes
 *   4  where the action undoes another one, the generation of that one's domain key rises
 *   5  the row becomes `applied` and keeps the result
 *
 * 2 to 5 are guarded by the claim of 1: where it was not made they change nothing, and neither they nor it fail the batch. So many
 * actions can stand in one batch, one after another, as if each were a transaction of its own. One batch is one transaction: either all
 * of it stands or nothing. What happened is then read with `questions`, never guessed from an error.
 */
import type { ActionContext } from "./types.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { Json } from "../../shared/json.ts";
import { allOf, sql, TENANT, withTenant, type Sql } from "./sql.ts";
import { guarded, type Write } from "./writes.ts";

/** A record that the action relies on, at the version that was read. */
export type D1Premise = {
  readonly resource: string;
  readonly version: number;
  readonly condition: Sql;
};

export type WritePlan = {
  readonly premises: readonly D1Premise[];
  readonly statements: readonly Write[];
  readonly result: Json;
};

/** How often what this key names was undone. */
const generationOf = (effectKey: string | null): Sql =>
  sql`coalesce((SELECT generation FROM countersign_generations WHERE tenant = ${TENANT} AND effect_key = ${effectKey}), 0)`;

const columns = sql`INSERT INTO countersign_effects (tenant, action, effect_key, generation, task, step, capability, nonce, status, at_ms)`;

/** The action has a row: it was applied or given up. */
const ended = ({ action }: ActionContext): Sql =>
  sql`SELECT 1 FROM countersign_effects WHERE tenant = ${TENANT} AND action = ${action}`;
const keyHeld = ({ effectKey, action }: ActionContext): Sql =>
  sql`SELECT task FROM countersign_effects
    WHERE tenant = ${TENANT} AND effect_key = ${effectKey} AND generation = ${generationOf(effectKey)} AND action <> ${action}`;
const burned = ({ attestations, action }: ActionContext): Sql =>
  sql`SELECT id FROM countersign_attestations
    WHERE tenant = ${TENANT} AND id IN (SELECT value FROM json_each(${JSON.stringify(attestations)})) AND action <> ${action}`;
const closed = ({ action, attempt }: ActionContext): Sql =>
  sql`SELECT 1 AS closed FROM countersign_fences WHERE tenant = ${TENANT} AND action = ${action} AND attempt >= ${attempt}`;

/** The whole effect, in order. Its last statement answers with a row exactly where the effect was applied by this batch. */
export function effectBatch(plan: WritePlan, context: ActionContext, nonce: string): Sql[] {
  const { action, attestations, effectKey, task, step, capability, nowMs, undoes } = context;
  const free = [
    ended(context),
    ...(effectKey === null ? [] : [keyHeld(context)]),
    ...(attestations.length === 0 ? [] : [burned(context)]),
    closed(context),
  ].map((taken) => sql`NOT EXISTS (${taken})`);
  const conditions = allOf([...free, ...plan.premises.map(({ condition }) => withTenant(condition))]);
  const generation = effectKey === null ? sql`0` : generationOf(effectKey);
  // Only while the claim is being carried out: a batch that is sent twice, or arrives twice, finds the row `applied`.
  const own = sql`tenant = ${TENANT} AND action = ${action} AND nonce = ${nonce} AND status = 'claimed'`;
  const guard = sql`EXISTS (SELECT 1 FROM countersign_effects WHERE ${own})`;
  const burn: Write = {
    head: sql`INSERT INTO countersign_attestations (tenant, id, action)
      SELECT ${TENANT}, value, ${action} FROM json_each(${JSON.stringify(attestations)})`,
    where: sql`1`,
  };
  return [
    sql`${columns} SELECT ${TENANT}, ${action}, ${effectKey}, ${generation}, ${task}, ${step}, ${capability}, ${nonce}, 'claimed', ${nowMs} WHERE ${conditions}`,
    ...(attestations.length === 0 ? [] : [guarded(burn, guard)]),
    ...plan.statements.map((change) => guarded(change, guard)),
    ...(undoes === undefined ? [] : [raiseGeneration(undoes.action, guard)]),
    sql`UPDATE countersign_effects SET status = 'applied', result = ${canonicalize(plan.result)} WHERE ${own} RETURNING status`,
  ];
}

/**
 * Lets what the undone action did be done again: its domain key gets the generation after the one that it was claimed under. Raised
 * twice for the same action it is the same, and an action without a domain key has nothing to raise.
 */
const raiseGeneration = (undone: string, guard: Sql): Sql =>
  sql`INSERT INTO countersign_generations (tenant, effect_key, generation)
    SELECT ${TENANT}, effect_key, generation + 1 FROM countersign_effects
    WHERE tenant = ${TENANT} AND action = ${undone} AND status = 'applied' AND effect_key IS NOT NULL AND ${guard}
    ON CONFLICT (tenant, effect_key) DO UPDATE SET generation = max(generation, excluded.generation)`;

/** Gives the action up: a batch of it that arrives later finds its row there. Changes nothing where the effect already stands. */
export const tombstone = ({ action, task, step, capability, nowMs }: ActionContext, nonce: string): Sql =>
  sql`${columns} VALUES (${TENANT}, ${action}, NULL, 0, ${task}, ${step}, ${capability}, ${nonce}, 'refused', ${nowMs})
    ON CONFLICT (tenant, action) DO NOTHING`;

/** Closes this attempt and all before it: a batch of them that arrives later changes nothing. Writes nothing where the action has ended. */
export const fence = (context: ActionContext): Sql =>
  sql`INSERT INTO countersign_fences (tenant, action, attempt)
    SELECT ${TENANT}, ${context.action}, ${context.attempt} WHERE NOT EXISTS (${ended(context)})
    ON CONFLICT (tenant, action) DO UPDATE SET attempt = max(attempt, excluded.attempt)`;

/** Reads, in one snapshot, everything that decides what became of an action. `readAnswers` reads the rows. */
export const questions = (premises: readonly D1Premise[], context: ActionContext): Sql[] => [
  sql`SELECT status, result, nonce FROM countersign_effects WHERE tenant = ${TENANT} AND action = ${context.action}`,
  keyHeld(context),
  burned(context),
  closed(context),
  ...premises.map(({ condition }) => sql`SELECT coalesce((${withTenant(condition)}), 0) AS holds`),
];
