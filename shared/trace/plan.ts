/**
 * The spans of one admitted plan: planning with the model's call (where a model planned), signature, dispatch, and the executor's own
 * verification and decisions. When planning began stands in the signed plan.
 *
 * A model's call is described by the OpenTelemetry semantic conventions for generative AI: one client span named by operation and model.
 */
import { fromBase64, fromUtf8 } from "../bytes.ts";
import type { StepDecision, TaskEvent } from "../events.ts";
import { LIMITS } from "../limits.ts";
import type { ModelCall as RecordedCall } from "../model.ts";
import type { Plan } from "../proposal.ts";
import { SPAN_KIND, type Attributes } from "./span.ts";
import type { Emit, Moment } from "./project.ts";

export type Admitted = Extract<TaskEvent, { type: "plan-admitted" }>;

/** Capability of each step of a plan, and of what would take it back. */
export type Proposed = { readonly capability: string; readonly undo: string | null };
/** What is read of the signed plan: when its planning began, and when it was signed. */
export type ReadPlan = {
  readonly startMs: number;
  readonly signedMs: number;
  readonly steps: ReadonlyMap<string, Proposed>;
};

/** One call of a model, as the planner recorded it. Times are milliseconds since the epoch, money is millionths of a cent. */
export type ModelCall = {
  readonly provider: string;
  readonly model: string;
  readonly responseModel?: string;
  readonly responseId?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly finishReason?: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly microCents?: number;
  readonly error?: string;
  /** Of a call that several tasks shared: which of its parts this is. */
  readonly shared?: RecordedCall["shared"];
};

/** Reads the plan out of its envelope, which verified when it was admitted; what cannot be read is left out. */
export function readPlan(event: Pick<Admitted, "envelope">, atMs: number): ReadPlan {
  const steps = new Map<string, Proposed>();
  let startMs = atMs;
  let signedMs = atMs;
  try {
    const plan = JSON.parse(fromUtf8(fromBase64(event.envelope.payload)!)!) as {
      readonly notBeforeMs?: number;
      readonly steps?: readonly { id: string; capability: string; undo: { capability: string } | null }[];
      readonly model?: readonly { readonly startMs?: unknown }[];
    };
    const { notBeforeMs } = plan;
    // Signed by another clock: more than the tolerated difference is no time of planning.
    const isTime = (ms: unknown): ms is number =>
      typeof ms === "number" && ms <= atMs && atMs - ms <= LIMITS.planLifetimeMs;
    if (isTime(notBeforeMs)) startMs = signedMs = notBeforeMs;
    // Signing came after the models had answered.
    for (const call of plan.model ?? []) if (isTime(call.startMs)) startMs = Math.min(startMs, call.startMs);
    for (const { id, capability, undo } of plan.steps ?? [])
      steps.set(id, { capability, undo: undo?.capability ?? null });
  } catch {
    // An envelope that is no plan: its spans are still the record's.
  }
  return { startMs, signedMs, steps };
}

/** The calls of models that a plan's record tells of: none for playbooks, and for agents, whose models are their own. */
export function modelCallsOf(event: Pick<Admitted, "envelope">): readonly ModelCall[] {
  try {
    const plan = JSON.parse(fromUtf8(fromBase64(event.envelope.payload)!)!) as Pick<Plan, "model">;
    return recordedCalls(plan.model ?? []);
  } catch {
    return [];
  }
}

/** What the planner said before for the same input, where no model was asked; null where it is no such plan. */
export function recalledIn(event: Pick<Admitted, "envelope">): NonNullable<Plan["recalled"]> | null {
  try {
    return (JSON.parse(fromUtf8(fromBase64(event.envelope.payload)!)!) as Pick<Plan, "recalled">).recalled ?? null;
  } catch {
    return null;
  }
}

export const recordedCalls = (calls: readonly RecordedCall[]): readonly ModelCall[] =>
  calls.map(({ model, startMs, endMs, inputTokens, outputTokens, microCents, outcome, shared }) => ({
    provider: "openai",
    model,
    inputTokens,
    outputTokens,
    startMs,
    endMs,
    microCents,
    ...(outcome === "ok" ? {} : { error: outcome }),
    ...(shared === undefined ? {} : { shared }),
  }));

