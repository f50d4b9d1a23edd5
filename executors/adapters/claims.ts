/**
 * Domain effect keys for systems that cannot claim one in their own transaction: the key is claimed in an object of its own before the
 * request leaves, and stays claimed unless the effect is proved not to have happened.
 *
 * K1  While an action holds a key, no other action's request leaves under that key.
 * K2  A key is given back only for a proof: `refused`. An effect in doubt keeps it.
 * K3  What was undone can be done again: the undo raises the key's generation before its own answer counts as applied.
 *
 * Stands around a capability (`claimingKeys`); the capability itself knows nothing of it.
 */
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { pauseOn, type Platform } from "../../shared/platform.ts";
import { problem } from "../../shared/problems.ts";
import type { ActionContext, Capability, Outcome, Prepared } from "./types.ts";

export type ClaimAnswer =
  /** The action holds the key, now or since an earlier call. */
  | { readonly kind: "granted"; readonly generation: number }
  | { readonly kind: "taken"; readonly task: string; readonly generation: number }
  /** The action held the key once and was undone: nothing of it may be sent any more. */
  | { readonly kind: "undone" }
  /** This attempt gave the key back, because it was proved not to have happened: nothing of it may be sent any more. */
  | { readonly kind: "ended" };

/** The object of one (tenant, key). Each call may be repeated. */
export interface ClaimsRpc {
  claim(action: string, task: string, attempt: number): Promise<ClaimAnswer>;
  /** The action happened. */
  settle(action: string): Promise<void>;
  /** The action is proved not to have happened, in this attempt and those before. */
  release(action: string, attempt: number): Promise<void>;
  /** The action was undone: the key is free, in the next generation. Answers the generation now. */
  raise(action: string): Promise<number>;
}

export type ClaimsEnvironment = {
  readonly claimsOf: (tenant: string, effectKey: string) => ClaimsRpc;
  readonly setTimer: Platform["setTimer"];
};

/** The capability with its domain key claimed before it acts. For capabilities that do not claim it themselves. */
export function claimingKeys(capability: Capability, environment: ClaimsEnvironment): Capability {
  if (capability.kind !== "external") return capability;
  const { apply, reconcile } = capability;
  return {
    ...capability,
    apply: (args: JsonObject, prepared: Prepared | null, context: ActionContext) =>
      underKey(context, environment, () => apply(args, prepared, context)),
    reconcile:
      reconcile === null
        ? null
        : async (args: JsonObject, context: ActionContext) => {
            const found = await reconcile(args, context);
            return found === null ? null : settled(found, context, environment);
          },
    resolved: (outcome, context) => tell(outcome === "applied", context, environment),
  };
}

async function underKey(
  context: ActionContext,
  environment: ClaimsEnvironment,
  act: () => Promise<Outcome>,
): Promise<Outcome> {
  const { effectKey, tenant, action, task, attempt, resumed } = context;
  if (effectKey !== null) {
    const claims = environment.claimsOf(tenant, effectKey);
    const answer = await again(environment, () => claims.claim(action, task, attempt));
    if (answer === null) return unreachable(resumed);
    if (answer.kind === "taken") return conflict(answer.task, effectKey);
    if (answer.kind === "undone")
      return { kind: "refused", problem: problem("replayed", "This action was undone."), retry: false };
    if (answer.kind === "ended") return closed();
  }
  return settled(await act(), context, environment);
}

async function settled(outcome: Outcome, context: ActionContext, environment: ClaimsEnvironment): Promise<Outcome> {
  if (outcome.kind === "in-doubt") return outcome;
  const told = await tell(outcome.kind === "applied", context, environment);
  // A key that could not be given back stays claimed until the executor tells its end again; one that had to rise has not.
  return !told && outcome.kind === "applied" && context.undoes !== undefined ? inDoubt() : outcome;
}

/** Tells the objects of the keys what became of the action. False where they could not be told. */
async function tell(isApplied: boolean, context: ActionContext, environment: ClaimsEnvironment): Promise<boolean> {
  const { tenant, action, attempt, effectKey, undoes } = context;
  const own = effectKey === null ? null : environment.claimsOf(tenant, effectKey);
  const told = await again(environment, async () => {
    if (!isApplied) await own?.release(action, attempt);
    else {
      // The settled key of the undo stands before the other one is free: it can be undone once only.
      await own?.settle(action);
      if (undoes !== undefined && undoes.effectKey !== null)
        await environment.claimsOf(tenant, undoes.effectKey).raise(undoes.action);
    }
    return true;
  });
  return told !== null;
}

/** The answer, asked for again after a pause while there is none; null where none comes. */
async function again<T>(environment: ClaimsEnvironment, ask: () => Promise<T>): Promise<T | null> {
  for (let attempt = 0; attempt < LIMITS.effectAsks; attempt++) {
    if (attempt > 0) await pauseOn(environment)(LIMITS.effectAskPauseMs * 2 ** (attempt - 1));
    try {
      return await ask();
    } catch {
      // An object that was reset; each call may be repeated.
    }
  }
  return null;
}

/** Nothing has left in this call; whether an earlier one has is known only where there was none. */
const unreachable = (resumed: boolean): Outcome =>
  resumed
    ? inDoubt()
    : { kind: "refused", problem: problem("not-running", "The effect key could not be claimed."), retry: true };
/** The answer that gave the key back was lost with a crash; the next attempt may have the key. */
const closed = (): Outcome => ({
  kind: "refused",
  problem: problem("not-running", "This attempt ended without an effect."),
  retry: true,
});
const inDoubt = (): Outcome => ({
  kind: "in-doubt",
  problem: problem("effect-in-doubt", "The effect key could not be told."),
});
const conflict = (task: string, effectKey: string): Outcome => ({
  kind: "refused",
  problem: problem("effect-conflict", `The task ${task} already did this, or is doing it.`, { task, effectKey }),
  retry: false,
});
