/**
 * The words of data subjects on purposes, in one executor, and what is held about a subject.
 *
 * consent()  recorded | the same word again changes nothing. Withdrawn: every later claim for that purpose is decided after it, so none
 *            commits after the answer, and the answer lists what was claimed before. Undo steps are exempt.
 */
import { commit } from "../../shared/commitments.ts";
import { LIMITS } from "../../shared/limits.ts";
import { toBase64Url } from "../../shared/bytes.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ConsentAnswer, ConsentCommand as Command, SubjectHere } from "../../shared/rpc.ts";
import { parseCommand } from "../commands.ts";
import type { Shard } from "../shard.ts";
import { advance } from "../task/advance.ts";
import { isUndo } from "../task/permits.ts";
import type { ExecutorChange } from "../trusted.ts";
import { ConsentCommand, SubjectCommand } from "./commands.ts";
import { claimedOf } from "./erasing.ts";

export async function consent(shard: Shard, input: unknown): Promise<Result<ConsentAnswer>> {
  const parsed = parseCommand(ConsentCommand, input);
  if (!parsed.ok) return parsed;
  const command = parsed.value;
  const recorded = await shard.onExecutor((nowMs) => record(shard, command, nowMs));
  if (!recorded.ok) return recorded;
  if (command.given) return ok({ alreadyClaimed: [], more: false });
  const isMeant = ({ purpose }: { readonly purpose: string | null }) => purpose === command.purpose;
  const open = shard.sql
    .exec<{ task: string }>(
      "SELECT s.task FROM subject_tasks s JOIN tasks t ON t.id = s.task WHERE s.key = ? LIMIT ?",
      recorded.value,
      LIMITS.stopListed + 1,
    )
    .toArray();
  // What waits ends now and not only when it would act: nobody is asked about what cannot be done any more.
  await Promise.all(
    open.map(async ({ task }) => {
      const state = shard.readable(task);
      if (state !== null && isMeant(state)) await shard.onTask(state, (draft, deps) => ok(advance(draft, deps)));
    }),
  );
  const undos = (task: string, step: string): boolean => isUndo(shard.readable(task)!.steps.get(step)!);
  const claimed = claimedOf(shard, recorded.value, isMeant).filter(({ task, step }) => !undos(task, step));
  return ok({ alreadyClaimed: claimed, more: open.length > LIMITS.stopListed });
}

function record(shard: Shard, command: Command, nowMs: number): Result<ExecutorChange<string>> {
  const { subject, purpose, given, evidence, by } = command;
  const [key] = shard.vault.keysFor([subject], nowMs) as [string];
  const known = held(shard, key, purpose);
  if (known !== null && known.given === given && known.evidence === evidence)
    return ok({ value: key, events: [], write: () => {} });
  const count = shard.sql.exec<{ n: number }>("SELECT count(*) AS n FROM subject_consents WHERE key = ?", key).one().n;
  if (known === null && count >= LIMITS.subjectPurposes)
    return err(problem("task-limit", `A subject's words on at most ${LIMITS.subjectPurposes} purposes are kept.`));
  const salt = toBase64Url(shard.platform.randomBytes(16));
  const kept = evidence === null ? null : shard.vault.seal([key], placeOf(key, purpose), evidence);
  shard.vault.setConsent(key, purpose, given);
  const committed = evidence === null ? null : commit(salt, evidence);
  return ok({
    value: key,
    events: [{ type: "consent-recorded", key, purpose, given, evidence: committed, by }],
    write: (sql) =>
      void sql.exec(
        "INSERT OR REPLACE INTO subject_consents (key, purpose, given, evidence, by, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
        key,
        purpose,
        given ? 1 : 0,
        kept === null ? null : `${salt} ${kept}`,
        by,
        nowMs,
      ),
  });
}

const placeOf = (key: string, purpose: string): string => `${key} consent ${purpose}`;
type ConsentRow = { purpose: string; given: number; evidence: string | null; by: string; at_ms: number };

function held(shard: Shard, key: string, purpose: string): { given: boolean; evidence: string | null } | null {
  const row = shard.sql
    .exec<ConsentRow>("SELECT * FROM subject_consents WHERE key = ? AND purpose = ?", key, purpose)
    .toArray()[0];
  return row === undefined ? null : { given: row.given === 1, evidence: evidenceOf(shard, key, row) };
}

const evidenceOf = (shard: Shard, key: string, { purpose, evidence }: ConsentRow): string | null =>
  evidence === null ? null : shard.vault.open(evidence.slice(evidence.indexOf(" ") + 1), placeOf(key, purpose));

/** What this executor holds about a subject, and what became of its erasures. */
export function subject(shard: Shard, input: unknown): Result<SubjectHere> {
  const parsed = parseCommand(SubjectCommand, input);
  if (!parsed.ok) return parsed;
  const { sql, vault } = shard;
  const key = vault.keyOf(parsed.value.subject);
  const count = (from: string): number =>
    sql.exec<{ n: number }>(`SELECT count(*) AS n FROM subject_tasks s ${from} WHERE s.key = ?`, key ?? "").one().n;
  const consents = sql
    .exec<ConsentRow>("SELECT * FROM subject_consents WHERE key = ? ORDER BY purpose", key ?? "")
    .toArray();
  const erasures = sql
    .exec<{ erasure: string; at_ms: number; done: number; tasks: number; remaining: number }>(
      `SELECT erasure, at_ms, done, (SELECT count(*) FROM subject_tasks s WHERE s.key = e.key) AS tasks,
         (SELECT count(*) FROM subject_tasks s WHERE s.key = e.key AND swept = 0) AS remaining
       FROM subject_erasures e WHERE digest = ? ORDER BY at_ms`,
      parsed.value.digest,
    )
    .toArray();
  return ok({
    held: key !== null,
    tasks: count(""),
    open: count("JOIN tasks t ON t.id = s.task"),
    consents: consents.map((row) => ({
      purpose: row.purpose,
      given: row.given === 1,
      evidence: evidenceOf(shard, key!, row),
      by: row.by,
      at: new Date(row.at_ms).toISOString(),
    })),
    erasures: erasures.map(({ erasure, at_ms, tasks, remaining, done }) => ({
      erasure,
      at: new Date(at_ms).toISOString(),
      tasks,
      remaining,
      done: done === 1,
    })),
  });
}
