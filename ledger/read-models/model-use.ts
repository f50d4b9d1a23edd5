/** What models did for one round of planning, summed from the calls that stand in the record. Money is in micro-cents, as it is recorded. */
import { countsAsCall, type ModelCall } from "../../shared/model.ts";

export type ModelUse = {
  /** The model whose words were used, or the one that was asked last. */
  readonly model: string;
  /** Every model that was asked, in the order of the first call to each. */
  readonly models: readonly string[];
  /** A call that several tasks shared is one of the task that has its first part. */
  readonly calls: number;
  /** Calls that were shared with other tasks, wherever they are counted. */
  readonly shared: number;
  /** Calls for which the provider gave no usable figures: what was reserved for them counts. */
  readonly reserved: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly microCents: number;
  /** Time in which a call was under way, each call by itself. */
  readonly ms: number;
};

/** Null where no model was asked. */
export function usedBy(calls: readonly ModelCall[]): ModelUse | null {
  const named = calls.find(({ outcome }) => outcome === "ok") ?? calls.at(-1);
  if (named === undefined) return null;
  const sum = (of: (call: ModelCall) => number) => calls.reduce((total, call) => total + of(call), 0);
  return {
    model: named.model,
    models: [...new Set(calls.map(({ model }) => model))],
    calls: calls.filter(countsAsCall).length,
    shared: calls.filter(({ shared }) => shared !== undefined).length,
    reserved: calls.filter(({ usage }) => usage === "reserved").length,
    inputTokens: sum((call) => call.inputTokens),
    outputTokens: sum((call) => call.outputTokens),
    microCents: sum((call) => call.microCents),
    ms: sum(({ startMs, endMs }) => Math.max(0, endMs - startMs)),
  };
}
