import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEvents, type CloudEvent } from "../../shared/cloud-events.ts";
import { compileTriggers, eventKey, matchEvent } from "../../shared/triggers/triggers.ts";
import { Triggers } from "../../shared/triggers/schema.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Json } from "../../shared/json.ts";
import { codeOf, contract, value } from "../support/release.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (headers: Record<string, string>, body: string) => readEvents(new Headers(headers), bytes(body));
const structured = (event: object, type = "application/cloudevents+json") =>
  read({ "content-type": type }, JSON.stringify(event));
const only = (result: ReturnType<typeof readEvents>): CloudEvent => value(value(result).events[0]!);
const EVENT = { specversion: "1.0", id: "e1", source: "/bank", type: "invoice.paid" };
const ce = Object.fromEntries(Object.entries(EVENT).map(([name, part]) => [`ce-${name}`, part]));
const JSON_TYPE = { "content-type": "application/json" };

describe("a CloudEvent", () => {
  it("is the same event in every mode", () => {
    const more = { subject: "inv 1", correlationkey: "k", region: "eu", attempt: 2, final: true };
    const event = { ...EVENT, ...more, data: { cents: 5 } };
    const headers = Object.fromEntries(
      Object.entries(more).map(([name, part]) => [`ce-${name}`, encodeURIComponent(String(part))]),
    );
    const binary = only(read({ ...ce, ...headers, ...JSON_TYPE }, `{"cents":5}`));
    expect(only(structured(event))).toEqual(binary);
    expect(only(structured(event, "application/json; charset=utf-8"))).toEqual(binary);
    expect(only(read({ "content-type": "application/cloudevents-batch+json" }, JSON.stringify([event])))).toEqual(
      binary,
    );
    expect(binary.extensions).toEqual({ region: "eu", attempt: "2", final: "true" });
  });

  it.each<[string, object, string]>([
    ["no id", { ...EVENT, id: undefined }, "invalid-request"],
    ["an empty id", { ...EVENT, id: "" }, "invalid-request"],
    ["null for an id", { ...EVENT, id: null }, "invalid-request"],
    ["no source", { ...EVENT, source: undefined }, "invalid-request"],
    ["a source that is no URI-reference", { ...EVENT, source: "a b" }, "invalid-request"],
    ["no type", { ...EVENT, type: undefined }, "invalid-request"],
    ["another version", { ...EVENT, specversion: "0.3" }, "invalid-request"],
    ["a time that is none", { ...EVENT, time: "yesterday" }, "invalid-request"],
    ["an attribute with a bad name", { ...EVENT, Bad_Name: "x" }, "invalid-request"],
    ["an attribute that is an object", { ...EVENT, extra: {} }, "invalid-request"],
    ["a long attribute", { ...EVENT, extra: "x".repeat(501) }, "invalid-request"],
    ["data of another type", { ...EVENT, datacontenttype: "text/xml", data: "<a/>" }, "invalid-request"],
    ["binary data", { ...EVENT, data_base64: "AA==" }, "unsupported-media-type"],
    ["reserved names in its data", { ...EVENT, data: { a: [{ $ref: "x" }] } }, "invalid-request"],
    ["too much data", { ...EVENT, data: "x".repeat(LIMITS.signalBytes) }, "body-too-large"],
    [
      "too many extensions",
      { ...EVENT, ...Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x${i}`, "1"])) },
      "invalid-request",
    ],
  ])("is refused with %s", (_, event, code) => {
    expect(codeOf(structured(event))).toBe(code);
    const batch = value(read({ "content-type": "application/cloudevents-batch+json" }, JSON.stringify([EVENT, event])));
    expect([batch.events[0]!.ok, codeOf(batch.events[1]!)]).toEqual([true, code]);
  });

  it.each<[string, Record<string, string>, string, string]>([
    [
      "a media type of another format",
      { "content-type": "application/cloudevents+avro" },
      "{}",
      "unsupported-media-type",
    ],
    ["a media type that is no event's", { "content-type": "text/plain" }, "{}", "unsupported-media-type"],
    ["a header that is no UTF-8", { ...ce, "ce-subject": "%ff" }, "", "invalid-request"],
    ["headers and data that is no JSON", { ...ce, "content-type": "text/plain" }, "hello", "unsupported-media-type"],
    ["headers without a type", { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a" }, "", "invalid-request"],
    ["a key twice", { "content-type": "application/cloudevents+json" }, `{"id":"1","id":"2"}`, "invalid-json"],
    ["a batch that is none", { "content-type": "application/cloudevents-batch+json" }, "{}", "invalid-request"],
    [
      "a batch that is too long",
      { "content-type": "application/cloudevents-batch+json" },
      JSON.stringify(Array(LIMITS.eventBatch + 1).fill(EVENT)),
      "invalid-request",
    ],
  ])("is refused with %s", (_, headers, body, code) => {
    expect(codeOf(read(headers, body))).toBe(code);
  });

  it("has a key of its source and id, which no other pair has", () => {
    const text = fc.string({ maxLength: 4 });
    fc.assert(
      fc.property(text, text, text, text, (source, id, otherSource, otherId) => {
        const same = source === otherSource && id === otherId;
        expect(eventKey({ source, id }) === eventKey({ source: otherSource, id: otherId })).toBe(same);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a trigger", () => {
  const input = contract({ invoice: { type: "string" }, cents: { type: "integer" } }, ["cents"]);
  const paid = { id: "paid", event: { type: "invoice.paid" }, input: { invoice: { $cel: "event.data.invoice" } } };
  const compile = (...triggers: object[]) => compileTriggers(Triggers.parse(triggers), input);
  const match = (trigger: object, data: Json, more: object = {}) =>
    matchEvent(value(compile(trigger)), only(structured({ ...EVENT, data, ...more })));

  it("computes its input from the event", () => {
    const trigger = { ...paid, input: { ...paid.input, cents: 5 }, purpose: "billing" };
    expect(match(trigger, { invoice: "i1" })).toEqual({
      trigger: "paid",
      purpose: "billing",
      input: { invoice: "i1", cents: 5 },
    });
  });

  it("matches by type, source and condition", () => {
    const event = { ...paid.event, source: "/bank", when: 'event.data.cents > 5 && event.extensions.region == "eu"' };
    const at = (data: object, more: object) => match({ ...paid, event }, data as Json, more);
    expect(at({ invoice: "i", cents: 6 }, { region: "eu" })).toMatchObject({ trigger: "paid" });
    expect(at({ invoice: "i", cents: 5 }, { region: "eu" })).toBeNull();
    expect(at({ invoice: "i", cents: 6 }, { region: "eu", source: "/bank/2" })).toBeNull();
    expect(at({ invoice: "i", cents: 6 }, { region: "eu", type: "invoice.due" })).toBeNull();
  });

  it("says so where its condition or its input cannot be computed, and matches nothing", () => {
    expect(match({ ...paid, event: { ...paid.event, when: "event.data.cents > 5" } }, {})).toMatchObject({
      code: "trigger-failed",
    });
    expect(match(paid, {})).toMatchObject({ code: "trigger-failed", facts: { trigger: "paid" } });
  });

  it("is the first of its automation that matches", () => {
    const compiled = value(
      compile(
        { ...paid, id: "large", event: { ...paid.event, when: "event.data.cents > 100" } },
        { ...paid, id: "any" },
        { ...paid, id: "never" },
      ),
    );
    const set = (cents: number) => matchEvent(compiled, only(structured({ ...EVENT, data: { invoice: "i", cents } })));
    expect([set(101), set(1)]).toMatchObject([{ trigger: "large" }, { trigger: "any" }]);
  });

  it.each<[string, object[]]>([
    ["an id twice", [paid, paid]],
    ["an input that the contract does not have", [{ ...paid, input: { ...paid.input, other: 1 } }]],
    ["no value for what the contract requires", [{ ...paid, input: {} }]],
    ["an expression over something else", [{ ...paid, input: { invoice: { $cel: "intent.input.x" } } }]],
    ["a reference", [{ ...paid, input: { invoice: { $ref: "steps.a.result#/x" } } }]],
    ["a condition that does not parse", [{ ...paid, event: { ...paid.event, when: "event.(" } }]],
  ])("is not compiled with %s", (_, triggers) => {
    expect(codeOf(compile(...triggers))).toBe("triggers-invalid");
  });
});
