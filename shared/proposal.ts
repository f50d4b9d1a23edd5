/**
 * The signed plan: what the intent-manager proposes to an executor for one round of one task. One DSSE envelope per plan.
 * Personal values are not in it: arguments hold salted commitments (`{"$commit": …}`), and the values travel beside as disclosures.
 * Times are milliseconds since the epoch.
 */
import * as z from "zod";
import { ContractVersion } from "./capability.ts";
import { FeatureName } from "./features.ts";
import { AutomationName, Digest, MemberId, RegionId, StepId, TaskId, TenantId } from "./ids.ts";
import { Classification } from "./classifier/classification.ts";
import { LIMITS } from "./limits.ts";
import { MemoryShownList } from "./memory.ts";
import { ModelCalls, ModelName, ModelTier } from "./model.ts";
import { Toggles } from "./toggles.ts";
import { UndoTemplate } from "./undo.ts";

/** A name that stands in the record in the clear: an identifier, no free text. */
export const RecordedName = z.string().regex(/^[A-Za-z0-9#][A-Za-z0-9._:/#-]{0,199}$/);

/** A fact that the proposal relied on: this version of this record. `orders/#W1` at version 3. */
export const Premise = z.strictObject({ resource: RecordedName, version: z.int().min(0) });
export type Premise = z.infer<typeof Premise>;

/** How strongly a premise held at the moment of effect. */
export const PremiseClass = z.enum(["same-transaction", "conditional-request", "checked-before"]);
export type PremiseClass = z.infer<typeof PremiseClass>;

/** What the intent-manager decided. Advice: the executor decides again and may only be stricter. */
export const Advice = z.strictObject({
  answer: z.enum(["deny", "review", "notify", "allow"]),
  final: z.boolean(),
  rules: z.array(z.string().max(100)).max(50),
});
export type Advice = z.infer<typeof Advice>;

export const ProposedStep = z.strictObject({
  id: StepId,
  /** `prp_…`: names this proposed action for ever. */
  proposal: z.string().max(60),
  capability: z.string().max(100),
  /** Digest of the capability's contract that the planner saw. */
  contract: Digest,
  /** Arguments with personal values replaced by commitments; `{"$ref": …}` stands for an earlier result. */
  args: z.record(z.string().max(100), z.json()),
  after: z.array(StepId).max(LIMITS.planSteps),
  /** CEL over earlier results, evaluated by the executor; the step is skipped when false. */
  when: z.string().max(LIMITS.celChars).nullable(),
  premises: z.array(Premise).max(16),
  /** What takes the action back, signed with it: null where nothing does. */
  undo: UndoTemplate.nullable(),
  /** The planner's own number, if it gave one. A claim, never a confidence. */
  claimedConfidence: z.number().min(0).max(1).nullable(),
  /** Commitment to the planner's words on why, shown to reviewers. */
  rationale: z.strictObject({ $commit: z.string() }).nullable(),
  /** Commitment to what is expected to be read after the action (shared/expectation.ts); null where nothing is predicted. */
  predicted: z.strictObject({ $commit: z.string() }).nullable(),
  advice: Advice,
  /** Of an element of a fan-out: so many of its elements may fail without failing what stands after, or the task. */
  fanOut: z
    .strictObject({
      of: StepId,
      index: z.int().min(0).max(LIMITS.planSteps),
      mayFail: z.int().min(1).max(LIMITS.planSteps),
    })
    .optional(),
});
export type ProposedStep = z.infer<typeof ProposedStep>;

/** `model` plans once; `loop` plans, looks at what came of it and plans again. */
export const PlannerKind = z.enum(["playbook", "agent", "model", "loop"]);
export type PlannerKind = z.infer<typeof PlannerKind>;

export const Plan = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  region: RegionId,
  task: TaskId,
  automation: AutomationName,
  plan: z.string().max(60),
  round: z.int().min(1).max(LIMITS.taskRounds),
  /** No plan follows this one: the task ends when its steps have. */
  last: z.boolean(),
  /** Who planned: a playbook, or an agent by the id of its API key and the member whom that key belongs to, who may then not approve. */
  agent: z.strictObject({ planner: PlannerKind, id: z.string().max(100), member: MemberId.nullable() }),
  release: Digest,
  /** Commitment to the intent's input, as it stands in the task. */
  input: z.string().max(60),
  notBeforeMs: z.int().min(0),
  expiresMs: z.int().min(0),
  steps: z.array(ProposedStep).max(LIMITS.planSteps),
  /** Of a task's first plan where its release declares features: which there are, from which fields, and a commitment to their values by name. */
  features: z
    .strictObject({
      of: z
        .array(
          z.strictObject({
            name: FeatureName,
            version: ContractVersion,
            from: z.array(z.string().max(200)).min(1).max(LIMITS.celNodes),
          }),
        )
        .max(LIMITS.features),
      values: z.strictObject({ $commit: z.string() }),
    })
    .optional(),
  /** Of a playbook's plan in a model's place: the code with which the last one that was asked gave nothing. */
  insteadOf: z.string().max(60).optional(),
  /** The plan that a model made before for the same input under the same release, and what that cost; absent where it was asked now. */
  recalled: z
    .strictObject({ tier: ModelTier, model: ModelName, atMs: z.int().min(0), microCents: z.int().min(0) })
    .optional(),
  /** The calls of models that led to this plan, those that were not used included; absent where none was called. */
  model: ModelCalls.optional(),
  /** The label that the playbook was followed with; absent where the release has no classifier. */
  classified: Classification.optional(),
  /** What the planner was shown of memory, without its texts; absent where nothing. The word of whoever planned: nobody else knows memory. */
  memory: MemoryShownList.optional(),
  /** The feature toggles that its release looks at, as they were set when it was planned; absent where it looks at none. */
  toggles: Toggles.optional(),
});
export type Plan = z.infer<typeof Plan>;
