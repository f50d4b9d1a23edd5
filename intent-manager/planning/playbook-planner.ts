/** The playbook planner: code alone, no model, planned inline and signed in the same request. */
import { derivePlan } from "../../shared/playbook.ts";
import type { Principal } from "../../shared/events.ts";
import type { JsonObject } from "../../shared/json.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { SignedPlan } from "../../shared/rpc.ts";
import type { Bindings } from "../bindings.ts";
import { newSalt } from "../intake/random.ts";
import type { OpenTask } from "../intake/submit.ts";
import { draftPlan, type DraftedPlan } from "./plan.ts";
import { signPlan } from "./sign-plan.ts";

type Asked = {
  readonly tenant: string;
  readonly input: JsonObject;
  readonly purpose: string | null;
  readonly principal: Principal;
  readonly nowMs: number;
};

/** The one plan that the release's playbook gives for this intent; null where the automation's plans come from agents. */
export async function planByPlaybook(env: Bindings, asked: Asked, open: OpenTask): Promise<Result<SignedPlan | null>> {
  const { release } = open;
  if (release.bundle.planner !== "playbook" || release.playbook === null) return ok(null);
  const drafted = draftByPlaybook(asked, open);
  if (!drafted.ok) return drafted;
  const envelope = await signPlan(env, drafted.value.plan);
  return envelope.ok ? ok({ envelope: envelope.value, disclosures: drafted.value.disclosures }) : envelope;
}

/** The playbook's plan, unsigned. Refuses with what deriving and drafting refuse. */
export function draftByPlaybook(asked: Asked, open: OpenTask): Result<DraftedPlan> {
  const { release, task, region, inputCommitment } = open;
  const { input, purpose, principal, nowMs } = asked;
  const derived = derivePlan(
    release.playbook!,
    { automation: release.bundle.automation, input, region, purpose: purpose ?? "" },
    { openedByAgent: false },
  );
  if (!derived.ok) return derived;
  return draftPlan({
    tenant: asked.tenant,
    facts: { task, region, input, purpose, principal },
    release,
    round: 1,
    last: true,
    planner: "playbook",
    agent: "playbook",
    agentMember: null,
    inputCommitment,
    steps: derived.value.map((step) => ({ ...step, premises: [], claimedConfidence: null, rationale: null })),
    nowMs,
    newSalt,
  });
}
