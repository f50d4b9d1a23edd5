/**
 * Stops, restores and revoked keys. Stopping is always safe and needs no signature; a restore is signed by an admin or the root key,
 * so that whoever holds the intent-manager cannot switch anything back on.
 */
import { keyId } from "../shared/keys.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { StopAnswer, StopCommand as Stop } from "../shared/rpc.ts";
import { LIMITS } from "../shared/limits.ts";
import { parseCommand, RevokeCommand, SignedByMember, StopCommand } from "./commands.ts";
import { GUARDS } from "./guards/index.ts";
import type { Shard } from "./shard.ts";
import { isUndo } from "./task/permits.ts";

/**
 * Sets a stop; the answer lists what was claimed before it and ends as it ends. The stop is part of a round, and every later claim of this
 * object is decided after it: under `stop-all` no claim is committed after the answer, under `stop-new` none of a plan that came later.
 */
export async function stop(shard: Shard, input: unknown): Promise<Result<StopAnswer>> {
  const parsed = parseCommand(StopCommand, input);
  if (!parsed.ok) return parsed;
  const set = await shard.onExecutor((nowMs) => shard.trusted.stop(parsed.value, nowMs));
  return set.ok ? ok({ stop: set.value.stop, ...claimed(shard, parsed.value) }) : set;
}

/** Lifts the very stop that the signature names. */
export async function restore(shard: Shard, input: unknown): Promise<Result<{ stop: string }>> {
  const parsed = parseCommand(SignedByMember, input);
  if (!parsed.ok) return parsed;
  const checked = await shard.trusted.checkRestore(parsed.value, shard.nowMs());
  return checked.ok ? shard.onExecutor(() => shard.trusted.lift(checked.value, parsed.value)) : checked;
}

/**
 * From its record on, the key signs nothing here any more. The root key is not revoked this way: nothing could be signed again, and no
 * signature could undo it. It is replaced where it stands, in the deploy configuration. Nor is the key with which this executor signs: its
 * next statement would cover the revocation and count for nothing.
 */
export async function revokeKey(shard: Shard, input: unknown): Promise<Result<null>> {
  const parsed = parseCommand(RevokeCommand, input);
  if (!parsed.ok) return parsed;
  if (!GUARDS["root-not-revoked"](parsed.value.kid, keyId(shard.anchor.rootKey)))
    return err(problem("forbidden", "The root key is replaced in the deploy configuration."));
  if (!GUARDS["signing-key-not-revoked"](parsed.value.kid, (await shard.config.receiptSigner()).kid))
    return err(problem("forbidden", "This executor signs with that key: give it another one first."));
  return shard.onExecutor((nowMs) => ok(shard.trusted.revoke(parsed.value, nowMs)));
}

function claimed(shard: Shard, { kind, target }: Stop): Omit<StopAnswer, "stop"> {
  const open = shard.sql.exec<{ id: string }>("SELECT id FROM tasks LIMIT ?", LIMITS.stopListed + 1).toArray();
  const stopped = `${kind}:${target}`;
  const claims = open.slice(0, LIMITS.stopListed).flatMap(({ id }) => {
    const state = shard.readable(id);
    if (state === null) return [];
    const around = [
      `tenant:${shard.tenant}`,
      `automation:${state.automation}`,
      `release:${state.release}`,
      `key:${state.principal.key}`,
    ];
    return [...state.steps.values()]
      .filter((step) => step.phase.at === "applying" || step.phase.at === "in_doubt")
      .filter((step) => !isUndo(step))
      .filter((step) =>
        [...around, `agent:${step.agent}`, `key:${step.agent}`, `capability:${step.capability}`].includes(stopped),
      )
      .map((step) => ({
        task: id,
        step: step.id,
        capability: step.capability,
        action: step.action,
        since: new Date(step.claimedMs ?? state.updatedMs).toISOString(),
      }));
  });
  return { alreadyClaimed: claims, more: open.length > LIMITS.stopListed };
}
