/**
 * Releases. A release is an immutable bundle of everything that decides: input contract, policy, playbook, capability contracts, limits.
 * It is addressed by the digest of its canonical JSON and is in force only while a promotion, signed by a person whose key chains to
 * the tenant's root key, names that digest.
 */
import * as z from "zod";
import { AlertThresholds } from "./alerts/rules.ts";
import { CapabilityContract, ContractVersion } from "./capability.ts";
import { ClaimCurves } from "./classifier/classification.ts";
import { Classifier } from "./classifier/schema.ts";
import { AutomationName, Digest, RegionId, TenantId } from "./ids.ts";
import { Features } from "./features.ts";
import { Gates } from "./gates/schema.ts";
import { IntakeLimits } from "./intake-limits.ts";
import { LIMITS } from "./limits.ts";
import { MemoryReads } from "./memory.ts";
import { ModelSpec } from "./model.ts";
import { Playbook } from "./playbook-schema.ts";
import { Triggers } from "./triggers/schema.ts";
import { Policy } from "./policy/schema.ts";
import { PlannerKind } from "./proposal.ts";
import { Sampling } from "./sampling.ts";
import { Envelope } from "./signing.ts";
import { WritingSpec } from "./writing.ts";

/** How the region of a task follows from its input when the request names none. */
export const RegionRule = z.discriminatedUnion("rule", [
  z.strictObject({ rule: z.literal("fixed"), region: RegionId }),
  /** The region is chosen by SHA-256 of the string at `field` (JSON pointer into the input): first four bytes, big endian, modulo the list. */
  z.strictObject({
    rule: z.literal("hash"),
    field: z.string().startsWith("/"),
    among: z.array(RegionId).min(1).max(16),
  }),
]);

export const ReleaseBundle = z.strictObject({
  version: z.literal(1),
  automation: AutomationName,
  summary: z.string().max(500),
  /** Who answers for this automation. */
  owner: z.string().min(1).max(100),
  /**
   * 1: every write waits for a person; 2: acts where it can be taken back, and notifies; 3: acts alone, and is sampled. A ceiling over what the
   * rules answer.
   */
  tier: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  /** Why this tier. It stands in the record of each task, with the owner. */
  tierReason: z.string().min(1).max(300).optional(),
  /** Of its automatic writes people look at some, drawn at random, on a cadence. */
  sampling: Sampling.optional(),
  /**
   * `playbook`: the plan is derived from the playbook. `agent`: plans come from outside agents through /v1/proposals. `model` and `loop`:
   * plans come from the models that `model` names, once or in rounds.
   */
  planner: PlannerKind,
  region: RegionRule,
  /** Where tasks are about a record that lives in the executors: JSON pointer to its id in the input, a string. They run where it lives (shared/home.ts). */
  home: z.string().startsWith("/").max(200).optional(),
  /** JSON Schema 2020-12 of the input, with x-origin and x-subject annotations. */
  input: z.record(z.string(), z.json()),
  /** Semantic version of the input contract; 1.0.0 where absent. */
  contractVersion: ContractVersion.optional(),
  /** Of the planners `model` and `loop`; beside a classifier, who labels what it is not sure of. */
  model: ModelSpec.optional(),
  /** Labels inputs for the playbook (shared/classifier/). */
  classifier: Classifier.optional(),
  /** What a planner's own numbers are worth, as it was found; without it, nothing. */
  confidence: ClaimCurves.optional(),
  /** What planners `model` and `loop` are shown of memory (shared/memory.ts). */
  memory: MemoryReads.optional(),
  /** Of the planner `model`: its models write texts for a step of the playbook, and plan nothing (shared/writing.ts). */
  writing: WritingSpec.optional(),
  /** What an input must be before anything is planned (shared/gates/). */
  gates: Gates.optional(),
  /** How much may come in; unlimited where absent (docs/limits.md). */
  intakeLimits: IntakeLimits.optional(),
  /** What opens an intent without an app asking for it (shared/triggers/). */
  triggers: Triggers.optional(),
  /** Values computed from the input, which rules, gates and playbooks may look at (shared/features.ts). */
  features: Features.optional(),
  /** Of the planner `playbook`, beside `writing`, and where `model.fallback` names it. */
  playbook: Playbook.nullable(),
  policy: Policy,
  /** name → contract: the only capabilities that a plan under this release may use, in the exact version that was reviewed. */
  capabilities: z.record(z.string(), CapabilityContract),
  /** What becomes of applied actions when the task fails: they stay (so without this), or are taken back in reverse order. */
  onFailure: z.enum(["leave", "compensate"]).optional(),
  /** For how long after an action a person may ask to reverse it; without this, not at all. */
  reversal: z.strictObject({ windowMs: z.int().min(1_000).max(LIMITS.reversalWindowMs) }).optional(),
  /** Target for the time from a task's opening to its end. Nothing happens when it is missed but that figures and alerts say so. */
  sla: z.strictObject({ cycleMs: z.int().min(1_000).max(LIMITS.slaMs) }).optional(),
  /** Thresholds of alerts about this automation, in place of the shipped ones. */
  alerts: AlertThresholds.optional(),
  deadlines: z.strictObject({
    taskMs: z
      .int()
      .min(1_000)
      .max(90 * 86_400_000),
    reviewMs: z
      .int()
      .min(1_000)
      .max(30 * 86_400_000),
  }),
});
export type ReleaseBundle = z.infer<typeof ReleaseBundle>;

/** Signed by the root key, or by a key enrolled with the role `operator` or `admin`. */
export const Promotion = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  automation: AutomationName,
  release: Digest,
  /** Rises with each promotion of the automation: an executor never goes back to a smaller one without a newer signature. */
  serial: z.int().min(1),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Promotion = z.infer<typeof Promotion>;

/** A signed promotion with the enrolments that lead from its signer to the root (empty when the root signed). */
export const SignedPromotion = z.strictObject({ envelope: Envelope, chain: z.array(Envelope).max(3) });
export type SignedPromotion = z.infer<typeof SignedPromotion>;

/** What an executor needs to accept plans under a release. The bundle travels as its canonical JSON text. */
export const ReleaseDelivery = z.strictObject({ bundle: z.string().max(1_000_000), promotion: SignedPromotion });
export type ReleaseDelivery = z.infer<typeof ReleaseDelivery>;
