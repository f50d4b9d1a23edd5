/**
 * Reversals: somebody asks, inside the window, that an applied action be taken back. The intent-manager authenticates who asks and signs it with
 * its proposal key; what is done then is the undo that was signed with the action, decided by policy again.
 */
import * as z from "zod";
import { MemberId, RegionId, StepId, TaskId, TenantId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import { Envelope } from "./signing.ts";

export const ReversalId = z.string().regex(/^rvs_[a-z2-7]{26}$/);

export const Reversal = z.strictObject({
  version: z.literal(1),
  /** Names the request: the same one again changes nothing. */
  id: ReversalId,
  tenant: TenantId,
  region: RegionId,
  task: TaskId,
  step: StepId,
  /** The action that is to be taken back. */
  action: z.string().max(60),
  /** Later actions on the same things that were taken back already, each with its undo: the executors' receipts of both. */
  undone: z.array(z.strictObject({ action: Envelope, undo: Envelope })).max(LIMITS.reversalReceipts),
  by: z.strictObject({ key: z.string().max(60), role: z.string().max(20), member: MemberId.nullable() }),
  /** Recorded as written. */
  reason: z.string().min(1).max(500),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Reversal = z.infer<typeof Reversal>;
