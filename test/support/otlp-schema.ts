/**
 * OTLP/JSON held against the protobuf schema, with the code that the OpenTelemetry project generated from its .proto files. A field that the
 * schema does not know, or that has another type there, does not survive the way into protobuf and back.
 */
// eslint-disable-next-line no-restricted-imports -- the generated module has no other door
import root from "@opentelemetry/otlp-transformer/build/src/generated/root.js";

type Message = {
  fromObject(value: object): unknown;
  verify(value: object): string | null;
  encode(value: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  toObject(value: unknown, options: object): object;
};
const Request = (
  root as unknown as {
    opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: Message } } } } };
  }
).opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

const IDS = new Set(["traceId", "spanId", "parentSpanId"]);

/** Ids are bytes in protobuf and hex in OTLP/JSON; 64-bit numbers are decimal strings in it. */
function fromJson(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => fromJson(item));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fromJson(item, name)]));
  if (IDS.has(key)) {
    if (typeof value !== "string" || !/^(?:[0-9a-f]{2})+$/.test(value)) throw new Error(`${key} is not hex`);
    return Buffer.from(value, "hex");
  }
  if (key.endsWith("UnixNano") || key === "intValue") {
    if (typeof value !== "string" || BigInt(value).toString() !== value) throw new Error(`${key} is no decimal string`);
    return longOf(BigInt(value));
  }
  return value;
}
const longOf = (value: bigint) => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned: true,
});

function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toJson(item)]));
}

/** What a receiver that speaks protobuf reads out of an OTLP/JSON request. Throws where the schema refuses a value. */
export function throughProtobuf(request: object): unknown {
  const message = fromJson(request) as object;
  const wrong = Request.verify(message);
  if (wrong !== null) throw new Error(wrong);
  const decoded = Request.decode(Request.encode(Request.fromObject(message)).finish());
  return withoutDefaults(toJson(Request.toObject(decoded, { longs: String, enums: Number })));
}

/** The request without what JSON need not write: numbers that are 0, texts and lists that are empty. */
export function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, item]) => !(item === 0 || (Array.isArray(item) && item.length === 0)) || name === "boolValue")
      .map(([name, item]) => [name, withoutDefaults(item)]),
  );
}
