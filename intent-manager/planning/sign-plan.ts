/**
 * The proposal key: one envelope per plan. The key is imported once per isolate and cannot be read back.
 */
import { importSigner, PrivateJwk, publicPart, type PublicJwk, type Signer } from "../../shared/keys.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import type { Plan } from "../../shared/proposal.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Reversal } from "../../shared/reversal.ts";
import { signEnvelope, type Envelope } from "../../shared/signing.ts";
import type { Bindings } from "../bindings.ts";

let imported: { readonly text: string; readonly signer: Signer } | null = null;

/** Throws where PROPOSAL_KEY is not a private Ed25519 JWK: a configuration error. */
async function proposalSigner(env: Bindings): Promise<Signer> {
  if (imported === null || imported.text !== env.PROPOSAL_KEY)
    imported = { text: env.PROPOSAL_KEY, signer: await importSigner(PrivateJwk.parse(JSON.parse(env.PROPOSAL_KEY))) };
  return imported.signer;
}

export const proposalPublicKey = (env: Bindings): PublicJwk =>
  publicPart(PrivateJwk.parse(JSON.parse(env.PROPOSAL_KEY)));

/** Signs a plan. Refuses with plan-invalid when its canonical bytes pass LIMITS.planBytes. */
export async function signPlan(env: Bindings, plan: Plan): Promise<Result<Envelope>> {
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.plan,
    payload: plan,
    signers: [await proposalSigner(env)],
  });
  return envelope.payload.length > Math.ceil(LIMITS.planBytes / 3) * 4
    ? err(problem("plan-invalid", `The plan is larger than ${LIMITS.planBytes} bytes.`))
    : ok(envelope);
}

/** Signs a request for a reversal. */
export const signReversal = async (env: Bindings, reversal: Reversal): Promise<Envelope> =>
  signEnvelope({ payloadType: PAYLOAD_TYPES.reversal, payload: reversal, signers: [await proposalSigner(env)] });
