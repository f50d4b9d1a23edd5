/**
 * The trace of a task, as a pure projection of its records: from the app's request through contract, plan, policy, signature, dispatch,
 * admission, people, permits and effects to the entries of the ledger.
 *
 * R1  The same records give the same spans, whoever makes them and however often: ids, times and attributes follow from the record alone.
 * R2  A span is given out when it is over, and nothing later changes it. More records only add spans, so a trace can be sent in parts.
 * R3  No value of a task and no person stands in a span: arguments, results, members, record keys and free text stay out.
 *
 * Times are those of the records, one for each commit: what happened inside one commit has no length.
 */
import type { TaskEvent } from "../events.ts";
import { parseExecutorName } from "../ids.ts";
import { LIMITS } from "../limits.ts";
import { contextOf, spanId, type TraceContext } from "./ids.ts";
import { planSpans } from "./plan.ts";
import {
  attributesOf,
  SPAN_KIND,
  type Attributes,
  type Plane,
  type Span,
  type SpanKind,
  type SpanMoment,
} from "./span.ts";
import { StepSpans } from "./steps.ts";

/** A record of the executor's chain, or what a stream of events shows of it. */
export type TraceRecord = {
  readonly seq: number;
  readonly atMs: number;
  readonly events: readonly { readonly type: string }[];
};
/** An entry of the ledger with records of the task. */
export type TraceEntry = {
  readonly index: number;
  readonly id: string;
  /** Its last record, and when that was committed. */
  readonly toSeq: number;
  readonly committedMs: number;
  /** When the ledger wrote it; null where that is not known. */
  readonly recordedMs: number | null;
};
export type TraceSource = {
  readonly task: string;
  /** `tenant/region/shard` */
  readonly executor: string;
  /** In the order of the chain. */
  readonly records: readonly TraceRecord[];
  readonly entries: readonly TraceEntry[];
};
export type Trace = {
  readonly task: string;
  readonly tenant: string;
  readonly region: string;
  readonly executor: string;
  readonly context: TraceContext;
  /** In the order in which they were over. */
  readonly spans: readonly Span[];
  /** The task has ended. */
  readonly settled: boolean;
};

/** Where an event stands. */
export type Moment = { readonly seq: number; readonly pos: number; readonly atMs: number };

/** What a span is about, beside its times. */
export type SpanOf = {
  readonly key: string;
  readonly name: string;
  readonly plane?: Plane;
  readonly kind?: SpanKind;
  /** Key of the span above; the root where it is left out. */
  readonly under?: string;
  readonly startMs: number;
  readonly attributes?: Attributes;
  readonly moments?: readonly SpanMoment[];
  readonly error?: string | null;
};
/** Gives out a span that is over now. */
export type Emit = (span: SpanOf, at: Moment) => void;

export const ROOT = "task";

type Opened = Extract<TaskEvent, { type: "task-opened" }>;

/** The trace of a task as far as its records go; null where they do not begin with its opening. */
export function traceOf(source: TraceSource): Trace | null {
  const first = source.records[0];
  const opened = first?.events[0] as TaskEvent | undefined;
  const executor = parseExecutorName(source.executor);
  if (first === undefined || opened?.type !== "task-opened" || executor === null) return null;
  const { task, entries } = source;
  const context = contextOf(task, opened.traceparent);
  const spans: Span[] = [];
  const ids = new Set<string>();
  let dropped = 0;
  const emit: Emit = (span, at) => {
    const id = spanId(task, span.key);
    if (ids.has(id)) return;
    if (spans.length >= LIMITS.traceSpans && span.key !== ROOT) return void dropped++;
    ids.add(id);
    spans.push(finished(task, context, span, at, id));
  };

  const steps = new StepSpans(emit);
  const planned = firstPlanStart(first);
  const startMs = Math.min(planned ?? first.atMs, first.atMs);
  let settled = false;
  let rounds = 0;
  let recorded = 0;
  for (const record of source.records) {
    for (const [pos, loose] of record.events.entries()) {
      const event = loose as TaskEvent;
      const at = { seq: record.seq, pos, atMs: record.atMs };
      if (event.type === "task-opened") intakeSpans(event, startMs, at, emit);
      else if (event.type === "plan-admitted") {
        rounds++;
        steps.proposed(event, planSpans(event, at, emit), at);
      } else if (event.type === "task-settled") {
        steps.settled(at);
        if (settled) continue;
        settled = true;
        emit(rootOf(opened, event, { startMs, task, rounds, dropped, executor: source.executor }), at);
      } else steps.apply(event, at);
    }
    for (; recorded < entries.length && entries[recorded]!.toSeq <= record.seq; recorded++)
      entrySpan(entries[recorded]!, emit);
  }
  return {
    task,
    tenant: executor.tenant,
    region: executor.region,
    executor: source.executor,
    context,
    spans,
    settled,
  };
}

