/**
 * Epochs: what people sign after the ledger's database was restored to an earlier moment, or after its log was found to be two. The statement
 * names the newest checkpoint of the log that ended and the checkpoint from which it goes on; it is an entry of the log, ends the alarms of
 * executors, and lets verifiers accept that executors saw what is not there any more.
 *
 * Z1  It carries the signatures of two different members, each enrolled as `admin` (or the root key), each with the chain to the root.
 * Z2  Both checkpoints are signed by the log itself.
 * Z3  It holds for one tenant, once, and only for what was seen before it.
 */
import * as z from "zod";
import { canonicalize } from "./canonical.ts";
import { ENTRY_TYPES, entryId } from "./entry.ts";
import { EpochId, TenantId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import type { RevokedKeys, TenantAnchor } from "./members.ts";
import { PAYLOAD_TYPES } from "./payload-types.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { SignedByTwo, openByTwo } from "./two-admins.ts";
import { openCheckpoint, type Checkpoint } from "./tlog/checkpoint.ts";
import type { NoteVerifier } from "./tlog/note.ts";

export const Epoch = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  /** A fresh id. */
  epoch: EpochId,
  /** The newest checkpoint that anybody holds of the log that ended: a signed note. */
  old: z.string().max(LIMITS.checkpointChars),
  /** The checkpoint from which the log goes on: a signed note. */
  new: z.string().max(LIMITS.checkpointChars),
  reason: z.string().min(1).max(500),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Epoch = z.infer<typeof Epoch>;

/** An epoch with, for each of its signatures in their order, the enrolments that lead from its key to the root. */
export const SignedEpoch = SignedByTwo;
export type SignedEpoch = z.infer<typeof SignedEpoch>;

export type OpenedEpoch = {
  readonly payload: Epoch;
  /** Who signed, in the order of the signatures. */
  readonly members: readonly string[];
  readonly old: Checkpoint;
  readonly new: Checkpoint;
};

/**
 * Opens an epoch.
 * @returns signature-malformed, the refusals of `resolveMember` and `openEnvelope`, role-missing (a signer is no admin), epoch-unsigned (fewer
 *   than two members), audience-mismatch, not-yet-valid, expired, the refusals of `openCheckpoint`
 */
export async function openEpoch(
  { envelope, chains }: SignedEpoch,
  anchor: TenantAnchor,
  logKeys: readonly NoteVerifier[],
  nowMs: number,
  revoked: RevokedKeys,
): Promise<Result<OpenedEpoch>> {
  const opened = await openByTwo({ envelope, chains }, PAYLOAD_TYPES.epoch, Epoch, anchor, nowMs, revoked);
  if (!opened.ok) return opened;
  const { payload, members } = opened.value;
  if (payload.tenant !== anchor.tenant) return err(problem("audience-mismatch", "The epoch is of another tenant."));
  if (payload.atMs > nowMs + LIMITS.clockSkewMs)
    return err(problem("not-yet-valid", "The epoch is dated after it was used."));
  if (nowMs >= payload.expiresMs + LIMITS.clockSkewMs) return err(problem("expired", "The epoch had expired."));
  const before = await openOfAny(payload.old, logKeys);
  if (!before.ok) return before;
  const after = await openOfAny(payload.new, logKeys);
  if (!after.ok) return after;
  return ok({ payload, members, old: before.value, new: after.value });
}

async function openOfAny(note: string, keys: readonly NoteVerifier[]): Promise<Result<Checkpoint>> {
  let refusal: Result<Checkpoint> = err(problem("key-unknown", "No key of the log is trusted."));
  for (const key of keys) {
    const opened = await openCheckpoint(note, key);
    if (opened.ok) return opened;
    refusal = opened;
  }
  return refusal;
}

/** The entry of an epoch. `atMs` is the ledger's clock. */
export const epochEntryText = (tenant: string, epoch: string, signed: SignedEpoch, atMs: number): string =>
  canonicalize({
    specversion: "1.0",
    id: entryId(ENTRY_TYPES.epoch, epoch, 0),
    source: `/log/${tenant}`,
    type: ENTRY_TYPES.epoch,
    subject: epoch,
    time: new Date(atMs).toISOString(),
    datacontenttype: "application/json",
    data: signed,
  });
