/**
 * Receipts: the executor's statement about one applied action, signed with the receipt key when it is read.
 * Ed25519 is deterministic, so every reading gives the same bytes.
 */
import * as z from "zod";
import { Delivery } from "./capability.ts";
import { Digest, ExecutorName, RecordedStepId, TaskId, TenantId } from "./ids.ts";
import { Premise, PremiseClass } from "./proposal.ts";

export const HeldPremise = z.strictObject({
  ...Premise.shape,
  class: PremiseClass,
  /** For a conditional request: the strong entity tag (RFC 9110 §8.8.3) that the request is conditional on. */
  etag: z
    .string()
    .regex(/^"[!#-~]{1,200}"$/)
    .optional(),
});
export type HeldPremise = z.infer<typeof HeldPremise>;

export const Receipt = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  executor: ExecutorName,
  task: TaskId,
  step: RecordedStepId,
  action: z.string().max(60),
  proposal: z.string().max(60),
  capability: z.string().max(100),
  contract: Digest,
  release: Digest,
  delivery: Delivery,
  effectKey: z.string().max(200).nullable(),
  premises: z.array(HeldPremise).max(64),
  /** Versions at which the action left what it changed, as far as it says; null for a read. */
  left: z.array(Premise).max(64).nullable(),
  attestations: z.array(z.string()).max(16),
  /** Commitment to the result. */
  result: z.string().max(60),
  /** The effect had been applied by an earlier attempt; this is its record. */
  replayed: z.boolean(),
  atMs: z.int(),
  /** Position of the event in the executor's chain. */
  seq: z.int().min(1),
});
export type Receipt = z.infer<typeof Receipt>;

/** What an executor signs over its own chain with each delivery to the ledger. */
export const ChainStatement = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  executor: ExecutorName,
  /** Last record covered. */
  seq: z.int().min(1),
  /** Hash of that record, 64 hex digits; through `prev` it covers every record before it. */
  head: z.string().regex(/^[0-9a-f]{64}$/),
  atMs: z.int(),
});
export type ChainStatement = z.infer<typeof ChainStatement>;
