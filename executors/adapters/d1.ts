/**
 * The D1 adapter: runs capabilities over relational data, each effect in one atomic batch with its own key, approvals and premises
 * (executors/adapters/effect-statements.ts).
 *
 * D1-1  An effect happens at most once for an action, and for a domain key, whoever retries it and however often.
 * D1-2  What became of an action is read from its effect row. An error is never evidence: a batch that reported failure may have been written.
 * D1-3  `refused` is final for the attempt: the action's key is taken, the attempt is fenced, or what refused it can never change back.
 *       A batch that arrives late cannot land.
 * D1-4  Only rows of the context's tenant are reached.
 *
 * apply()  applied { replayed } | refused premise-failed (prepare again) | refused { effect-conflict | replayed | effect-refused |
 *          region-unavailable } | in-doubt (the database gave no answer: ask again with the same action)
 * After a crash the plan is gone: `apply` with `prepared: null` says what the attempt did, or closes it and asks to prepare the next.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { pauseOn, type Platform } from "../../shared/platform.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { type D1Premise, effectBatch, fence, questions, tombstone, type WritePlan } from "./effect-statements.ts";
import { bindTenant, type Row, type Sql } from "./sql.ts";
import type { ActionContext, Capability, Change, Outcome, Prepared } from "./types.ts";

/** The part of a D1 binding that is used. */
export type Database = Pick<D1Database, "prepare" | "batch">;
export type Rows<Name extends string> = { readonly [name in Name]: readonly Row[] };

/** What a capability would do, computed from its arguments and the rows it read. */
export type PlannedWrite = WritePlan & {
  readonly preview: JsonObject;
  readonly summary: string;
  readonly changes: readonly Change[];
};

type Reads<Args, Name extends string> = (args: Args, context: ActionContext) => { readonly [name in Name]: Sql };
/** A capability as data and pure functions. `plan` refuses what the domain does not allow; nothing has changed then. */
export type D1Definition<Args, Name extends string> =
  | {
      readonly contract: CapabilityContract & { readonly effect: "read" };
      readonly read: Reads<Args, Name>;
      readonly answer: (args: Args, rows: Rows<Name>, context: ActionContext) => Result<Json>;
    }
  | {
      readonly contract: CapabilityContract & { readonly effect: "write" };
      readonly read: Reads<Args, Name>;
      readonly plan: (args: Args, rows: Rows<Name>, context: ActionContext) => Result<PlannedWrite>;
    };

export type D1Environment = {
  readonly databaseOf: (region: string) => Database | null;
  readonly newNonce: () => string;
  readonly setTimer: Platform["setTimer"];
};

/** A capability over a regional D1 database. `Args` is what the contract's input schema says; the machine has checked it. */
export function d1Capability<Args, Name extends string>(
  definition: D1Definition<Args, Name>,
  environment: D1Environment,
): Capability {
  const { contract } = definition;

  const prepare = async (given: JsonObject, context: ActionContext): Promise<Result<Prepared>> => {
    const args = given as Args;
    const database = environment.databaseOf(context.region);
    if (database === null) return err(noDatabase(context.region));
    const reads = Object.entries<Sql>(definition.read(args, context));
    const answers = await new Asker(database, context.tenant, environment).ask(reads.map(([, statement]) => statement));
    if (answers === null)
      return err(problem("unhealthy", "The business database gave no answer.", { region: context.region }));
    const rows = Object.fromEntries(reads.map(([name], i) => [name, answers[i]!])) as Rows<Name>;
    if ("answer" in definition) {
      const result = definition.answer(args, rows, context);
      return result.ok
        ? ok({
            preview: {},
            premises: [],
            summary: contract.summary,
            changes: [],
            outcome: { kind: "read", result: result.value },
          })
        : result;
    }
    const planned = definition.plan(args, rows, context);
    if (!planned.ok) return planned;
    const { preview, summary, changes, premises, statements, result } = planned.value;
    const plan: WritePlan = { premises, statements, result };
    const held = premises.map(({ resource, version }) => ({
      resource,
      version,
      class: "same-transaction" as const,
    }));
    return ok({ preview, premises: held, summary, changes, outcome: { kind: "write", plan } });
  };

  const apply = async (_args: JsonObject, prepared: Prepared | null, context: ActionContext): Promise<Outcome> => {
    if (prepared?.outcome.kind === "read") return { kind: "applied", result: prepared.outcome.result, replayed: false };
    const database = environment.databaseOf(context.region);
    if (database === null) return { kind: "refused", problem: noDatabase(context.region), retry: false };
    const asker = new Asker(database, context.tenant, environment);
    const nonce = environment.newNonce();
    if (prepared === null) return closeAttempt(asker, context, nonce);
    return applyWrite(asker, prepared.outcome.plan as WritePlan, context, nonce);
  };

  // `apply` reads what became of the action before it does anything again (D1-2).
  return { kind: "external", contract, prepare, apply, reconcile: null };
}