function finished(task: string, context: TraceContext, span: SpanOf, at: Moment, id: string): Span {
  const under = span.key === ROOT ? context.parent : spanId(task, span.under ?? ROOT);
  return {
    spanId: id,
    parent: under,
    name: span.name,
    kind: span.kind ?? SPAN_KIND.internal,
    plane: span.plane ?? "executors",
    startMs: span.startMs,
    // Two planes have two clocks: no span ends before it begins.
    endMs: Math.max(span.startMs, at.atMs),
    attributes: attributesOf(span.attributes ?? {}),
    moments: (span.moments ?? []).slice(0, LIMITS.spanMoments),
    error: span.error ?? null,
    closedBySeq: at.seq,
  };
}

/** When the plan that came with the opening was begun, where it did. */
function firstPlanStart(record: TraceRecord): number | null {
  const admitted = (record.events as readonly TaskEvent[]).find((event) => event.type === "plan-admitted");
  return admitted === undefined ? null : planSpans.startOf(admitted, record.atMs);
}

function intakeSpans(event: Opened, startMs: number, at: Moment, emit: Emit): void {
  const { role, sod } = event.principal;
  const intake = { plane: "intent-manager", startMs } as const;
  emit(
    {
      ...intake,
      key: "intake",
      name: "intake",
      attributes: { "countersign.principal.role": role, "countersign.trigger.kind": event.trigger?.kind },
    },
    at,
  );
  emit(
    {
      ...intake,
      key: "contract",
      name: "check contract",
      under: "intake",
      attributes: { "countersign.release": event.release, "countersign.sod": sod },
    },
    { ...at, atMs: startMs },
  );
}

type Ending = {
  readonly startMs: number;
  readonly task: string;
  readonly rounds: number;
  readonly dropped: number;
  readonly executor: string;
};

function rootOf(opened: Opened, settled: Extract<TaskEvent, { type: "task-settled" }>, ending: Ending): SpanOf {
  return {
    key: ROOT,
    name: `task ${opened.automation}`,
    kind: SPAN_KIND.server,
    plane: "intent-manager",
    startMs: ending.startMs,
    attributes: {
      "countersign.task": ending.task,
      "countersign.automation": opened.automation,
      "countersign.release": opened.release,
      "countersign.region": opened.region,
      "countersign.executor": ending.executor,
      "countersign.status": settled.status,
      "countersign.why": settled.why,
      "countersign.rounds": ending.rounds,
      "countersign.spans_left_out": ending.dropped === 0 ? null : ending.dropped,
    },
    error: settled.status === "succeeded" || settled.status === "cancelled" ? null : (settled.why ?? settled.status),
  };
}

function entrySpan(entry: TraceEntry, emit: Emit): void {
  const atMs = entry.recordedMs ?? entry.committedMs;
  emit(
    {
      key: `ledger:${entry.id}`,
      name: "ledger entry",
      plane: "ledger",
      kind: SPAN_KIND.consumer,
      startMs: entry.committedMs,
      attributes: { "countersign.ledger.index": entry.index, "countersign.ledger.entry": entry.id },
    },
    { seq: entry.toSeq, pos: 0, atMs },
  );
}
