/** A person's word on an effect in doubt, verified by the shell: recorded, and followed as if the target had answered. */
import type { Disclosure } from "../../shared/commitments.ts";
import type { Member } from "../../shared/members.ts";
import { problem } from "../../shared/problems.ts";
import { resolvingRoles, type Resolution } from "../../shared/resolution.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Envelope } from "../../shared/signing.ts";
import { GUARDS } from "../guards/index.ts";
import { advance } from "./advance.ts";
import { requestersOf } from "./decide.ts";
import type { TaskDeps } from "./deps.ts";
import type { Draft } from "./draft.ts";
import { applied } from "./outcome.ts";
import { stopsCompensation } from "./undo.ts";

/**
 * Refuses with not-in-doubt (also while the target is still being asked), attestation-mismatch, approver-is-requester, role-missing,
 * disclosure-mismatch or contract-violation. The same resolution again changes nothing.
 */
export function resolveDoubt(
  draft: Draft,
  stepId: string,
  resolution: Resolution,
  member: Member,
  signed: { readonly envelope: Envelope; readonly chain: readonly Envelope[]; readonly result: Disclosure | null },
  deps: TaskDeps,
): Result<null> {
  const { state } = draft;
  const step = state.steps.get(stepId);
  if (step === undefined) return err(problem("not-found", "There is no such step."));
  if (step.resolved?.resolution === resolution.id) return ok(null);
  const isFailedUndo = stopsCompensation(state, step);
  if (step.phase.at !== "in_doubt" && !isFailedUndo)
    return err(problem("not-in-doubt", "Nothing about this step is in doubt."));
  if (step.phase.at === "in_doubt" && !GUARDS["doubt-asked-out"](step.phase))
    return err(
      problem("not-in-doubt", "The target is still being asked; a person decides when that has brought no answer.", {
        nextAskAt: new Date(step.phase.askAtMs ?? deps.nowMs).toISOString(),
        retryAfterSeconds: Math.max(1, Math.ceil(((step.phase.askAtMs ?? deps.nowMs) - deps.nowMs) / 1_000)),
      }),
    );
  const { action, attempt, outcome, retry } = resolution;
  const isThis =
    GUARDS["resolution-action"](resolution, step.action) &&
    GUARDS["resolution-digest"](resolution, step.digest) &&
    GUARDS["resolution-attempt"](resolution, Math.max(1, step.attempts));
  if (!isThis)
    return err(problem("attestation-mismatch", "The signature is over another action or attempt than is in doubt."));
  if (isFailedUndo && retry)
    return err(problem("attestation-mismatch", "An undo that failed is tried again with `reverse`, as a new attempt."));
  if (!GUARDS["resolution-retry"](resolution))
    return err(problem("attestation-mismatch", "What was applied is not tried again."));
  if (!GUARDS["not-by-requester"](member.member, requestersOf(state, step)))
    return err(problem("approver-is-requester", "Whoever asked for this may not say what became of it."));
  const roles = resolvingRoles(step.decision.reviews);
  if (!GUARDS["resolver-role"](member.roles, roles))
    return err(problem("role-missing", `This needs the role ${roles.join(" or ")}.`));
  const result = resultOf(resolution, signed.result, step.capability, deps);
  if (!result.ok) return result;

  draft.details[stepId] = resolution.reason;
  draft.emit({
    type: "doubt-resolved",
    step: stepId,
    action,
    attempt,
    resolution: resolution.id,
    member: member.member,
    roles: [...member.roles],
    outcome,
    retry,
    envelope: signed.envelope,
    chain: [...signed.chain],
  });
  if (outcome === "applied") {
    const known = resolution.result === null ? null : { commitment: resolution.result, ...result.value! };
    applied(draft, draft.state.steps.get(stepId)!, { result: null, replayed: false }, null, deps, known);
  }
  advance(draft, deps);
  return ok(null);
}

/** The result that the signer committed to, null where they gave none: references to it then find nothing. */
function resultOf(
  { result, outcome }: Resolution,
  disclosed: Disclosure | null,
  capability: string,
  deps: TaskDeps,
): Result<Disclosure | null> {
  if (result === null)
    return disclosed === null
      ? ok(null)
      : err(problem("disclosure-mismatch", "A result was sent that nobody signed for."));
  if (outcome !== "applied") return err(problem("attestation-mismatch", "What was not applied has no result."));
  if (disclosed === null || !GUARDS["resolution-result"](result, disclosed))
    return err(problem("disclosure-mismatch", "The result is not the one that was signed."));
  const checked = deps.release.declarations.capabilities.get(capability)!.output.check(disclosed.value);
  return checked.ok ? ok(disclosed) : checked;
}
