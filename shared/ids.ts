/**
 * Identifiers. A task id carries its route (region, shard), so any request about it reaches its executor without a lookup;
 * its token is an HMAC under a tenant secret, so it cannot be guessed. Everything below a task derives from the task's id.
 */
import * as z from "zod";

const TENANT = "[a-z][a-z0-9-]{1,31}";
const REGION = "[a-z]{2,8}";
const SHARD = "(?:0|[1-9][0-9]{0,2})";
const TOKEN = "[a-z2-7]{26}";
const SMALL = "(?:0|[1-9][0-9]{0,3})";

const TASK = new RegExp(`^tsk_(${REGION})_(${SHARD})_(${TOKEN})$`);
const REVIEW = new RegExp(`^rev_(${REGION})_(${SHARD})_(${TOKEN})_(${SMALL})_(${SMALL})_(${SMALL})$`);

export const TenantId = z.string().regex(new RegExp(`^${TENANT}$`));
export const RegionId = z.string().regex(new RegExp(`^${REGION}$`));
export const TaskId = z.string().regex(TASK);
/** `epo_` and 26 characters of base32: 16 random bytes. */
export const EpochId = z.string().regex(/^epo_[a-z2-7]{26}$/);
/** `rwd_` and 26 characters of base32: 16 random bytes. */
export const RewindId = z.string().regex(/^rwd_[a-z2-7]{26}$/);
export const ReviewId = z.string().regex(REVIEW);
/** A step's name inside its task, chosen by the playbook or the agent; unique in the task over all rounds. */
export const StepId = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/);
/** A step as the record names it: an undo of a step stands under a name of its own (shared/undo.ts). */
export const RecordedStepId = z.string().regex(/^[a-z][a-z0-9_-]{0,63}(?:~undo[2-9]?)?$/);
export const AutomationName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);
/** Name of a signal to a task, and type of an event: they stand in the record in the clear. */
export const SignalName = z.string().regex(/^[a-z][a-z0-9._-]{0,63}$/);
export const EventType = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,199}$/);
/** A person or service of a tenant, as enrolled. */
export const MemberId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);
/** `sha256:` and 64 hex digits. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
/** Name of an executor object: tenant, region, shard. */
export const ExecutorName = z.string().regex(new RegExp(`^${TENANT}/${REGION}/${SHARD}$`));

export type Route = { readonly region: string; readonly shard: number };
export type TaskRoute = Route & { readonly token: string };

/** The route inside a task id, or null where it is not a task id. */
export function parseTaskId(id: string): TaskRoute | null {
  const m = TASK.exec(id);
  return m === null ? null : { region: m[1]!, shard: Number(m[2]), token: m[3]! };
}

/** The route, task and position inside a review id, or null. */
export function parseReviewId(
  id: string,
): (TaskRoute & { task: string; round: number; step: number; attempt: number }) | null {
  const m = REVIEW.exec(id);
  if (m === null) return null;
  const [region, shard, token] = [m[1]!, Number(m[2]), m[3]!];
  return {
    region,
    shard,
    token,
    task: taskId(region, shard, token),
    round: Number(m[4]),
    step: Number(m[5]),
    attempt: Number(m[6]),
  };
}

export const taskId = (region: string, shard: number, token: string): string => `tsk_${region}_${shard}_${token}`;
const tokenOf = (task: string): string => task.slice(-26);

export const planId = (task: string, round: number): string => `pln_${tokenOf(task)}_${round}`;
export const proposalId = (task: string, round: number, step: number): string =>
  `prp_${tokenOf(task)}_${round}_${step}`;
/** Also the effect key: one action of one step, however often it is attempted. */
export const actionId = (task: string, round: number, step: number): string => `act_${tokenOf(task)}_${round}_${step}`;
export const reviewId = (task: string, round: number, step: number, attempt: number): string =>
  `rev_${task.slice(4)}_${round}_${step}_${attempt}`;

export const executorName = (tenant: string, region: string, shard: number): string => `${tenant}/${region}/${shard}`;

/** The parts of an executor's name, or null. */
export function parseExecutorName(name: string): { tenant: string; region: string; shard: number } | null {
  if (!ExecutorName.safeParse(name).success) return null;
  const [tenant, region, shard] = name.split("/");
  return { tenant: tenant!, region: region!, shard: Number(shard) };
}

/** The shard of a task: the first bytes of its token's bytes, modulo the tenant's fixed shard count. */
export const shardOf = (tokenBytes: Uint8Array, shards: number): number =>
  (((tokenBytes[0]! << 16) | (tokenBytes[1]! << 8) | tokenBytes[2]!) >>> 0) % shards;

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648 base32, lower case, no padding: 16 bytes give 26 characters. */
export function toBase32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(value >>> bits) & 31];
    }
  }
  return bits > 0 ? out + ALPHABET[(value << (5 - bits)) & 31] : out;
}
