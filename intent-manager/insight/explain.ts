/**
 * Why a task is as it is: what came in, what was planned, which rules decided, who signed, what changed, where it stands in the record.
 * A pure projection of the task's view, its events and its ledger entries; it decides nothing and believes no words of a planner.
 */
import type { Explanation } from "../../shared/api.ts";
import * as z from "zod";
import { Attestation } from "../../shared/attestation.ts";
import { fromBase64 } from "../../shared/bytes.ts";
import { TaskEvent, type StepDecision } from "../../shared/events.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { Plan } from "../../shared/proposal.ts";
import { Reversal } from "../../shared/reversal.ts";
import type { Envelope } from "../../shared/signing.ts";
import type { StepView, TaskEventView, TaskView } from "../../shared/views.ts";

/** What the explanation is made from. `missing` names sources that did not answer. */
export type Sources = {
  readonly view: TaskView;
  readonly events: readonly TaskEventView[];
  readonly entries: readonly { readonly index: number; readonly id: string }[];
  readonly checkpointSize: number | null;
  readonly missing: readonly string[];
};

type At<T extends TaskEvent["type"]> = { readonly at: string; readonly event: Extract<TaskEvent, { type: T }> };

export function explain({ view, events, entries, checkpointSize, missing }: Sources): Explanation {
  const history = events.flatMap(({ at, event }) => {
    const parsed = TaskEvent.safeParse(event);
    return parsed.success ? [{ at, event: parsed.data }] : [];
  });
  const of = <T extends TaskEvent["type"]>(type: T): At<T>[] =>
    history.filter((entry): entry is At<T> => entry.event.type === type);
  const opened = of("task-opened")[0]?.event;
  return {
    task: view.id,
    automation: view.automation,
    release: view.release,
    region: view.region,
    status: view.status,
    settled: view.settled,
    why: view.why,
    asked: {
      principal: view.principal,
      trigger: opened?.trigger ?? null,
      purpose: opened?.purpose ?? null,
      input: view.input,
      at: view.openedAt,
    },
    ...(view.classified === undefined ? {} : { classified: view.classified }),
    ...(opened?.autonomy === undefined ? {} : { autonomy: opened.autonomy }),
    plans: of("plan-admitted").map(({ at, event }) => ({
      round: event.round,
      plan: event.plan,
      planner: event.planner,
      agent: event.agent,
      last: event.last,
      kids: kidsOf(event.envelope),
      at,
      ...aboutModels(event.envelope),
    })),
    steps: view.steps.map((step) => ({
      id: step.id,
      round: step.round,
      capability: step.capability,
      status: step.status,
      after: step.after,
      args: step.args,
      provenance: step.provenance,
      decision: step.decision,
      because: `${undoInWords(step, view, history)}${inWords(step)}`,
      review: step.review,
      attestations: of("attested")
        .filter(({ event }) => event.step === step.id)
        .map(({ at, event }) => ({
          attestation: event.attestation,
          decision: event.decision,
          member: event.member,
          roles: event.roles,
          kid: kidsOf(event.envelope)[0] ?? "",
          reason: reasonOf(event.envelope),
          at,
        })),
      result: step.result,
      tags: step.tags,
      outcome: step.outcome,
      premises: step.premises,
      appliedAt: step.appliedAt,
      replayed: of("step-applied").some(({ event }) => event.step === step.id && event.replayed),
      problem: step.problem,
      receiptKid: step.receipt === null ? null : (kidsOf(step.receipt)[0] ?? null),
    })),
    ...(view.features === undefined ? {} : { features: view.features }),
    ...(view.reported === undefined ? {} : { reported: view.reported }),
    record: {
      executor: view.executor,
      seq: view.seq,
      recorded: view.recorded,
      entries: entries.map(({ index, id }) => ({ index, id, proof: `/v1/ledger/proof?index=${index}` })),
      checkpointSize,
      missing: [...missing],
    },
  };
}

const kidsOf = (envelope: Envelope): string[] => envelope.signatures.map(({ keyid }) => keyid);