/** Gives out the spans of a plan, and what was read of it. */
export function planSpans(event: Admitted, at: Moment, emit: Emit): ReadPlan {
  const plan = readPlan(event, at.atMs);
  const { round } = event;
  const key = `plan:${round}`;
  const signed = { plane: "intent-manager", startMs: plan.signedMs } as const;
  const isAgent = event.planner === "agent";
  const about: Attributes = {
    "countersign.planner": event.planner,
    "countersign.plan": event.plan,
    "countersign.round": round,
    "countersign.steps": plan.steps.size,
    "countersign.last": event.last,
    "gen_ai.agent.id": isAgent ? event.agent : null,
  };
  emitCalls(modelCallsOf(event), round, key, at, emit);
  emit({ ...signed, startMs: plan.startMs, key, name: `plan ${event.planner}`, attributes: about }, at);
  emit(
    {
      ...signed,
      key: `sign:${round}`,
      name: "sign plan",
      under: key,
      attributes: { "countersign.keys": event.envelope.signatures.map(({ keyid }) => keyid) },
    },
    { ...at, atMs: plan.signedMs },
  );
  emit({ ...signed, key: `dispatch:${round}`, name: "dispatch plan", kind: SPAN_KIND.client, under: key }, at);
  emit(
    {
      key: `admit:${round}`,
      name: "verify and admit plan",
      kind: SPAN_KIND.server,
      under: `dispatch:${round}`,
      startMs: at.atMs,
      attributes: { "countersign.plan": event.plan, "countersign.round": round },
    },
    at,
  );
  for (const [step, decision] of Object.entries(event.decisions))
    emit(
      {
        key: `policy:${round}:${step}`,
        name: "decide under policy",
        under: `admit:${round}`,
        startMs: at.atMs,
        attributes: { "countersign.step": step, ...decisionAttributes(decision) },
      },
      at,
    );
  return plan;
}
function emitCalls(calls: readonly ModelCall[], round: number | string, under: string, at: Moment, emit: Emit): void {
  for (const [i, call] of calls.entries())
    emit(modelSpan(call, `model:${round}:${i}`, under), { ...at, atMs: call.endMs });
}

/** A round that nobody could plan: planning with the calls that were made for it, from the first of them to the word that it stopped. */
export function stoppedSpans(event: Extract<TaskEvent, { type: "planning-stopped" }>, at: Moment, emit: Emit): void {
  const { round, code, next } = event;
  const calls = recordedCalls(event.calls ?? []);
  const key = `stopped:${round}:${at.seq}`;
  emitCalls(calls, `${round}:${at.seq}`, key, at, emit);
  const attributes = { "countersign.round": round, "countersign.code": code, "countersign.next": next };
  const startMs = Math.min(at.atMs, ...calls.map((call) => call.startMs));
  emit({ key, name: "planning stopped", plane: "intent-manager", startMs, attributes, error: code }, at);
}
/** When the planning of a plan began. */
planSpans.startOf = (event: Admitted, atMs: number): number => readPlan(event, atMs).startMs;

export const decisionAttributes = (decision: StepDecision): Attributes => ({
  "countersign.decision": decision.answer,
  "countersign.decision.rules": decision.rules,
  "countersign.decision.by_default": decision.byDefault,
  "countersign.decision.final": decision.final,
  "countersign.decision.errors": decision.errors.length === 0 ? null : decision.errors.length,
});

const modelSpan = (call: ModelCall, key: string, under: string) => ({
  key,
  name: `chat ${call.model}`,
  kind: SPAN_KIND.client,
  plane: "intent-manager" as const,
  under,
  startMs: call.startMs,
  attributes: {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": call.provider,
    "gen_ai.request.model": call.model,
    "gen_ai.response.model": call.responseModel,
    "gen_ai.response.id": call.responseId,
    "gen_ai.response.finish_reasons": call.finishReason === undefined ? null : [call.finishReason],
    "gen_ai.usage.input_tokens": call.inputTokens,
    "gen_ai.usage.output_tokens": call.outputTokens,
    "countersign.cost.micro_cents": call.microCents,
    "countersign.shared_call": call.shared?.call,
  },
  error: call.error ?? null,
});
