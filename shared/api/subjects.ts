/** Data subjects: what is held about one, erasing it, and its words on purposes. */
import * as z from "zod";
import { At, Incomplete } from "./common.ts";

const Claimed = z.object({
  task: z.string(),
  step: z.string(),
  capability: z.string(),
  action: z.string(),
  since: At,
});
const Counted = { tasks: z.int() };

/** What had left the executors before, by the record. It cannot be called back: whoever got it has to be asked. */
export const LeftBefore = z.object({
  /** Actions that were sent to targets, by capability; its `delivery` says how. Notifications and webhooks are among them. */
  actions: z.array(z.object({ capability: z.string(), delivery: z.string(), count: z.int() })),
  /** Agents, by the id of their API keys, that planned in a task and could read it. */
  agents: z.array(z.object({ agent: z.string(), ...Counted })),
  /** Members who approved something and were shown it. */
  readers: z.array(z.object({ member: z.string(), ...Counted })),
  /** Kinds of copies that the record does not list, in words. */
  unrecorded: z.array(z.string()),
});
export const SubjectErased = z.object({
  erasure: z.string(),
  /** Every executor has destroyed its keys, nothing of the subject's tasks is under way, and what stood elsewhere is gone. */
  done: z.boolean(),
  /** Tasks whose values were sealed under the subject's keys. */
  tasks: z.int(),
  /** Those of which something is still to be removed. Repeat the request until it is 0. */
  remaining: z.int(),
  /** Items of memory that are gone; null where memory did not answer: repeat the request. */
  memory: z.int().nullable(),
  /** Actions that had been claimed before: they end as they end, and their results are not kept. */
  underWay: z.array(Claimed),
  left: LeftBefore,
  /** When the platform's own point-in-time copies from before have expired. */
  copiesExpireAt: At,
  incomplete: Incomplete,
});
export type SubjectErased = z.infer<typeof SubjectErased>;

const Consent = z.object({
  purpose: z.string(),
  given: z.boolean(),
  /** Where the proof is kept, as it was given. */
  evidence: z.string().nullable(),
  by: z.string(),
  at: At,
});
export const SubjectView = z.object({
  /** Some executor holds a key of the subject: something is stored about it. */
  held: z.boolean(),
  tasks: z.int(),
  open: z.int(),
  /** Items of memory about the subject. */
  memory: z.int(),
  executors: z.array(z.object({ executor: z.string(), tasks: z.int(), open: z.int() })),
  consents: z.array(
    Consent.extend({
      /** Every executor has it; false while a repetition of the request is due. */
      everywhere: z.boolean(),
    }),
  ),
  erasures: z.array(z.object({ erasure: z.string(), at: At, tasks: z.int(), remaining: z.int(), done: z.boolean() })),
  incomplete: Incomplete,
});
export type SubjectView = z.infer<typeof SubjectView>;
export const ConsentRecorded = z.object({
  purpose: z.string(),
  given: z.boolean(),
  /** Every executor has recorded it. Where consent was withdrawn: nothing more is claimed. */
  done: z.boolean(),
  /** What had been claimed before a withdrawal: it may still happen. */
  alreadyClaimed: z.array(Claimed),
  more: z.boolean(),
  incomplete: Incomplete,
});
export type ConsentRecorded = z.infer<typeof ConsentRecorded>;