/** Sends the batch, and where no answer came, reads what happened before sending it again. The same action cannot land twice (D1-1). */
async function applyWrite(asker: Asker, plan: WritePlan, context: ActionContext, nonce: string): Promise<Outcome> {
  const batch = effectBatch(plan, context, nonce);
  for (let attempt = 0; attempt < LIMITS.effectAsks; attempt++) {
    // The commit point: when this answers, the effect, its key, its approvals and its result stand together.
    if ((await asker.askOnce(batch)) !== null) return { kind: "applied", result: plan.result, replayed: false };
    const found = await whatHappened(asker, plan.premises, context, nonce);
    if (found !== null) return found;
  }
  // Nothing explains the failure, so the target itself refuses. A batch still on its way must not land after we said so.
  const answers = await asker.ask([tombstone(context, nonce), ...questions([], context)]);
  return answers === null ? inDoubt() : (readAnswers(answers.slice(1), [], context, nonce) ?? inDoubt());
}

/** What an attempt did whose plan is lost. Where it did nothing it is closed first, because its batch may still be on its way. */
async function closeAttempt(asker: Asker, context: ActionContext, nonce: string): Promise<Outcome> {
  const answers = await asker.ask([fence(context), ...questions([], context)]);
  return answers === null ? inDoubt() : (readAnswers(answers.slice(1), [], context, nonce) ?? inDoubt());
}

/** What the effect row says; null where there is none and nothing forbids one; in-doubt where it cannot be read. */
async function whatHappened(
  asker: Asker,
  premises: readonly D1Premise[],
  context: ActionContext,
  nonce: string,
): Promise<Outcome | null> {
  const answers = await asker.ask(questions(premises, context));
  return answers === null ? inDoubt() : readAnswers(answers, premises, context, nonce);
}

function readAnswers(
  answers: readonly (readonly Row[])[],
  premises: readonly D1Premise[],
  context: ActionContext,
  nonce: string,
): Outcome | null {
  const [own, sameKey, burned, closed, ...holds] = answers;
  const effect = own![0];
  if (effect?.status === "applied")
    return {
      kind: "applied",
      result: JSON.parse(effect.result as string) as Json,
      replayed: effect.nonce !== nonce,
    };
  if (effect !== undefined)
    return refused(problem("effect-refused", "The business database refused the change; nothing was changed."));
  if (sameKey!.length > 0) {
    const task = sameKey![0]!.task as string;
    return refused(
      problem("effect-conflict", `The task ${task} already did this.`, {
        task,
        effectKey: context.effectKey ?? "",
      }),
    );
  }
  if (burned!.length > 0)
    return refused(
      problem("replayed", "An approval was already used for another action.", {
        attestation: burned![0]!.id as string,
      }),
    );
  if (closed!.length > 0) return prepareAgain("This attempt did nothing and was closed after an interruption.");
  const broken = premises.filter((_, i) => holds[i]![0]!.holds === 0).map(({ resource }) => resource);
  return broken.length === 0 ? null : prepareAgain("A record has changed since it was read.", broken);
}

const refused = (why: Problem): Outcome => ({ kind: "refused", problem: why, retry: false });
const prepareAgain = (detail: string, resources: readonly string[] = []): Outcome => ({
  kind: "refused",
  problem: problem("premise-failed", detail, { resources }),
  retry: true,
});
const inDoubt = (): Outcome => ({
  kind: "in-doubt",
  problem: problem("effect-in-doubt", "The business database gave no answer."),
});
const noDatabase = (region: string): Problem =>
  problem("region-unavailable", `There is no business database in ${region}.`, { region });

/** Asks one database, within the time and the number of times that one adapter call may. */
class Asker {
  readonly #database: Database;
  readonly #tenant: string;
  readonly #environment: D1Environment;
  #asks = 0;
  #silences = 0;

  constructor(database: Database, tenant: string, environment: D1Environment) {
    this.#database = database;
    this.#tenant = tenant;
    this.#environment = environment;
  }

  /** Rows of each statement, or null where no answer came within the time. */
  async askOnce(statements: readonly Sql[]): Promise<readonly (readonly Row[])[] | null> {
    if (this.#asks++ >= MOST_ASKS || this.#silences >= LIMITS.effectAsks) return null;
    const bound = statements.map((statement) => {
      const { text, params } = bindTenant(statement, this.#tenant);
      return this.#database.prepare(text).bind(...params);
    });
    let cancel = (): void => {};
    const tooLate = new Promise<null>(
      (resolve) => (cancel = this.#environment.setTimer(LIMITS.effectAskMs, () => resolve(null))),
    );
    try {
      const results = await Promise.race([this.#database.batch<Row>(bound), tooLate]);
      if (results !== null) return results.map(({ results: rows }) => rows);
      this.#silences++;
      return null;
    } catch {
      // Deliberately unread: an error does not say whether the batch was written (D1-2).
      return null;
    } finally {
      cancel();
    }
  }

  /** Asks again, after a pause, while no answer comes. For statements that may be repeated. */
  async ask(statements: readonly Sql[]): Promise<readonly (readonly Row[])[] | null> {
    for (let attempt = 0; attempt < LIMITS.effectAsks; attempt++) {
      if (attempt > 0) await pauseOn(this.#environment)(LIMITS.effectAskPauseMs * 2 ** (attempt - 1));
      const answers = await this.askOnce(statements);
      if (answers !== null) return answers;
    }
    return null;
  }
}

/** Every batch may be sent `effectAsks` times with a reading after each, and then a tombstone: more means that the database is away. */
const MOST_ASKS = LIMITS.effectAsks * 3;
