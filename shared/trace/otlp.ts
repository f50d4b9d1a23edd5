/**
 * Traces as OTLP/JSON: `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest` in the JSON mapping of the OTLP specification (ids
 * in hex, 64-bit numbers as decimal strings, enums as numbers, no default written out beside what is always set). One resource for each plane.
 */
import * as z from "zod";
import type { Trace } from "./project.ts";
import type { Attribute, AttributeValue, Plane, Span } from "./span.ts";

const Scalar = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: z.string() }),
  z.strictObject({ doubleValue: z.number() }),
]);
const AnyValue = z.union([Scalar, z.strictObject({ arrayValue: z.strictObject({ values: z.array(Scalar) }) })]);
const KeyValue = z.strictObject({ key: z.string(), value: AnyValue });
const Nanos = z.string().regex(/^[0-9]{1,20}$/);
const OtlpSpan = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** Bits 0-7: W3C trace flags; 8 and 9: whether the parent is known to be remote, and is. */
  flags: z.int(),
  name: z.string(),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: Nanos,
  endTimeUnixNano: Nanos,
  attributes: z.array(KeyValue),
  events: z.array(z.strictObject({ timeUnixNano: Nanos, name: z.string(), attributes: z.array(KeyValue) })),
  status: z.strictObject({ code: z.union([z.literal(0), z.literal(2)]), message: z.string().optional() }),
});
export const ExportTraceServiceRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(KeyValue) }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          spans: z.array(OtlpSpan),
        }),
      ),
    }),
  ),
});
export type ExportTraceServiceRequest = z.infer<typeof ExportTraceServiceRequest>;
type OtlpSpan = z.infer<typeof OtlpSpan>;

/** Of a trace, the spans that one request carries. */
export type TracePart = { readonly trace: Trace; readonly spans: readonly Span[] };

const PLANES: readonly Plane[] = ["intent-manager", "executors", "ledger"];
/** Version of the projection: raised when the same records give other spans. */
const SCOPE = { name: "countersign", version: "1" } as const;
const REMOTE_KNOWN = 0x100;
const REMOTE = 0x200;

/** One request with parts of traces. */
export const toOtlp = (parts: readonly TracePart[]): ExportTraceServiceRequest => ({
  resourceSpans: parts.flatMap((part) =>
    PLANES.flatMap((plane) => {
      const spans = part.spans.filter((span) => span.plane === plane);
      return spans.length === 0 ? [] : [resourceSpans(part.trace, plane, spans)];
    }),
  ),
});

const resourceSpans = (trace: Trace, plane: Plane, spans: readonly Span[]) => ({
  resource: {
    attributes: [
      ["service.name", `countersign-${plane}`] as const,
      ["service.namespace", "countersign"] as const,
      ["countersign.tenant", trace.tenant] as const,
      ...(plane === "executors" ? [["service.instance.id", trace.executor] as const] : []),
    ].map(keyValue),
  },
  scopeSpans: [{ scope: SCOPE, spans: spans.map((span) => otlpSpan(trace, span)) }],
});

function otlpSpan({ context }: Trace, span: Span): OtlpSpan {
  const isRemote = span.parent !== null && span.parent === context.parent;
  return {
    traceId: context.traceId,
    spanId: span.spanId,
    ...(span.parent === null ? {} : { parentSpanId: span.parent }),
    flags: (context.sampled ? 1 : 0) | REMOTE_KNOWN | (isRemote ? REMOTE : 0),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
    attributes: [...span.attributes, ...(span.error === null ? [] : [["error.type", span.error] as const])].map(
      keyValue,
    ),
    events: span.moments.map(({ name, atMs, attributes }) => ({
      timeUnixNano: nanos(atMs),
      name,
      attributes: attributes.map(keyValue),
    })),
    // An error has its code for a message; of everything else, "unset" is what the specification asks for.
    status: span.error === null ? { code: 0 } : { code: 2, message: span.error },
  };
}

const nanos = (ms: number): string => (ms === 0 ? "0" : `${ms}000000`);

const keyValue = ([key, value]: Attribute): z.infer<typeof KeyValue> => ({ key, value: anyValue(value) });

const anyValue = (value: AttributeValue): z.infer<typeof AnyValue> => {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
};
