/**
 * What one event adds to the figures, and what must be remembered of its task for those that follow. Pure. Events that this code does not know
 * count nothing.
 */
import type { ExecutorEvent, TaskEvent } from "../../shared/events.ts";
import { boundOf, type FigureName } from "../../shared/figures/names.ts";
import { countsAsCall } from "../../shared/model.ts";
import { modelCallsOf, readPlan, recalledIn, recordedCalls, type ModelCall } from "../../shared/trace/plan.ts";

type StepFlow = {
  capability: string;
  undo: string | null;
  claimMs?: number;
  doubtMs?: number;
  reviewMs?: number;
  /** A gate or limit has held it back since then. */
  heldMs?: number;
  over?: true;
  /** A person may still ask to take it back. */
  reversible?: true;
};
export type Flow = {
  readonly automation: string;
  readonly region: string;
  readonly openedMs: number;
  readonly slaMs: number | null;
  settled: boolean;
  people: boolean;
  /** It has waited for a plan since then; absent where it waits for none. */
  planMs?: number;
  /** Another plan follows the one that was admitted last. */
  more?: true;
  /** Undo steps that have not ended. */
  undoing: number;
  readonly steps: { [step: string]: StepFlow };
};
type Added = {
  readonly automation?: string;
  readonly capability?: string;
  readonly label?: string;
  readonly n?: number;
  readonly total?: number;
};
type Add = (name: FigureName, about?: Added) => void;
type Event = TaskEvent | ExecutorEvent;

export const newFlow = (
  automation: string,
  region: string,
  openedMs: number,
  { slaMs }: { readonly slaMs?: number | undefined },
): Flow => ({
  automation,
  region,
  openedMs,
  slaMs: slaMs ?? null,
  settled: false,
  people: false,
  undoing: 0,
  steps: {},
});

/** Nothing more can happen to the task that needs its past: it has ended, and nothing of it can be taken back. */
export const isOver = ({ settled, undoing, steps }: Flow): boolean =>
  settled &&
  undoing === 0 &&
  !Object.values(steps).some((step) => step.reversible === true || step.doubtMs !== undefined);

function countModels(calls: readonly ModelCall[], add: Add): void {
  for (const call of calls) {
    const ms = Math.max(0, call.endMs - call.startMs);
    // Tokens and money are each part's own; of the call itself the first part tells.
    if (countsAsCall(call)) add("modelCall", { label: boundOf(ms), total: ms });
    if (call.error !== undefined) add("modelErrors", { label: call.error });
    for (const [label, tokens] of [["in", call.inputTokens] as const, ["out", call.outputTokens] as const])
      if (tokens !== undefined && tokens > 0) add("modelTokens", { label, total: tokens });
    if (call.microCents !== undefined && call.microCents > 0) add("cost", { total: call.microCents });
  }
}

const UNKNOWN: StepFlow = { capability: "unknown", undo: null };

/** Folds an event into `flow` and adds what it counts. */
export function foldEvent(flow: Flow, event: Event, atMs: number, add: Add): void {
  const id = (event as { readonly step?: string }).step;
  const step = (id === undefined ? undefined : flow.steps[id]) ?? { ...UNKNOWN };
  const { capability } = step;
  const lasted = (name: FigureName, sinceMs: number, of = capability): void => {
    const ms = Math.max(0, atMs - sinceMs);
    add(name, { capability: of, label: boundOf(ms), total: ms });
  };
  const byPerson = (): void => {
    if (!flow.people) add("people");
    flow.people = true;
  };
  const answered = (): void => {
    if (step.claimMs !== undefined) lasted("step", step.claimMs);
    delete step.claimMs;
  };
  const sure = (): void => {
    if (step.doubtMs !== undefined) lasted("doubt", step.doubtMs);
    delete step.doubtMs;
  };
  const ended = (code?: string): void => {
    if (code !== undefined) add("errors", { capability, label: code });
    if (step.over === true) return;
    delete step.reviewMs;
    delete step.heldMs;
    step.over = true;
    if (flow.more === true && Object.values(flow.steps).every(({ over }) => over === true)) flow.planMs = atMs;
    if (id?.includes("~") === true) flow.undoing = Math.max(0, flow.undoing - 1);
  };
  switch (event.type) {
    case "task-opened":
      flow.planMs = atMs;
      return add("opened");
    case "plan-admitted": {
      const plan = readPlan(event, atMs);
      for (const name of Object.keys(event.decisions)) flow.steps[name] = { ...(plan.steps.get(name) ?? UNKNOWN) };
      delete flow.planMs;
      if (event.last) delete flow.more;
      else flow.more = true;
      const recalled = recalledIn(event);
      if (recalled !== null) add("recalled");
      if (recalled !== null && recalled.microCents > 0) add("recalledSaved", { total: recalled.microCents });
      return countModels(modelCallsOf(event), add);
    }
    case "planning-stopped":
      // Somebody was asked, or nothing follows: either way no planner's turn is awaited.
      delete flow.planMs;
      add("planningStopped", { label: event.code });
      return countModels(recordedCalls(event.calls ?? []), add);
    case "cancel-requested":
      delete flow.planMs;
      return;
    case "undo-started":
      add("undos", { capability, label: event.kind });
      if (event.member !== null) byPerson();
      flow.undoing += 1;
      flow.steps[event.undo] = { capability: step.undo ?? "unknown", undo: null };
      delete step.reversible;
      return;
    case "review-requested":
      step.reviewMs = atMs;
      return;
    case "attested":
      byPerson();
      if (step.reviewMs !== undefined) lasted("intervention", step.reviewMs);
      delete step.reviewMs;
      if (event.decision === "reject") {
        add("reviews", { capability, label: "rejected" });
        return ended();
      }
      return;
    case "review-approved":
      return add("reviews", { capability, label: "approved" });
    case "review-expired":
      add("reviews", { capability, label: "expired" });
      return ended("review-expired");
    case "step-held":
      step.heldMs ??= atMs;
      return add("held", { capability, label: event.code });
    case "step-claimed":
      add("attempts", { capability });
      step.claimMs = atMs;
      delete step.heldMs;
      return;
    case "step-applied":
      answered();
      sure();
      add("applied", { capability, label: event.left === null ? "read" : "write" });
      if (event.reversibleUntilMs !== null) step.reversible = true;
      return ended();
    case "step-refused":
      answered();
      sure();
      if (event.retryAtMs !== null) return add("retries", { capability, label: event.code });
      return ended(event.code);
    case "step-in-doubt":
      answered();
      if (step.doubtMs === undefined) add("doubts", { capability });
      step.doubtMs ??= atMs;
      return;
    case "doubt-resolved":
      byPerson();
      sure();
      add("overrides", { capability });
      return event.outcome === "not-applied" && !event.retry ? ended("effect-refused") : undefined;
    case "step-denied":
      return ended("policy-denied");
    case "step-failed":
      return ended(event.code);
    case "step-skipped":
    case "step-expired":
      return ended(event.type === "step-expired" ? "expired" : undefined);
    case "reversal-window-closed":
      delete step.reversible;
      return;
    case "outcome-observed":
      return add("predictions", { capability, label: event.verdict });
    case "task-settled": {
      if (flow.settled) return;
      flow.settled = true;
      delete flow.planMs;
      for (const open of Object.values(flow.steps)) {
        delete open.reviewMs;
        delete open.heldMs;
      }
      add("settled", { label: event.status });
      lasted("cycle", flow.openedMs, "");
      if (flow.slaMs !== null) add("sla", { label: atMs - flow.openedMs <= flow.slaMs ? "met" : "missed" });
      return;
    }
    default:
      return;
  }
}
