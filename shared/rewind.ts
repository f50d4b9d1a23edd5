/**
 * Rewinds: what people sign after the storage of one executor went back to an earlier moment. The statement names how far the executor's own
 * chain is known to be the log's, and the head of its chain in the log, from which it goes on.
 *
 * W1  It carries the signatures of two different members, each enrolled as `admin` (or the root key), each with the chain to the root.
 * W2  It holds for one executor and one head of its chain, so once: the record that accepts it moves the head.
 * W3  What the executor takes from the ledger follows, hash by hash, from its own record at `kept` and ends in `ledger`: the ledger can withhold
 *     records, and not invent any.
 */
import * as z from "zod";
import { ExecutorName, RewindId, TenantId } from "./ids.ts";
import { LIMITS } from "./limits.ts";
import type { RevokedKeys, TenantAnchor } from "./members.ts";
import { PAYLOAD_TYPES } from "./payload-types.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { openByTwo, SignedByTwo } from "./two-admins.ts";

/** A position of a chain with the hash of the record there; 0 and 64 zeros before the first. */
const Position = z.strictObject({ seq: z.int().min(0), hash: z.string().regex(/^[0-9a-f]{64}$/) });

export const Rewind = z.strictObject({
  version: z.literal(1),
  tenant: TenantId,
  /** A fresh id. */
  rewind: RewindId,
  executor: ExecutorName,
  /** Up to here the executor's chain is known to be the log's. */
  kept: Position,
  /** The head of the executor's chain in the log. */
  ledger: Position,
  reason: z.string().min(1).max(500),
  atMs: z.int().min(0),
  expiresMs: z.int().min(0),
});
export type Rewind = z.infer<typeof Rewind>;
export const SignedRewind = SignedByTwo;
export type SignedRewind = SignedByTwo;

export type OpenedRewind = { readonly payload: Rewind; readonly members: readonly string[] };

/**
 * Opens a rewind.
 * @returns the refusals of `openByTwo`, audience-mismatch (another tenant or executor), not-yet-valid, expired, invalid-request (nothing lies between the positions)
 */
export async function openRewind(
  signed: SignedRewind,
  executor: string,
  anchor: TenantAnchor,
  nowMs: number,
  revoked: RevokedKeys,
): Promise<Result<OpenedRewind>> {
  const opened = await openByTwo(signed, PAYLOAD_TYPES.rewind, Rewind, anchor, nowMs, revoked);
  if (!opened.ok) return opened;
  const { payload } = opened.value;
  if (payload.tenant !== anchor.tenant || payload.executor !== executor)
    return err(problem("audience-mismatch", "The rewind is of another executor."));
  if (payload.atMs > nowMs + LIMITS.clockSkewMs)
    return err(problem("not-yet-valid", "The rewind is dated after it was used."));
  if (nowMs >= payload.expiresMs + LIMITS.clockSkewMs) return err(problem("expired", "The rewind had expired."));
  if (payload.kept.seq >= payload.ledger.seq)
    return err(problem("invalid-request", "The log holds no more of this chain.", { paths: ["/ledger/seq"] }));
  return ok(opened.value);
}
