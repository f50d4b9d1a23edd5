/**
 * Takes the decisions of a past task again: the same pure code over the recorded facts, no clock, no target, no effect. The facts are what the
 * journal holds beside its records: input, arguments, what the target showed, earlier results, and what policy saw of consent and time.
 *
 * Rp1  Under the release that the task ran under, every decision comes out bit for bit as it was recorded.
 * Rp2  A limit that was exceeded then counts as exceeded now: how full it was is another object's memory, and the record says what it answered.
 * Rp3  What was erased answers `erased`, and a fact that was not recorded `incomplete`; neither is guessed.
 */
import type { ReplayAnswer, ReplayedDecision } from "../../shared/api/replay.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { Classification } from "../../shared/classifier/classification.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { ChainRecord, StepDecision, TaskEvent } from "../../shared/events.ts";
import { labelHere, labelOrigin } from "../../shared/classifier/label.ts";
import { decideStep, intentFacts, policyFacts, type StepFacts } from "../../shared/facts.ts";
import type { JsonObject } from "../../shared/json.ts";
import { isFromEvent } from "../../shared/triggers/schema.ts";
import { derivePlan, refsIn } from "../../shared/playbook.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import { unwritten } from "../../shared/writing.ts";
import { taskFacts } from "./endings.ts";
import { evolve } from "./evolve.ts";
import { withExceeded } from "./permits.ts";
import { differences } from "./replay-words.ts";
import { evidenceFacts } from "./evidence.ts";
import { resultsOf, type Private, type StepState, type TaskState } from "./state.ts";

type Recorded = { readonly record: ChainRecord; readonly beside: Private };

export function replayTask(records: Iterable<Recorded>, under: CompiledRelease): ReplayAnswer | null {
  let state: TaskState | null = null;
  const decisions: ReplayedDecision[] = [];
  for (const { record, beside } of records)
    for (const event of record.events as readonly TaskEvent[]) {
      const before = state;
      state = evolve(state, event, { task: record.task!, seq: record.seq, atMs: record.atMs }, beside);
      const found = { record, beside, under };
      if (event.type === "plan-admitted")
        for (const step of Object.keys(event.decisions))
          decisions.push(atAdmission(state, state.steps.get(step)!, event.decisions[step]!, found));
      else if (event.type === "step-resolved") decisions.push(beforeAct(before!, event, found));
    }
  if (state === null) return null;
  const plan = planAgain(state, under);
  return {
    task: state.id,
    release: state.release,
    under: under.digest,
    same: decisions.every(({ outcome }) => outcome === "same") && plan?.same !== false,
    decisions,
    plan,
  };
}

type Found = Recorded & { readonly under: CompiledRelease };

function atAdmission(state: TaskState, step: StepState, recorded: StepDecision, found: Found): ReplayedDecision {
  const nowMs = found.beside.facts?.decidedMs ?? found.record.atMs;
  const available = { args: refsIn(step.args).length === 0, preview: false, results: false };
  const facts = { ...known(step), classified: followed(state, step, found.under), args: step.args };
  return compare(state, step, "at-admission", recorded, found, facts, nowMs, (decide) => decide(available));
}

function beforeAct(
  state: TaskState,
  event: Extract<TaskEvent, { type: "step-resolved" }>,
  found: Found,
): ReplayedDecision {
  const step = state.steps.get(event.step)!;
  const { values, facts: kept } = found.beside;
  const facts = {
    ...known(step),
    classified: followed(state, step, found.under),
    args: (values[event.args]?.value ?? {}) as JsonObject,
    results: resultsOf(state),
    preview: event.preview === null ? {} : (values[event.preview]?.value ?? {}),
    premises: event.premises.map((premise) => premise.class),
    ...(kept?.consent?.[event.step] === undefined ? {} : { consent: kept.consent[event.step]! }),
    ...evidenceFacts(state, step, found.under, found.record.atMs),
    ...(step.undoes === null ? {} : { undo: { of: step.undoes.capability, kind: step.undoes.kind } }),
  };
  return compare(state, step, "before-act", event.decision, found, facts, found.record.atMs, (decide) => {
    const all = decide({ args: true, preview: true, results: true });
    const decision: StepDecision = all.final ? all : { ...all, answer: "deny", final: true, byDefault: true };
    // Rp2
    const limits = new Set(found.under.policy.limits.map(({ limit }) => limit.id));
    return withExceeded(
      decision,
      event.decision.rules.filter((rule) => limits.has(rule)),
      { release: found.under },
    );
  });
}

