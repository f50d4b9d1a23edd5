/** Why a task ended as it did. */
import * as z from "zod";
import { Principal, StepDecision, StepStatus, TaskStatus } from "../events.ts";
import { OutcomeView } from "../outcome.ts";
import { HeldPremise } from "../receipt.ts";
import { JsonValue, StepView, TaskView } from "../views.ts";
import { At } from "./common.ts";

/** One signature of a person over a step, as the record holds it. */
export const ExplainedAttestation = z.object({
  attestation: z.string(),
  decision: z.enum(["approve", "reject"]),
  member: z.string(),
  roles: z.array(z.string()),
  kid: z.string(),
  reason: z.string().nullable(),
  at: At,
});

export const ExplainedStep = z.object({
  id: z.string(),
  round: z.int(),
  capability: z.string(),
  status: StepStatus,
  after: z.array(z.string()),
  args: JsonValue,
  /** Argument → whose words it repeats. */
  provenance: z.record(z.string(), z.string()),
  /** What the executor decided, with the rules that decided. */
  decision: StepDecision.nullable(),
  /** The same in words. */
  because: z.string(),
  review: z.string().nullable(),
  attestations: z.array(ExplainedAttestation),
  result: JsonValue.nullable(),
  tags: z.array(z.string()),
  /** What was predicted of it and what was read back. */
  outcome: StepView.shape.outcome,
  premises: z.array(HeldPremise),
  appliedAt: At.nullable(),
  replayed: z.boolean(),
  problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
  /** Key that signed the receipt. */
  receiptKid: z.string().nullable(),
});

/** Why a task ended as it did, from its view and its ledger entries alone. */
export const Explanation = z.object({
  task: z.string(),
  automation: z.string(),
  release: z.string(),
  region: z.string(),
  status: TaskStatus,
  settled: z.boolean(),
  why: z.string().nullable(),
  asked: z.object({
    principal: Principal,
    trigger: z.object({ kind: z.string(), id: z.string() }).nullable(),
    purpose: z.string().nullable(),
    input: JsonValue,
    at: At,
  }),
  plans: z.array(
    z.object({
      round: z.int(),
      plan: z.string(),
      planner: z.string(),
      agent: z.string(),
      last: z.boolean(),
      /** Key ids that signed the plan. */
      kids: z.array(z.string()),
      at: At,
      /** No model was asked: the plan repeats what one said for the same input at this time. */
      recalledFrom: At.optional(),
      /** The playbook planned in a model's place: the code with which the last one that was asked gave nothing. */
      insteadOf: z.string().optional(),
    }),
  ),
  steps: z.array(ExplainedStep),
  /** Steps of the playbook that are in no plan, and why, as its release says now; absent where that cannot be told. */
  leftOut: z.array(z.object({ step: z.string(), why: z.string() })).optional(),
  /** What the release computed from the input, and from which fields; absent where it declares nothing. */
  features: TaskView.shape.features,
  /** The label that its playbook follows, how sure that is, and who was asked before; absent without a classifier. */
  classified: TaskView.shape.classified,
  /** How far its automation may go alone, why, and who answers for that. */
  autonomy: z.object({ tier: z.int(), reason: z.string().nullable(), owner: z.string() }).optional(),
  /** What was reported later of its decision; absent where nothing was. */
  reported: z.array(OutcomeView).optional(),
  record: z.object({
    executor: z.string(),
    /** Position of the newest record in the executor's chain, and whether the ledger has it. */
    seq: z.int(),
    recorded: z.boolean(),
    entries: z.array(z.object({ index: z.int(), id: z.string(), proof: z.string() })),
    /** Size of the newest signed checkpoint. */
    checkpointSize: z.int().nullable(),
    /** What of the record could not be read; empty normally. */
    missing: z.array(z.string()),
  }),
});
export type Explanation = z.infer<typeof Explanation>;
