/**
 * Stops: pausing an automation, revoking a capability. Setting one needs no signature, because stopping is always safe; lifting one takes a
 * signed restore that every executor checks. The executors hold the stops; the control database keeps what was asked, for people to see.
 */
import { and, desc, eq, inArray, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Restored, Stopped } from "../../shared/api.ts";
import { fromBase64 } from "../../shared/bytes.ts";
import { Restore, type StopKind, type StopMode } from "../../shared/events.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Envelope } from "../../shared/signing.ts";
import type { Bindings } from "../bindings.ts";
import type { Caller } from "../http/caller.ts";
import { randomBytes } from "../intake/random.ts";
import { repeatableToken, tenantSecret } from "../intake/task-ids.ts";
import { stops } from "../schema.ts";
import { toBase32 } from "../../shared/ids.ts";
import { askAll, executorsOf } from "./fan-out.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Background } from "../http/fresh-cache.ts";

export type StopTarget = { readonly kind: StopKind; readonly target: string };
export type StopOrder = StopTarget & { readonly mode: StopMode; readonly reason: string };

/**
 * Told to every executor of every region. With an idempotency key a repetition is the same stop. Who has not confirmed is told again, once
 * before the answer and for some time after it; until all have, the answer says that the stop is not done and names who is missing.
 * A second stop of what every executor has stopped already is the first one: the answer is its id.
 */
export async function stopEverywhere(
  { env, background, caller, nowMs }: { env: Bindings; background: Background; caller: Caller; nowMs: number },
  { kind, mode, target, reason }: StopOrder,
  idempotencyKey: string | null,
): Promise<Result<Stopped>> {
  const tenant = caller.tenant.id;
  const token =
    idempotencyKey === null
      ? toBase32(randomBytes(16))
      : repeatableToken(tenantSecret(env.TASK_ID_SECRET, tenant), ["stop", kind, mode, target, idempotencyKey]);
  const stop = `stp_${token}`;
  await drizzle(env.CONTROL_DB)
    .insert(stops)
    .values({ tenant, stop, kind, mode, target, by: caller.key, reason, at: nowMs })
    .onConflictDoNothing();
  const tell = async (names: readonly string[]) => {
    const command = { kind, mode, target, stop, by: caller.key, reason };
    const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.stop(command), names);
    return { answers, missing: [...incomplete, ...refusals.map(({ executor }) => executor)] };
  };
  const first = await tell(executorsOf(caller.tenant));
  const second = first.missing.length === 0 ? first : await tell(first.missing);
  const answers = first.missing.length === 0 ? first.answers : [...first.answers, ...second.answers];
  const { missing } = second;
  if (missing.length > 0) background(keepTelling(missing, async (names) => (await tell(names)).missing));
  const alreadyClaimed = answers
    .flatMap(({ value }) => value.alreadyClaimed.map((claim) => ({ ...claim })))
    .slice(0, LIMITS.stopListed);
  const more = answers.some(({ value }) => value.more);
  // An executor that is stopped already keeps its first stop. Where all do, this one stands nowhere, and a restore has to name theirs.
  const standing = answers[0]?.value.stop ?? stop;
  const done = missing.length === 0;
  if (!done || answers.some(({ value }) => value.stop === stop))
    return ok({ stop, alreadyClaimed, more, done, incomplete: missing });
  await drizzle(env.CONTROL_DB)
    .delete(stops)
    .where(and(eq(stops.tenant, tenant), eq(stops.stop, stop)));
  return ok({ stop: standing, alreadyClaimed, more, done, incomplete: missing });
}

/** Pauses before executors that have not confirmed a stop are told again, after the answer. Whoever asked can repeat the request any time. */
const TELL_AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000];

async function keepTelling(
  missing: readonly string[],
  tell: (names: readonly string[]) => Promise<readonly string[]>,
): Promise<void> {
  let left = missing;
  for (const ms of TELL_AGAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    left = await tell(left);
    if (left.length === 0) return;
  }
}

/** Passes a signed restore to every executor. One that never heard of the stop has nothing to lift. Refuses with what an executor refuses. */
export async function restoreEverywhere(
  env: Bindings,
  caller: Caller,
  wanted: StopTarget | null,
  signed: { readonly envelope: Envelope; readonly chain: readonly Envelope[] },
  nowMs: number,
): Promise<Result<Restored>> {
  const claimed = Restore.safeParse(payloadOf(signed.envelope));
  if (!claimed.success) return err(problem("restore-unsigned", "The body holds no signed restore."));
  const { kind, target, stop } = claimed.data;
  if (wanted !== null && (kind !== wanted.kind || target !== wanted.target))
    return err(problem("restore-unsigned", `The restore is for the ${kind} ${target}.`));
  const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) => stub.restore(signed));
  const refused = refusals.find(({ problem: { code } }) => code !== "not-found");
  if (refused !== undefined) return err(refused.problem);
  if (answers.length === 0 && incomplete.length === 0) return err(problem("not-found", "No executor holds this stop."));
  if (incomplete.length === 0)
    await drizzle(env.CONTROL_DB)
      .update(stops)
      .set({ liftedAt: nowMs })
      .where(
        and(eq(stops.tenant, caller.tenant.id), eq(stops.stop, stop), eq(stops.kind, kind), eq(stops.target, target)),
      );
  return ok({ stop, incomplete: [...incomplete] });
}

/** Read to compare the target with the path; the executors verify the signature before anything of it counts. */
function payloadOf(envelope: Envelope): unknown {
  const bytes = fromBase64(envelope.payload);
  const parsed = bytes === null ? null : parseStrictJson(bytes);
  return parsed?.ok === true ? parsed.value : null;
}

export type StandingStop = {
  readonly stop: string;
  readonly mode: StopMode;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
};

/** Every standing stop of a tenant, the newest first. */
export async function allStops(env: Bindings, tenant: string): Promise<(StandingStop & StopTarget)[]> {
  const rows = await drizzle(env.CONTROL_DB)
    .select()
    .from(stops)
    .where(and(eq(stops.tenant, tenant), isNull(stops.liftedAt)))
    .orderBy(desc(stops.at))
    .limit(1_000);
  return rows.map(({ kind, target, stop, mode, by, reason, at }) => ({
    kind,
    target,
    stop,
    mode,
    by,
    reason,
    at: new Date(at).toISOString(),
  }));
}

/** The newest standing stop of each target. */
export async function standingStops(
  env: Bindings,
  tenant: string,
  kind: StopTarget["kind"],
  targets?: readonly string[],
): Promise<ReadonlyMap<string, StandingStop>> {
  const rows = await drizzle(env.CONTROL_DB)
    .select()
    .from(stops)
    .where(
      and(
        eq(stops.tenant, tenant),
        eq(stops.kind, kind),
        isNull(stops.liftedAt),
        ...(targets === undefined ? [] : [inArray(stops.target, [...targets])]),
      ),
    )
    .orderBy(desc(stops.at))
    .limit(1_000);
  const byTarget = new Map<string, StandingStop>();
  for (const { target, stop, mode, by, reason, at } of rows)
    if (!byTarget.has(target)) byTarget.set(target, { stop, mode, by, reason, at: new Date(at).toISOString() });
  return byTarget;
}
