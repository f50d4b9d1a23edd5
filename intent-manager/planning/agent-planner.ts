/** Plans that an outside agent proposes, signed. */
import { ok, type Result } from "../../shared/result.ts";
import type { SignedPlan } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import { type AgentPlan, draftByAgent } from "./agent-draft.ts";
import { signPlan } from "./sign-plan.ts";

/** Refuses as draftByAgent does. */
export async function planByAgent(env: Bindings, asked: AgentPlan): Promise<Result<SignedPlan>> {
  const drafted = draftByAgent(asked);
  if (!drafted.ok) return drafted;
  const envelope = await signPlan(env, drafted.value.plan);
  return envelope.ok ? ok({ envelope: envelope.value, disclosures: drafted.value.disclosures }) : envelope;
}
