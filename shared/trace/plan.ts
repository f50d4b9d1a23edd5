/**
 * The spans of one admitted plan: planning with the model's call (where a model planned), signature, dispatch, and the executor's own
 * verification and decisions. When planning began stands in the signed plan.
 *
 * A model's call is described by the OpenTelemetry semantic conventions for generative AI: one client span named by operation and model.
 */
import { fromBase64, fromUtf8 } from "../bytes.ts";
import type { StepDecision, TaskEvent } from "../events.ts";
import { LIMITS } from "../limits.ts";
import type { Plan } from "../proposal.ts";
import { SPAN_KIND, type Attributes } from "./span.ts";
import type { Emit, Moment } from "./project.ts";

export type Admitted = Extract<TaskEvent, { type: "plan-admitted" }>;

/** Capability of each step of a plan, and of what would take it back. */
export type Proposed = { readonly capability: string; readonly undo: string | null };
/** What is read of the signed plan. */
export type ReadPlan = { readonly startMs: number; readonly steps: ReadonlyMap<string, Proposed> };

/** One call of a model, as the planner recorded it. Times are milliseconds since the epoch, money is millionths of a dollar. */
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
  readonly costMicros?: number;
  readonly error?: string;
};

/** Reads the plan out of its envelope, which verified when it was admitted; what cannot be read is left out. */
export function readPlan(event: Pick<Admitted, "envelope">, atMs: number): ReadPlan {
  const steps = new Map<string, Proposed>();
  let startMs = atMs;
  try {
    const plan = JSON.parse(fromUtf8(fromBase64(event.envelope.payload)!)!) as {
      readonly notBeforeMs?: number;
      readonly steps?: readonly { id: string; capability: string; undo: { capability: string } | null }[];
    };
    const { notBeforeMs } = plan;
    // Signed by another clock: more than the tolerated difference is no time of planning.
    if (typeof notBeforeMs === "number" && notBeforeMs <= atMs && atMs - notBeforeMs <= LIMITS.planLifetimeMs)
      startMs = notBeforeMs;
    for (const { id, capability, undo } of plan.steps ?? [])
      steps.set(id, { capability, undo: undo?.capability ?? null });
  } catch {
    // An envelope that is no plan: its spans are still the record's.
  }
  return { startMs, steps };
}

/** The calls of models that a plan's record tells of: none for playbooks, and for agents, whose models are their own. */
export function modelCallsOf(event: Admitted): readonly ModelCall[] {
  try {
    const plan = JSON.parse(fromUtf8(fromBase64(event.envelope.payload)!)!) as Pick<Plan, "model">;
    return (plan.model ?? []).map(({ model, startMs, endMs, inputTokens, outputTokens, microCents, outcome }) => ({
      provider: "openai",
      model,
      inputTokens,
      outputTokens,
      startMs,
      endMs,
      costMicros: Math.ceil(microCents / 100),
      ...(outcome === "ok" ? {} : { error: outcome }),
    }));
  } catch {
    return [];
  }
}

/** Gives out the spans of a plan, and what was read of it. */
export function planSpans(event: Admitted, at: Moment, emit: Emit): ReadPlan {
  const plan = readPlan(event, at.atMs);
  const { round } = event;
  const key = `plan:${round}`;
  const manager = { plane: "intent-manager", startMs: plan.startMs } as const;
  const isAgent = event.planner === "agent";
  const about: Attributes = {
    "countersign.planner": event.planner,
    "countersign.plan": event.plan,
    "countersign.round": round,
    "countersign.steps": plan.steps.size,
    "countersign.last": event.last,
    "gen_ai.agent.id": isAgent ? event.agent : null,
  };
  for (const [i, call] of modelCallsOf(event).entries())
    emit(modelSpan(call, `model:${round}:${i}`, key), { ...at, atMs: call.endMs });
  emit({ ...manager, key, name: `plan ${event.planner}`, attributes: about }, at);
  emit(
    {
      ...manager,
      key: `sign:${round}`,
      name: "sign plan",
      under: key,
      attributes: { "countersign.keys": event.envelope.signatures.map(({ keyid }) => keyid) },
    },
    { ...at, atMs: plan.startMs },
  );
  emit({ ...manager, key: `dispatch:${round}`, name: "dispatch plan", kind: SPAN_KIND.client, under: key }, at);
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
    "countersign.cost.micros": call.costMicros,
  },
  error: call.error ?? null,
});
