/**
 * Stops: pausing an automation, revoking a capability. Setting one needs no signature, because stopping is always safe; lifting one takes a
 * signed restore that every executor checks. The executors hold the stops; the control database keeps what was asked, for people to see.
 */
import { and, desc, eq, inArray, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Restored, Stopped } from "../../shared/api.ts";
import { fromBase64 } from "../../shared/bytes.ts";
import { Restore } from "../../shared/events.ts";
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
import { askAll } from "./fan-out.ts";

export type StopTarget = { readonly kind: "automation" | "capability"; readonly target: string };

/**
 * Told to every executor. With an idempotency key a repetition is the same stop; `incomplete` names who has not confirmed it.
 * A second stop of what every executor has stopped already is the first one: the answer is its id.
 */
export async function stopEverywhere(
  env: Bindings,
  caller: Caller,
  { kind, target }: StopTarget,
  reason: string,
  idempotencyKey: string | null,
  nowMs: number,
): Promise<Result<Stopped>> {
  const tenant = caller.tenant.id;
  const token =
    idempotencyKey === null
      ? toBase32(randomBytes(16))
      : repeatableToken(tenantSecret(env.TASK_ID_SECRET, tenant), ["stop", kind, target, idempotencyKey]);
  const stop = `stp_${token}`;
  await drizzle(env.CONTROL_DB)
    .insert(stops)
    .values({ tenant, stop, kind, target, by: caller.key, reason, at: nowMs })
    .onConflictDoNothing();
  const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) =>
    stub.stop({ kind, target, stop, by: caller.key, reason }),
  );
  const alreadyClaimed = answers.flatMap(({ value }) => value.alreadyClaimed.map((claim) => ({ ...claim })));
  const missing = [...incomplete, ...refusals.map(({ executor }) => executor)];
  // An executor that is stopped already keeps its first stop. Where all do, this one stands nowhere, and a restore has to name theirs.
  const standing = answers[0]?.value.stop ?? stop;
  if (missing.length > 0 || answers.some(({ value }) => value.stop === stop))
    return ok({ stop, alreadyClaimed, incomplete: missing });
  await drizzle(env.CONTROL_DB)
    .delete(stops)
    .where(and(eq(stops.tenant, tenant), eq(stops.stop, stop)));
  return ok({ stop: standing, alreadyClaimed, incomplete: missing });
}

/** Passes a signed restore to every executor. One that never heard of the stop has nothing to lift. Refuses with what an executor refuses. */
export async function restoreEverywhere(
  env: Bindings,
  caller: Caller,
  wanted: StopTarget,
  signed: { readonly envelope: Envelope; readonly chain: readonly Envelope[] },
  nowMs: number,
): Promise<Result<Restored>> {
  const claimed = Restore.safeParse(payloadOf(signed.envelope));
  if (!claimed.success) return err(problem("restore-unsigned", "The body holds no signed restore."));
  const { kind, target, stop } = claimed.data;
  if (kind !== wanted.kind || target !== wanted.target)
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

export type StandingStop = { readonly stop: string; readonly by: string; readonly reason: string; readonly at: string };

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
  for (const { target, stop, by, reason, at } of rows)
    if (!byTarget.has(target)) byTarget.set(target, { stop, by, reason, at: new Date(at).toISOString() });
  return byTarget;
}
