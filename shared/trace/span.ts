/**
 * Spans as the projection makes them, before they are written as OTLP. Attributes are bounded and hold no value of a task: names, codes,
 * digests, ids and counts only.
 */
import { LIMITS } from "../limits.ts";

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = { readonly [key: string]: AttributeValue | null | undefined };
export type Attribute = readonly [key: string, value: AttributeValue];

/** Of the planes of the product, the one where a span took place. */
export type Plane = "intent-manager" | "executors" | "ledger";

/** Numbers of `opentelemetry.proto.trace.v1.Span.SpanKind`. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = (typeof SPAN_KIND)[keyof typeof SPAN_KIND];

export type SpanMoment = { readonly name: string; readonly atMs: number; readonly attributes: readonly Attribute[] };

export type Span = {
  readonly spanId: string;
  /** Null for a root that continues nothing. */
  readonly parent: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  readonly plane: Plane;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: readonly Attribute[];
  readonly moments: readonly SpanMoment[];
  /** A stable code where it ended badly, null otherwise. */
  readonly error: string | null;
  /** Chain position of the record with which it was over: whoever saw the record up to there knows the whole span. */
  readonly closedBySeq: number;
};

/** Attributes within their bounds; those without a value are left out. */
export function attributesOf(given: Attributes): readonly Attribute[] {
  const kept: Attribute[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    if (kept.length === LIMITS.spanAttributes) break;
    kept.push([key, bounded(value)]);
  }
  return kept;
}

const bounded = (value: AttributeValue): AttributeValue => {
  if (typeof value === "string") return cut(value);
  return typeof value === "object" ? value.slice(0, LIMITS.spanListed).map(cut) : value;
};
const cut = (text: string): string => text.slice(0, LIMITS.spanAttributeChars);
