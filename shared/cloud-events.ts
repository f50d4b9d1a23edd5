/**
 * CloudEvents 1.0 over HTTP, as they come in: structured, binary and batch mode read into one form. Pure.
 *
 * What is taken is narrower than what the specification allows: data is JSON, types are names (they stand in the record in the clear), and
 * attributes have lengths. What the specification demands is demanded: specversion, id, source, type.
 */
import * as z from "zod";
import { EventType } from "./ids.ts";
import { parseStrictJson, type Json } from "./json.ts";
import { canonicalize } from "./canonical.ts";
import { LIMITS } from "./limits.ts";
import { problem, type Problem } from "./problems.ts";
import { hasReservedKey } from "./references.ts";
import { err, ok, type Result } from "./result.ts";

export type CloudEvent = {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly subject: string | null;
  readonly time: string | null;
  readonly data: Json;
  /** Extension of the same name: steps that wait under this key take the event. */
  readonly correlationkey: string | null;
  /** Other extensions. Integers and booleans are texts, as in binary mode, so that an event is the same in every mode. */
  readonly extensions: { readonly [name: string]: string };
};

/** RFC 3986: the characters of a URI-reference, and whole percent-encodings. */
const URI_REFERENCE = /^(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/;
const JSON_MEDIA = /^[a-z]+\/(?:[a-z0-9.+-]+\+)?json(?:\s*;\s*charset=utf-8)?$/i;
const EXTENSION = /^[a-z0-9]{1,20}$/;
const attribute = z.string().min(1).max(LIMITS.eventAttributeChars);

const Attributes = z.object({
  specversion: z.literal("1.0"),
  id: z.string().min(1).max(200),
  source: z.string().min(1).max(LIMITS.eventSourceChars).regex(URI_REFERENCE, { error: "is no URI-reference" }),
  type: EventType,
  subject: attribute.optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  dataschema: attribute.regex(URI_REFERENCE, { error: "is no URI" }).optional(),
  datacontenttype: z.string().regex(JSON_MEDIA, { error: "only JSON is taken" }).optional(),
  correlationkey: z.string().min(1).max(200).optional(),
});
const KNOWN = new Set([...Object.keys(Attributes.shape), "data"]);

/** One event in the JSON format, for the API document; {@link readEvents} is what decides. */
export const CloudEventJson = z.looseObject({ ...Attributes.shape, data: z.json().optional() });

export type EventRead = Result<CloudEvent, Problem>;
export type EventsRead = { readonly batch: boolean; readonly events: readonly EventRead[] };
type Headers = { get(name: string): string | null; forEach(each: (value: string, name: string) => void): void };

/**
 * The events of one request. Errors of the whole: unsupported-media-type, invalid-json, invalid-request, body-too-large; of a batch, each event
 * has its own.
 */
export function readEvents(headers: Headers, body: Uint8Array): Result<EventsRead> {
  const media = (headers.get("content-type") ?? "").trim();
  const base = media.split(";")[0]!.trim().toLowerCase();
  const isBinary = headers.get("ce-specversion") !== null || headers.get("ce-type") !== null;
  if (base.startsWith("application/cloudevents")) {
    if (!/^application\/cloudevents(?:-batch)?\+json(?:\s*;\s*charset=utf-8)?$/i.test(media)) return unsupported();
    return base === "application/cloudevents-batch+json" ? batch(body) : structured(body);
  }
  if (isBinary) return binary(headers, media, body);
  // Plain JSON without `ce-` headers is taken for structured mode.
  return base === "application/json" && JSON_MEDIA.test(media) ? structured(body) : unsupported();
}

const unsupported = () =>
  err(
    problem(
      "unsupported-media-type",
      "Send `application/cloudevents+json`, `application/cloudevents-batch+json`, or `ce-` headers with JSON data.",
    ),
  );

function structured(body: Uint8Array): Result<EventsRead> {
  const parsed = parseStrictJson(body, { maxBytes: LIMITS.eventBytes });
  if (!parsed.ok) return parsed;
  const event = fromJson(parsed.value);
  return event.ok ? ok({ batch: false, events: [event] }) : event;
}

function batch(body: Uint8Array): Result<EventsRead> {
  const parsed = parseStrictJson(body, { maxBytes: LIMITS.eventBatchBytes });
  if (!parsed.ok) return parsed;
  if (!Array.isArray(parsed.value)) return err(problem("invalid-request", "A batch is a JSON list of events."));
  const list = parsed.value as readonly Json[];
  if (list.length > LIMITS.eventBatch)
    return err(problem("invalid-request", `A batch may have ${LIMITS.eventBatch} events.`));
  return ok({ batch: true, events: list.map(fromJson) });
}

function binary(headers: Headers, media: string, body: Uint8Array): Result<EventsRead> {
  const attributes: Record<string, Json> = {};
  let fault: string | null = null;
  headers.forEach((value, name) => {
    if (!name.toLowerCase().startsWith("ce-")) return;
    const key = name.toLowerCase().slice(3);
    const decoded = decodeHeader(value);
    if (decoded === null || key === "data" || key === "datacontenttype") fault ??= key;
    else attributes[key] = decoded;
  });
  if (fault !== null) return err(problem("invalid-request", `/${String(fault)}: the header is not acceptable.`));
  if (body.length === 0) return one(fromJson({ ...attributes, data: null }));
  if (!JSON_MEDIA.test(media)) return unsupported();
  const data = parseStrictJson(body, { maxBytes: LIMITS.eventBytes });
  return data.ok ? one(fromJson({ ...attributes, data: data.value })) : data;
}

const one = (event: EventRead): Result<EventsRead> => (event.ok ? ok({ batch: false, events: [event] }) : event);

/** Header values are percent-encoded UTF-8, in quotes or not (HTTP protocol binding, 3.1.3.2). */
function decodeHeader(value: string): string | null {
  const bare = /^"(.*)"$/.exec(value)?.[1]?.replace(/\\(.)/g, "$1") ?? value;
  try {
    return decodeURIComponent(bare);
  } catch {
    return null;
  }
}

function fromJson(value: Json): EventRead {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return err(problem("invalid-request", "An event is a JSON object."));
  // An attribute that is null is one that is absent.
  const present = Object.entries(value as { readonly [key: string]: Json }).filter(
    ([name, part]) => part !== null || name === "data",
  );
  if (present.some(([name]) => name === "data_base64"))
    return err(problem("unsupported-media-type", "/data_base64: only JSON data is taken."));
  const parsed = Attributes.safeParse(Object.fromEntries(present.filter(([name]) => KNOWN.has(name))));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(problem("invalid-request", `/${issue!.path.join("/")}: ${issue!.message}`));
  }
  const extensions = extensionsOf(present.filter(([name]) => !KNOWN.has(name)));
  if (!extensions.ok) return extensions;
  const data = (value as { readonly data?: Json }).data ?? null;
  if (hasReservedKey(data)) return err(problem("invalid-request", "/data: names that start with $ are reserved."));
  if (canonicalize(data).length > LIMITS.signalBytes)
    return err(problem("body-too-large", `\`data\` may have ${LIMITS.signalBytes} characters.`));
  const { source, id, type, subject, time, correlationkey } = parsed.data;
  return ok({
    source,
    id,
    type,
    subject: subject ?? null,
    time: time ?? null,
    data,
    correlationkey: correlationkey ?? null,
    extensions: extensions.value,
  });
}

function extensionsOf(entries: readonly (readonly [string, Json])[]): Result<Record<string, string>> {
  if (entries.length > LIMITS.eventExtensions)
    return err(problem("invalid-request", `An event may have ${LIMITS.eventExtensions} extensions.`));
  const extensions: Record<string, string> = {};
  for (const [name, value] of entries) {
    const isScalar = typeof value === "string" || typeof value === "boolean" || Number.isInteger(value);
    if (!EXTENSION.test(name) || !isScalar || String(value).length > LIMITS.eventAttributeChars)
      return err(problem("invalid-request", `/${name.slice(0, 50)}: not an attribute of an event.`));
    extensions[name] = String(value);
  }
  return ok(extensions);
}
