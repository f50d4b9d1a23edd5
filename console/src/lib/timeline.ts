/** The spans of a trace as rows of a timeline: in the order of a tree, each with its place in the whole. Pure. */
import type { ExportTraceServiceRequest } from "../../../shared/trace/otlp.ts";

export type TimelineRow = {
  readonly id: string;
  readonly name: string;
  readonly plane: string;
  readonly depth: number;
  readonly startMs: number;
  readonly ms: number;
  /** Per cent of the whole. */
  readonly left: number;
  readonly width: number;
  readonly error: string | null;
};
type Span = ExportTraceServiceRequest["resourceSpans"][number]["scopeSpans"][number]["spans"][number];

const msOf = (nanos: string): number => Number(BigInt(nanos) / 1_000_000n);

export function timelineOf(trace: ExportTraceServiceRequest): TimelineRow[] {
  const spans = trace.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === "service.name")?.value;
    const plane = service !== undefined && "stringValue" in service ? service.stringValue : "";
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({ span, plane: plane.replace("countersign-", "") })),
    );
  });
  if (spans.length === 0) return [];
  const startMs = Math.min(...spans.map(({ span }) => msOf(span.startTimeUnixNano)));
  const wholeMs = Math.max(1, ...spans.map(({ span }) => msOf(span.endTimeUnixNano) - startMs));
  const ids = new Set(spans.map(({ span }) => span.spanId));
  const childrenOf = new Map<string, typeof spans>();
  for (const one of spans) {
    const { parentSpanId = "" } = one.span;
    const under = ids.has(parentSpanId) ? parentSpanId : "";
    childrenOf.set(under, [...(childrenOf.get(under) ?? []), one]);
  }
  const rows: TimelineRow[] = [];
  const walk = (under: string, depth: number): void => {
    const children = (childrenOf.get(under) ?? []).toSorted((a, b) => order(a.span) - order(b.span));
    for (const { span, plane } of children) {
      const from = msOf(span.startTimeUnixNano) - startMs;
      const ms = msOf(span.endTimeUnixNano) - startMs - from;
      const { spanId: id, name, status } = span;
      const error = status.code === 2 ? (status.message ?? "error") : null;
      const [left, width] = [(100 * from) / wholeMs, (100 * ms) / wholeMs];
      rows.push({ id, name, plane, depth, startMs: startMs + from, ms, left, width, error });
      walk(id, depth + 1);
    }
  };
  walk("", 0);
  return rows;
}
const order = (span: Span): number => msOf(span.startTimeUnixNano);
