/**
 * Data subjects of a tenant: erasing one, recording its words, and what is held. The executors hold keys, words and what is sealed; the control
 * database keeps that an erasure was asked for, so that one that is not done is seen, and forgets the subject's name when it is.
 */
import { and, count, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { ConsentRecorded, SubjectErased, SubjectView } from "../../shared/api.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { LeftBefore } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import type { Caller } from "../http/caller.ts";
import type { Background } from "../http/fresh-cache.ts";
import { randomBytes } from "../intake/random.ts";
import { repeatableToken, tenantSecret } from "../intake/task-ids.ts";
import { TenantMemory } from "../memory/memory.ts";
import { erasures } from "../schema.ts";
import { toBase32 } from "../../shared/ids.ts";
import { askAll } from "./fan-out.ts";
import { tellAll } from "./telling.ts";

type Asked = {
  readonly env: Bindings;
  readonly background: Background;
  readonly caller: Caller;
  readonly nowMs: number;
};

const DAY_MS = 86_400_000;
/** Where values can have gone without a line in the record. */
const UNRECORDED = [
  "Business records in the regional databases are the tenant's own data: erase them there, or by an automation.",
  "Whoever read a task through the API, an evidence page or an export is not recorded by task; the keys that could are those of the tenant.",
  "Trace sinks, webhooks of checkpoints and exports of the ledger get records, which hold commitments and ids and no values.",
  "What planners and embeddings sent to a configured model provider has left; what an agent sent to its own model, the agent's operator knows.",
];

/** What stands for a subject where its name may not: an HMAC under a secret of the tenant's. */
export const subjectDigest = (env: Bindings, tenant: string, subject: string): string =>
  repeatableToken(tenantSecret(env.TASK_ID_SECRET, tenant), ["subject", subject]);

/** Erases a subject in every executor. With an idempotency key a repetition is the same erasure and goes on with what is left of it. */
export async function eraseEverywhere(
  asked: Asked,
  subject: string,
  idempotencyKey: string | null,
): Promise<Result<SubjectErased>> {
  const { env, caller, nowMs } = asked;
  const tenant = caller.tenant.id;
  const digest = subjectDigest(env, tenant, subject);
  const token =
    idempotencyKey === null
      ? toBase32(randomBytes(16))
      : repeatableToken(tenantSecret(env.TASK_ID_SECRET, tenant), ["erase", subject, idempotencyKey]);
  const erasure = `ers_${token}`;
  const db = drizzle(env.CONTROL_DB);
  await db
    .insert(erasures)
    .values({ tenant, erasure, subject, digest, by: caller.key, at: nowMs })
    .onConflictDoNothing();
  const memory = await quietly(new TenantMemory(env, tenant).erase(digest, nowMs));
  // Older requests for the same subject are done with this one.
  const noteDone = async () =>
    memory !== null &&
    db
      .update(erasures)
      .set({ doneAt: nowMs, subject: null })
      .where(and(eq(erasures.tenant, tenant), eq(erasures.digest, digest), isNull(erasures.doneAt)));
  const { answers, missing } = await tellAll(
    asked,
    (stub) => stub.eraseSubject({ subject, digest, erasure, by: caller.key }),
    ({ done }) => done,
    noteDone,
  );
  const done = memory !== null && missing.length === 0 && answers.every(({ value }) => value.done);
  if (done) await noteDone();
  const values = answers.map(({ value }) => value);
  return ok({
    erasure,
    done,
    tasks: sum(values.map(({ tasks }) => tasks)),
    remaining: sum(values.map(({ remaining }) => remaining)),
    memory,
    underWay: values.flatMap(({ underWay }) => underWay.map((claim) => ({ ...claim }))).slice(0, LIMITS.stopListed),
    left: { ...merged(values.map(({ left }) => left)), unrecorded: UNRECORDED },
    copiesExpireAt: new Date(nowMs + LIMITS.pointInTimeDays * DAY_MS).toISOString(),
    incomplete: [...missing],
  });
}

/** Null where it failed: whoever asked repeats the request. */
async function quietly<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (cause) {
    console.error("memory", { error: cause instanceof Error ? cause.message : "unknown" });
    return null;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

function merged(parts: readonly LeftBefore[]): Omit<SubjectErased["left"], "unrecorded"> {
  const byName = <T>(list: readonly T[], nameOf: (one: T) => string, add: (a: T, b: T) => T): T[] => {
    const found = new Map<string, T>();
    for (const one of list) {
      const known = found.get(nameOf(one));
      found.set(nameOf(one), known === undefined ? { ...one } : add(known, one));
    }
    return [...found.values()].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  };
  const both = <T extends { readonly tasks: number }>(a: T, b: T): T => ({ ...a, tasks: a.tasks + b.tasks });
  return {
    actions: byName(
      parts.flatMap(({ actions }) => actions),
      ({ capability }) => capability,
      (a, b) => ({ ...a, count: a.count + b.count }),
    ),
    agents: byName(
      parts.flatMap(({ agents }) => agents),
      ({ agent }) => agent,
      both,
    ),
    readers: byName(
      parts.flatMap(({ readers }) => readers),
      ({ member }) => member,
      both,
    ),
  };
}

/** Records a subject's word in every executor: whichever opens a task about them has it. */
export async function recordConsent(
  asked: Asked,
  subject: string,
  word: { readonly purpose: string; readonly given: boolean; readonly evidence: string | null },
): Promise<Result<ConsentRecorded>> {
  const { env, caller } = asked;
  const digest = subjectDigest(env, caller.tenant.id, subject);
  const { answers, missing } = await tellAll(asked, (stub) =>
    stub.recordConsent({ subject, digest, ...word, by: caller.key }),
  );
  return ok({
    purpose: word.purpose,
    given: word.given,
    done: missing.length === 0,
    alreadyClaimed: answers
      .flatMap(({ value }) => value.alreadyClaimed.map((claim) => ({ ...claim })))
      .slice(0, LIMITS.stopListed),
    more: answers.some(({ value }) => value.more),
    incomplete: [...missing],
  });
}

/** What all executors hold about a subject. Refuses with not-found where none ever did. */
export async function subjectEverywhere(env: Bindings, caller: Caller, subject: string): Promise<Result<SubjectView>> {
  const digest = subjectDigest(env, caller.tenant.id, subject);
  const { answers, refusals, incomplete } = await askAll(env, caller.tenant, (stub) =>
    stub.subject({ subject, digest }),
  );
  const values = answers.map(({ value }) => value);
  const memory = await new TenantMemory(env, caller.tenant.id).about(digest);
  if (memory === 0 && incomplete.length === 0 && values.every(({ held, erasures: past }) => !held && past.length === 0))
    return err(problem("not-found", "Nothing is held about this subject."));
  const consents = Map.groupBy(
    values.flatMap((value) => value.consents),
    ({ purpose }) => purpose,
  );
  const past = Map.groupBy(
    values.flatMap((value) => value.erasures),
    ({ erasure }) => erasure,
  );
  return ok({
    held: values.some(({ held }) => held),
    tasks: sum(values.map(({ tasks }) => tasks)),
    open: sum(values.map(({ open }) => open)),
    memory,
    executors: answers.flatMap(({ executor, value: { held, tasks, open } }) =>
      held ? [{ executor, tasks, open }] : [],
    ),
    consents: [...consents.values()].map((words) => {
      const newest = words.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0]!;
      const everywhere = words.length === answers.length && words.every(({ given }) => given === newest.given);
      return { ...newest, everywhere: everywhere && incomplete.length === 0 };
    }),
    erasures: [...past.values()].map((parts) => ({
      erasure: parts[0]!.erasure,
      at: parts[0]!.at,
      tasks: sum(parts.map(({ tasks }) => tasks)),
      remaining: sum(parts.map(({ remaining }) => remaining)),
      done: parts.every(({ done }) => done),
    })),
    incomplete: [...incomplete, ...refusals.map(({ executor }) => executor)],
  });
}

/** How many erasures of a tenant were asked for and are not done. */
export async function unfinishedErasures(env: Bindings, tenant: string): Promise<number> {
  const [row] = await drizzle(env.CONTROL_DB)
    .select({ n: count() })
    .from(erasures)
    .where(and(eq(erasures.tenant, tenant), isNull(erasures.doneAt)));
  return row?.n ?? 0;
}
