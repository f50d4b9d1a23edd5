/**
 * Statements that one person alone must not make: they carry the signatures of two different members, each enrolled as `admin` (or the root key),
 * each with the enrolments that lead from its key to the root.
 */
import * as z from "zod";
import type { PublicJwk } from "./keys.ts";
import { LIMITS } from "./limits.ts";
import { hasRole, resolveMember, type RevokedKeys, type TenantAnchor } from "./members.ts";
import type { PayloadType } from "./payload-types.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { Envelope, openEnvelope } from "./signing.ts";

/** A statement with, for each of its signatures in their order, the enrolments that lead from its key to the root. */
export const SignedByTwo = z.strictObject({
  envelope: Envelope,
  chains: z.array(z.array(Envelope).max(LIMITS.enrolmentDepth)).min(1).max(LIMITS.envelopeSignatures),
});
export type SignedByTwo = z.infer<typeof SignedByTwo>;

/** How many different members sign. */
const QUORUM = 2;

/**
 * Opens such a statement. `members` are in the order of the signatures.
 * @returns signature-malformed, the refusals of `resolveMember` and `openEnvelope`, role-missing (a signer is no admin), epoch-unsigned (fewer
 *   than two members)
 */
export async function openByTwo<Schema extends z.ZodType>(
  { envelope, chains }: SignedByTwo,
  payloadType: PayloadType,
  schema: Schema,
  anchor: TenantAnchor,
  nowMs: number,
  revoked: RevokedKeys,
): Promise<Result<{ readonly payload: z.output<Schema>; readonly members: readonly string[] }>> {
  if (chains.length !== envelope.signatures.length)
    return err(problem("signature-malformed", "There is one chain of enrolments for each signature."));
  const keys = new Map<string, PublicJwk>();
  const members: string[] = [];
  for (const [i, { keyid }] of envelope.signatures.entries()) {
    const member = await resolveMember(anchor, keyid, chains[i]!, nowMs, revoked);
    if (!member.ok) return member;
    if (!hasRole(member.value, "admin"))
      return err(problem("role-missing", `${member.value.member} signed and is no admin.`));
    keys.set(keyid, member.value.key);
    members.push(member.value.member);
  }
  const opened = await openEnvelope(envelope, { payloadType, keys, schema });
  if (!opened.ok) return opened;
  if (new Set(members).size < QUORUM || opened.value.kids.length < members.length)
    return err(problem("epoch-unsigned", "This is signed by two different members.", { members }));
  return ok({ payload: opened.value.payload, members });
}
