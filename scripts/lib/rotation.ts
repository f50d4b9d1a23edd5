/**
 * How the signing key of a plane is replaced, as three changes of what the Workers hold. Pure; each is brought in before the next begins.
 *
 *   publish  a new key is believed everywhere and signs nothing yet
 *   sign     it signs; the one before is believed still (a checkpoint key signs beside it)
 *   finish   the one before is revoked in every executor's chain, and kept for verifiers of what is old
 *
 * R1  A key signs only where everyone believes it already.
 * R2  A key is taken back only when nothing that it signed can still arrive: `waitOf` after it signed last.
 */
import { LIMITS } from "../../shared/limits.ts";
import { keyId } from "../../shared/keys.ts";
import { publicPart, type Plane, type PrivateKey, type WorkerKeys } from "./keys.ts";

export const PLANES: readonly Plane[] = ["proposal", "receipt", "checkpoint"];
export type Phase = "at-rest" | "published" | "signing";

/** A reason why a step cannot be taken now, for people. */
export class RotationFailure extends Error {}

const nameOf = (plane: Plane) => `${plane}Key` as const;

export function phaseOf({ rotation }: WorkerKeys, plane: Plane): Phase {
  if (rotation?.next?.[plane] !== undefined) return "published";
  return rotation?.previous?.[plane] === undefined ? "at-rest" : "signing";
}

/** Throws a RotationFailure where a rotation of the plane is under way. */
export function publish(keys: WorkerKeys, plane: Plane, key: PrivateKey, nowMs: number): WorkerKeys {
  if (phaseOf(keys, plane) !== "at-rest") throw new RotationFailure(`the ${plane} key is being replaced already`);
  const { rotation } = keys;
  return {
    ...keys,
    rotation: {
      ...rotation,
      next: { ...rotation?.next, [plane]: key },
      since: { ...rotation?.since, [keyId(key)]: nowMs },
    },
  };
}

/** Throws a RotationFailure where no next key is published. */
export function sign(keys: WorkerKeys, plane: Plane, nowMs: number): WorkerKeys {
  const { [plane]: next, ...others } = keys.rotation?.next ?? {};
  if (next === undefined) throw new RotationFailure(`no next ${plane} key is published`);
  const { rotation } = keys;
  return {
    ...keys,
    [nameOf(plane)]: next,
    rotation: {
      ...rotation,
      next: others,
      previous: { ...rotation?.previous, [plane]: keys[nameOf(plane)] },
      signsSince: { ...rotation?.signsSince, [keyId(next)]: nowMs },
    },
  };
}

/** How long after its last signature something that a key signed may still arrive: a plan or a reversal lives that long; the others are used at once. */
export const waitOf = (plane: Plane): number => (plane === "proposal" ? LIMITS.planLifetimeMs : 0) + LIMITS.clockSkewMs;

/** From when on the key before may be taken back (R2). Throws a RotationFailure where there is none. */
export function finishFromMs(keys: WorkerKeys, plane: Plane): number {
  if (phaseOf(keys, plane) !== "signing") throw new RotationFailure(`no ${plane} key is waiting to be taken back`);
  return (keys.rotation?.signsSince?.[keyId(keys[nameOf(plane)])] ?? 0) + waitOf(plane);
}

/** Id of the key that is to be revoked. Throws a RotationFailure where there is none. */
export function previousKid(keys: WorkerKeys, plane: Plane): string {
  const previous = keys.rotation?.previous?.[plane];
  if (previous === undefined) throw new RotationFailure(`no ${plane} key is waiting to be taken back`);
  return keyId(previous);
}

/** To be done once every executor has revoked the key. Forgets its private part. */
export function finish(keys: WorkerKeys, plane: Plane): WorkerKeys {
  const { [plane]: previous, ...others } = keys.rotation?.previous ?? {};
  if (previous === undefined) throw new RotationFailure(`no ${plane} key is waiting to be taken back`);
  const { rotation } = keys;
  const before = rotation?.retired?.[plane] ?? [];
  return {
    ...keys,
    rotation: {
      ...rotation,
      previous: others,
      since: without(rotation?.since, keyId(previous)),
      signsSince: without(rotation?.signsSince, keyId(previous)),
      retired: { ...rotation?.retired, [plane]: [...before, publicPart(previous)].slice(-LIMITS.retiredKeys) },
    },
  };
}

const without = (times: { readonly [kid: string]: number } = {}, kid: string) =>
  Object.fromEntries(Object.entries(times).filter(([one]) => one !== kid));
