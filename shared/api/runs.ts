/**
 * The run log: for every task one record of what it was, who asked, how it was decided, what it did and what that took. Digests, never values: the
 * values stand in the region, and only the record of a single run shows them (`RunWithValues`).
 */
import * as z from "zod";
import { Classification } from "../classifier/classification.ts";
import { MemoryShown } from "../memory.ts";
import { Principal, StepStatus, TaskStatus } from "../events.ts";
import { PlannerKind } from "../proposal.ts";

const Time = z.iso.datetime();

/**
 * What models did, summed over their calls: those that were not used, and those for rounds that nobody could plan, are among them. All zero
 * where no model was asked. Figures of our own planners; what an outside agent spends is its own and nowhere in the record.
 */
export const RunModelUse = z.object({
  models: z.array(z.string()),
  /** A call that several tasks shared counts in one of them, so that sums over tasks are exact. */
  modelCalls: z.int(),
  /** Calls that this task shared with others, whichever of them counts it. */
  modelCallsShared: z.int(),
  /** Calls for which the provider gave no usable figures; what was reserved for them counts. */
  modelCallsReserved: z.int(),
  /** Time in which calls were under way, each by itself. */
  modelMs: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Millionths of a cent, as the records have it: exact. */
  costMicroCents: z.int(),
});
export type RunModelUse = z.infer<typeof RunModelUse>;

/** One plan of a run. `model`: the one whose words were used, or that was asked last; null where none was, as `used` is. */
/** An item of memory that a planner was shown. Neither its text nor its key is in the record. */
export const RunMemory = MemoryShown.omit({ atMs: true }).extend({ at: Time });

export const RunPlan = z.object({
  round: z.int(),
  plan: z.string(),
  planner: PlannerKind,
  agent: z.string(),
  last: z.boolean(),
  at: Time,
  /** The label that it follows, who gave it, how sure that is and who was asked before; null where the release has no classifier. */
  classified: Classification.nullable(),
  model: z.string().nullable(),
  used: RunModelUse.nullable(),
  /** The plan repeats what a model said before for the same input: when, and what that cost; absent where it was asked. */
  recalled: z.object({ at: Time, savedMicroCents: z.int() }).optional(),
  /** What its planner was shown of memory: ids, scores, ages. */
  memory: z.array(RunMemory),
});

export const RunReview = z.object({
  review: z.string(),
  requestedAt: Time,
  endedAt: Time.nullable(),
  /** How long people took, null while they have not ended it. */
  tookMs: z.int().nullable(),
  outcome: z.enum(["waiting", "approved", "rejected", "expired"]),
  signed: z.array(
    z.object({ member: z.string(), roles: z.array(z.string()), decision: z.enum(["approve", "reject"]), at: Time }),
  ),
});

export const RunStep = z.object({
  step: z.string(),
  round: z.int(),
  action: z.string(),
  capability: z.string(),
  status: StepStatus,
  /** Of an undo: the step that it takes back. */
  undoes: z.string().nullable(),
  /** Why a step was skipped. */
  why: z.string().nullable(),
  decision: z
    .object({
      answer: z.enum(["deny", "review", "notify", "allow"]),
      rules: z.array(z.string()),
      byDefault: z.boolean(),
      errors: z.array(z.string()),
    })
    .nullable(),
  /** Salted digests of the resolved arguments and of the result. */
  args: z.string().nullable(),
  result: z.string().nullable(),
  tags: z.array(z.string()),
  reviews: z.array(RunReview),
  /** The planner's own number: a claim. */
  claimed: z.number().nullable(),
  /** It was drawn for the audit sample (so many in 10,000 are), and how a member judged it, also after the end. */
  sampled: z.object({ rate: z.int() }).nullable(),
  judged: z.object({ correct: z.boolean(), member: z.string() }).nullable(),
  /** Claims; further attempts after one that was refused; times that nothing permitted it; questions about one in doubt. */
  attempts: z.int(),
  retries: z.int(),
  holds: z.int(),
  asked: z.int(),
  /** Codes of what went wrong, each once, in the order in which they came. */
  errors: z.array(z.string()),
  /** A person's word on an effect in doubt. */
  resolved: z.object({ member: z.string(), outcome: z.enum(["applied", "not-applied"]) }).nullable(),
  /** What was read back after the act, against what the step predicted; `fields` names what differs. */
  observed: z.object({ verdict: z.string(), fields: z.array(z.string()) }).nullable(),
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
  durationMs: z.int().nullable(),
});
export type RunStep = z.infer<typeof RunStep>;

/** Something that happened to a run after its end, in the order of the record. */
export const RunLater = z.object({
  at: Time,
  index: z.int(),
  type: z.string(),
  step: z.string().nullable(),
  by: z.string().nullable(),
  /** Of a reported outcome: what was said of the decision. */
  outcome: z.object({ correct: z.boolean(), label: z.string().nullable() }).optional(),
});

export const RunView = z.object({
  task: z.string(),
  automation: z.string(),
  release: z.string(),
  status: TaskStatus,
  /** Why it ended as it did: a step's name or a word. */
  why: z.string().nullable(),
  routing: z.object({ region: z.string(), shard: z.int(), executor: z.string() }),
  principal: Principal,
  /** What set it off, as the app said; where it said nothing, the API key whose request it was (kind `key`). */
  trigger: z.object({ kind: z.string(), id: z.string() }),
  purpose: z.string().nullable(),
  traceparent: z.string().nullable(),
  /** Salted digest of the input. */
  input: z.string(),
  /** SHA-256 over the canonical list of `[step, digest of its result]` of the applied steps; null where nothing was applied. */
  output: z.string().nullable(),
  /** The strictest answer over all steps, and every rule that decided. */
  decision: z.object({
    answer: z.enum(["deny", "review", "notify", "allow"]).nullable(),
    rules: z.array(z.string()),
  }),
  plans: z.array(RunPlan),
  model: z.string().nullable(),
  ...RunModelUse.shape,
  steps: z.array(RunStep),
  /** What each source says of whether it was right, also after the end. */
  reported: z.record(z.string(), z.boolean()),
  retries: z.int(),
  errors: z.array(z.string()),
  cancelledBy: z.string().nullable(),
  openedAt: Time,
  endedAt: Time.nullable(),
  durationMs: z.int().nullable(),
  deadlineAt: Time,
  /** Entries of the log: its first, its newest when the run ended (or its newest so far), and its newest of all. */
  record: z.object({ firstIndex: z.int(), endIndex: z.int(), lastIndex: z.int() }),
  /** What happened after the end. The rest of the record is as it stood then. */
  later: z.array(RunLater),
  /** Steps whose status is another one now, and which. */
  now: z.record(z.string(), StepStatus),
});
export type RunView = z.infer<typeof RunView>;

export const RunPage = z.object({ runs: z.array(RunView), next: z.string().nullable() });
export type RunPage = z.infer<typeof RunPage>;

/** `shown`: it stands in `value`. `erased`: the region has destroyed it. `absent`: nobody holds it, or its executor did not answer. */
export const KeptValue = z.object({ state: z.enum(["shown", "erased", "absent"]), value: z.json().nullable() });
export type KeptValue = z.infer<typeof KeptValue>;

/** One run with the values that its region still holds. */
export const RunWithValues = z.object({
  run: RunView,
  values: z.object({ input: KeptValue, steps: z.record(z.string(), z.object({ args: KeptValue, result: KeptValue })) }),
});
export type RunWithValues = z.infer<typeof RunWithValues>;
