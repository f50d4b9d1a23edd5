/**
 * The D1 adapter: runs capabilities over relational data, each effect in one atomic batch with its own key, approvals and premises
 * (executors/adapters/effect-statements.ts). Effects of concurrent actions share batches (executors/adapters/d1-batcher.ts): each is guarded
 * by its own claim, so one that is refused changes nothing and no other.
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
import { problem, type Problem } from "../../shared/problems.ts";
import type { Premise } from "../../shared/proposal.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Asker, D1Databases } from "./d1-asker.ts";
import { type D1Premise, effectBatch, fence, questions, tombstone, type WritePlan } from "./effect-statements.ts";
import type { Row, Sql } from "./sql.ts";
import type { ActionContext, Capability, Change, Outcome, Prepared } from "./types.ts";

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
      /** The versions at which the action left what it changed, from its result: an undo is refused where they have moved since. */
      readonly leaves?: (args: Args, result: Json) => readonly Premise[];
      /** Reads what the contract's `observe` names, after the action. `answer` null: the record is gone. */
      readonly observe?: D1Observation<Args>;
    };

export type D1Observation<Args> = {
  readonly read: (args: Args, result: Json) => Sql;
  readonly answer: (rows: readonly Row[]) => JsonObject | null;
};

/** A capability over a regional D1 database. `Args` is what the contract's input schema says; the machine has checked it. */
export function d1Capability<Args, Name extends string>(
  definition: D1Definition<Args, Name>,
  databases: D1Databases,
): Capability {
  const { contract } = definition;

  const prepare = async (given: JsonObject, context: ActionContext): Promise<Result<Prepared>> => {
    const args = given as Args;
    const asker = databases.asker(context.region, context.tenant);
    if (asker === null) return err(noDatabase(context.region));
    const reads = Object.entries<Sql>(definition.read(args, context));
    const answers = await asker.ask(
      reads.map(([, statement]) => statement),
      "reads",
    );
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
    const { preview, summary, changes, ...plan } = planned.value;
    const held = plan.premises.map(({ resource, version }) => ({
      resource,
      version,
      class: "same-transaction" as const,
    }));
    return ok({ preview, premises: held, summary, changes, outcome: { kind: "write", plan } });
  };

  const observation = "observe" in definition ? definition.observe : undefined;
  const observe = async (given: JsonObject, result: Json, context: ActionContext): Promise<Result<JsonObject>> => {
    const asker = databases.asker(context.region, context.tenant);
    if (asker === null) return err(noDatabase(context.region));
    const answers = await asker.ask([observation!.read(given as Args, result)], "reads");
    const observed = answers === null ? null : observation!.answer(answers[0]!);
    return observed === null
      ? err(problem("target-unavailable", "What the action left could not be read."))
      : ok(observed);
  };

  const apply = async (args: JsonObject, prepared: Prepared | null, context: ActionContext): Promise<Outcome> => {
    if (prepared?.outcome.kind === "read") return { kind: "applied", result: prepared.outcome.result, replayed: false };
    const asker = databases.asker(context.region, context.tenant);
    if (asker === null) return { kind: "refused", problem: noDatabase(context.region), retry: false };
    const nonce = databases.newNonce();
    if (prepared === null) return closeAttempt(asker, context, nonce);
    const plan = prepared.outcome.plan as WritePlan;
    if (observation === undefined || context.observes !== true) return applyWrite(asker, plan, context, nonce);
    const look = { statement: observation.read(args as Args, plan.result), answer: observation.answer };
    return applyWrite(asker, plan, context, nonce, look);
  };

  // `apply` reads what became of the action before it does anything again (D1-2).
  const leaves = "leaves" in definition ? definition.leaves : undefined;
  return {
    kind: "external",
    contract,
    prepare,
    apply,
    reconcile: null,
    ...(leaves === undefined ? {} : { leaves: (args, result) => leaves(args as Args, result) }),
    ...(observation === undefined ? {} : { observe }),
  };
}

/**
 * Sends the effect in a batch that it shares with others, and where it did not land or no answer came, reads what happened before sending
 * it again, alone. The same action cannot land twice (D1-1).
 */
async function applyWrite(
  asker: Asker,
  plan: WritePlan,
  context: ActionContext,
  nonce: string,
  look: Look | null = null,
): Promise<Outcome> {
  const batch = effectBatch(plan, context, nonce);
  for (let attempt = 0; attempt < LIMITS.effectAsks; attempt++) {
    // What the effect left is read in its own transaction, for nothing; but a reading that fails must not fail the effect, so only once.
    const statements = look === null || attempt > 0 ? batch : [...batch, look.statement];
    // The commit point: when this answers, the effect, its key, its approvals and its result stand together.
    const answers = await asker.askOnce(statements, attempt === 0 ? "shared" : "alone");
    if (answers !== null && answers[batch.length - 1]!.length > 0)
      return { kind: "applied", result: plan.result, replayed: false, observed: lookedAt(look, answers[batch.length]) };
    const found = await whatHappened(asker, plan.premises, context, nonce);
    // A domain key becomes free again when its holder is undone: a batch still on its way could land then.
    if (answers === null && found?.kind === "refused" && found.problem.code === "effect-conflict")
      return giveUp(asker, context, nonce, found);
    if (found !== null) return found;
  }
  // Nothing explains the failure, so the target itself refuses.
  return giveUp(asker, context, nonce, refusedByTarget());
}

/** Reads what the effect left, in the batch of the effect. */
type Look = { readonly statement: Sql; readonly answer: (rows: readonly Row[]) => JsonObject | null };

/** What was read with the effect; undefined where nothing was, or nothing that is understood: then it is read again by itself. */
function lookedAt(look: Look | null, rows: readonly Row[] | undefined): JsonObject | undefined {
  try {
    return look === null || rows === undefined ? undefined : (look.answer(rows) ?? undefined);
  } catch {
    return undefined;
  }
}

/** Makes sure that no batch of the action that is still on its way can land, and then refuses; unless it has landed already. */
async function giveUp(asker: Asker, context: ActionContext, nonce: string, why: Outcome): Promise<Outcome> {
  const answers = await asker.ask([tombstone(context, nonce), ...questions([], context)], "writes");
  if (answers === null) return inDoubt();
  const found = readAnswers(answers.slice(1), [], context, nonce);
  return found?.kind === "applied" ? found : why;
}

/** What an attempt did whose plan is lost. Where it did nothing it is closed first, because its batch may still be on its way. */
async function closeAttempt(asker: Asker, context: ActionContext, nonce: string): Promise<Outcome> {
  const answers = await asker.ask([fence(context), ...questions([], context)], "writes");
  return answers === null ? inDoubt() : (readAnswers(answers.slice(1), [], context, nonce) ?? inDoubt());
}

/** What the effect row says; null where there is none and nothing forbids one; in-doubt where it cannot be read. */
async function whatHappened(
  asker: Asker,
  premises: readonly D1Premise[],
  context: ActionContext,
  nonce: string,
): Promise<Outcome | null> {
  const answers = await asker.ask(questions(premises, context), "reads");
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
  if (effect !== undefined) return refusedByTarget();
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

const refusedByTarget = (): Outcome =>
  refused(problem("effect-refused", "The business database refused the change; nothing was changed."));
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
