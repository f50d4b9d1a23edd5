/**
 * Receipts that come with a request for a reversal: each pair says, under the executors' own key, that a later action was applied and taken
 * back. Believed for what they say of versions; which undo runs, and whether, is decided as always.
 */
import { keyId } from "../shared/keys.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem } from "../shared/problems.ts";
import { Receipt } from "../shared/receipt.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { Reversal } from "../shared/reversal.ts";
import { openEnvelope, type Envelope } from "../shared/signing.ts";
import { undoIdOf, undoneBy } from "../shared/undo.ts";
import type { ExecutorsConfig } from "./config.ts";
import { GUARDS } from "./guards/index.ts";
import { takenBack, type TakenBack } from "./task/relies.ts";

type Trusting = { readonly trust: Pick<ExecutorsConfig["trust"], "receiptKeys"> };
type Here = {
  readonly tenant: string;
  readonly region: string;
  readonly config: Trusting;
  readonly trusted: { readonly revoked: ReadonlySet<string> };
};

/** Errors: those of openEnvelope; audience-mismatch where the two are not an action of this tenant and region and its undo. */
export async function openUndone(
  pairs: Reversal["undone"],
  { tenant, region, config, trusted }: Here,
): Promise<Result<TakenBack[]>> {
  const keys = new Map(config.trust.receiptKeys.map((jwk) => [keyId(jwk), jwk]));
  const open = async (envelope: Envelope): Promise<Result<Receipt>> => {
    const opened = await openEnvelope(envelope, { payloadType: PAYLOAD_TYPES.receipt, keys, schema: Receipt });
    if (!opened.ok) return opened;
    return opened.value.kids.some((kid) => !GUARDS["receipt-signer-not-revoked"](kid, trusted.revoked))
      ? err(problem("key-revoked", "A receipt is signed by a key of the executors that is revoked."))
      : ok(opened.value.payload);
  };
  const moved: TakenBack[] = [];
  for (const pair of pairs) {
    const action = await open(pair.action);
    if (!action.ok) return action;
    const undo = await open(pair.undo);
    if (!undo.ok) return undo;
    const [did, undid] = [action.value, undo.value];
    const of = undoneBy(undid.step);
    const isPair =
      of !== null &&
      GUARDS["receipts-tenant"](did, undid, tenant) &&
      GUARDS["receipts-region"](did, region) &&
      GUARDS["receipts-task"](did, undid) &&
      GUARDS["receipts-step"](did, of.step) &&
      GUARDS["receipts-action"](undid, undoIdOf(did.action, of.attempt));
    if (!isPair)
      return err(
        problem("audience-mismatch", "The receipts are not those of an action of this tenant and region and its undo."),
      );
    moved.push(...takenBack(did, undid));
  }
  return ok(moved);
}