const known = ({ round, planner, agent, capability, provenance, claimedConfidence, memory, toggles }: StepState) => ({
  round,
  planner,
  agent,
  capability,
  provenance,
  claimedConfidence,
  memory,
  toggles,
});

/** A label of the local tier is what it is under this release; a model's word stands. Nothing can be said where the input is gone. */
function followed(state: TaskState, step: StepState | null, under: CompiledRelease): Classification | null {
  const { classified } = step ?? state;
  if (step !== null && classified === null) return null;
  const isGone = state.erased || state.restored;
  return (classified !== null && classified.by !== "local") || isGone
    ? classified
    : labelHere(under, state.input.value);
}

type Decide = (available: { args: boolean; preview: boolean; results: boolean }) => StepDecision;

function compare(
  state: TaskState,
  step: StepState,
  taken: ReplayedDecision["taken"],
  recorded: StepDecision,
  { record, beside, under }: Found,
  facts: StepFacts,
  nowMs: number,
  replay: (decide: Decide) => StepDecision,
): ReplayedDecision {
  const base = { step: step.id, capability: step.capability, taken, seq: record.seq, recorded };
  if (beside.erased === true || state.erased)
    return { ...base, outcome: "erased", replayed: null, facts: null, words: ["Its facts were erased."] };
  if (beside.restored === true || state.restored)
    return {
      ...base,
      outcome: "incomplete",
      replayed: null,
      facts: null,
      words: ["Its facts were lost in a restore."],
    };
  if (under.policy.asksConsent && taken === "before-act" && facts.consent === undefined)
    return {
      ...base,
      outcome: "incomplete",
      replayed: null,
      facts: null,
      words: ["What was known of consent was not recorded."],
    };
  if (under.bundle.capabilities[step.capability] === undefined)
    return {
      ...base,
      outcome: "different",
      replayed: null,
      facts: null,
      words: [`This release does not hold ${step.capability}.`],
    };
  const task = taskFacts(state);
  const replayed = replay((available) => decideStep(under, task, facts, available, nowMs));
  const isSame = canonicalize(replayed) === canonicalize(recorded);
  return {
    ...base,
    outcome: isSame ? "same" : "different",
    replayed,
    facts: `sha256:${sha256Hex(canonicalize(policyFacts(under, task, facts, nowMs)))}`,
    words: isSame ? [] : differences(recorded, replayed, under),
  };
}

/** The playbook's plan, derived again from the recorded input; null where others planned, and it only stands in for them. */
function planAgain(state: TaskState, under: CompiledRelease): ReplayAnswer["plan"] {
  if (under.playbook === null || state.erased || state.restored) return null;
  const { writing } = under.bundle;
  const planner = writing === undefined ? "playbook" : "model";
  const own = [...state.steps.values()].filter((step) => step.undoes === null && step.planner === planner);
  // A person proposed in a model's place, or models in the playbook's: nothing of it is the playbook's.
  if (own.length === 0 && (writing !== undefined || under.bundle.planner !== "playbook")) return null;
  const input = state.input.value;
  const classified = followed(state, null, under);
  const derived = derivePlan(
    under.playbook,
    intentFacts(state.automation, { ...state, input }, classified),
    {
      openedByAgent: state.principal.role === "agent",
      labelOrigin: labelOrigin(under, classified),
      fromEvent: isFromEvent(state.trigger),
    },
    state.toggles,
  );
  if (!derived.ok)
    return { same: false, words: [`The playbook derives no plan from the input: ${derived.problem.detail}`] };
  // What a model wrote is not derived from anything.
  const form = (step: Parameters<typeof formOf>[0] & { readonly id: string }): string =>
    formOf({ ...step, args: unwritten(writing, step.id, step.args) });
  const before = new Map(own.map((step) => [step.id, form(step)]));
  const now = new Map(derived.value.map((step) => [step.id, form(step)]));
  const words = [
    ...[...now.keys()].filter((id) => !before.has(id)).map((id) => `It would also plan ${id}.`),
    ...[...before.keys()].filter((id) => !now.has(id)).map((id) => `It would not plan ${id}.`),
    ...[...now]
      .filter(([id, text]) => before.has(id) && before.get(id) !== text)
      .map(([id]) => `It would plan ${id} otherwise.`),
  ];
  return { same: words.length === 0, words };
}

const formOf = ({ capability, args, after, when }: Pick<StepState, "capability" | "args" | "after" | "when">): string =>
  canonicalize({ capability, args, after: [...after], when });
