/** What a task's event stream holds that was signed: the plan of each round and each person's decision. Pure. */
import * as z from "zod";
import { Envelope } from "../../../shared/signing.ts";
import type { TaskEventView } from "../../../shared/views.ts";

const PlanAdmitted = z.object({
  type: z.literal("plan-admitted"),
  round: z.int(),
  plan: z.string(),
  planner: z.string(),
  agent: z.string(),
  last: z.boolean(),
  envelope: Envelope,
});
const Attested = z.object({
  type: z.literal("attested"),
  step: z.string(),
  attestation: z.string(),
  member: z.string(),
  roles: z.array(z.string()),
  decision: z.enum(["approve", "reject"]),
  envelope: Envelope,
  chain: z.array(Envelope),
});

export type SignedPlan = z.infer<typeof PlanAdmitted> & { readonly seq: number; readonly at: string };
export type SignedDecision = z.infer<typeof Attested> & { readonly seq: number; readonly at: string };

/** Events of other kinds, and of shapes that this page does not know, are left to the event list. */
export function signaturesIn(events: readonly TaskEventView[]): {
  readonly plans: readonly SignedPlan[];
  readonly decisions: readonly SignedDecision[];
} {
  const plans: SignedPlan[] = [];
  const decisions: SignedDecision[] = [];
  for (const { seq, at, event } of events) {
    const plan = PlanAdmitted.safeParse(event);
    if (plan.success) plans.push({ ...plan.data, seq, at });
    const decision = Attested.safeParse(event);
    if (decision.success) decisions.push({ ...decision.data, seq, at });
  }
  return { plans, decisions };
}