const AboutModels = z.object({ recalled: Plan.shape.recalled, insteadOf: Plan.shape.insteadOf });

/** When the model said what the plan repeats, and why a playbook planned in its place. The executor verified the envelope before the event was recorded. */
function aboutModels(envelope: Envelope): { recalledFrom?: string; insteadOf?: string } {
  const bytes = fromBase64(envelope.payload);
  const parsed = bytes === null ? null : parseStrictJson(bytes);
  const plan = parsed?.ok === true ? AboutModels.safeParse(parsed.value) : null;
  if (plan?.success !== true) return {};
  const { recalled, insteadOf } = plan.data;
  return {
    ...(recalled === undefined ? {} : { recalledFrom: new Date(recalled.atMs).toISOString() }),
    ...(insteadOf === undefined ? {} : { insteadOf }),
  };
}

/** The reason in an attestation. The executor verified the envelope before the event was recorded. */
function reasonOf(envelope: Envelope): string | null {
  const bytes = fromBase64(envelope.payload);
  const parsed = bytes === null ? null : parseStrictJson(bytes);
  const attestation = parsed?.ok === true ? Attestation.safeParse(parsed.value) : null;
  return attestation?.success === true ? attestation.data.reason : null;
}

/** Of an undo, what it takes back and who wanted that; of an action that was taken back, by what. With a space at the end. */
function undoInWords(step: StepView, view: TaskView, history: readonly { readonly event: TaskEvent }[]): string {
  const undo = step.undoes === null ? view.steps.find(({ id }) => id === step.undo) : step;
  if (undo === undefined || undo.undoes === null) return "";
  const reason = reversalReason(history, undo.id);
  const why =
    undo.undoes.kind === "compensation"
      ? "because the task failed"
      : `because ${undo.undoes.by} asked for it${reason === null ? "" : `: “${reason}”`}`;
  if (undo === step) return `Takes ${undo.undoes.step} back, ${why}. `;
  return undo.status === "applied"
    ? `Was taken back by ${undo.id}, ${why}. `
    : `To be taken back by ${undo.id} (${undo.status}), ${why}. `;
}

/** The reason in the request for a reversal. The executor verified the envelope before the event was recorded. */
function reversalReason(history: readonly { readonly event: TaskEvent }[], undo: string): string | null {
  for (const { event } of history) {
    if (event.type !== "undo-started" || event.undo !== undo || event.envelope === null) continue;
    const bytes = fromBase64(event.envelope.payload);
    const parsed = bytes === null ? null : parseStrictJson(bytes);
    const reversal = parsed?.ok === true ? Reversal.safeParse(parsed.value) : null;
    return reversal?.success === true ? reversal.data.reason : null;
  }
  return null;
}

/** A step's decision as one sentence. */
function inWords({ decision, problem }: StepView): string {
  if (decision === null) return "Not decided yet.";
  // Of a denial the executor has said why, in the words of the rules that denied.
  if (decision.answer === "deny" && problem?.code === "policy-denied") return `${ANSWERED.deny}. ${problem.detail}`;
  const by = decision.byDefault
    ? "no rule matched, so the policy's default decided"
    : `decided by ${list(decision.rules)}`;
  const later = decision.final
    ? ""
    : ` Not final: ${decision.deferred.length > 0 ? `${list(decision.deferred)} could still` : "facts that are not there yet could"} make it stricter.`;
  const failed = decision.errors.length > 0 ? ` A rule that fails denies: ${list(decision.errors)}.` : "";
  return `${ANSWERED[decision.answer]}; ${by}.${asks(decision)}${failed}${later}`;
}

const ANSWERED: Record<StepDecision["answer"], string> = {
  allow: "Allowed",
  notify: "Allowed, with a notice",
  review: "Needs a person",
  deny: "Denied",
};
const asks = ({ answer, reviews }: StepDecision): string =>
  answer !== "review"
    ? ""
    : ` Asked for: ${list(reviews.map(({ rule, role, quorum }) => `${quorum} × ${role} (${rule})`))}.`;
const list = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));
