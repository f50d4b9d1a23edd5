import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskEvent } from "../../../shared/events.ts";
import { testTask } from "../../support/chain.ts";
import { throughProtobuf, withoutDefaults } from "../../support/otlp-schema.ts";
import { TRACEPARENT, tracedTask } from "../../support/trace-task.ts";
import { contextOf, effectTraceparent, spanId } from "../../../shared/trace/ids.ts";
import { ExportTraceServiceRequest, toOtlp } from "../../../shared/trace/otlp.ts";
import { traceOf, type TraceEntry, type TraceRecord, type TraceSource } from "../../../shared/trace/project.ts";

const EXECUTOR = "dev/eu/0";
const TASK = testTask(EXECUTOR, 1);
const AT = 1_790_000_000_000;

const recordsOf = (rounds: readonly (readonly TaskEvent[])[]): TraceRecord[] =>
  rounds.map((events, i) => ({ seq: 3 * i + 1, atMs: AT + 10 * i, events }));
const RECORDS = recordsOf(tracedTask(EXECUTOR, TASK, AT));
/** One entry for every three records. */
const ENTRIES: TraceEntry[] = RECORDS.flatMap(({ seq, atMs }, i) =>
  i % 3 === 2
    ? [
        {
          index: 100 + i,
          id: `evt_${String(i).padStart(26, "a")}`,
          toSeq: seq,
          committedMs: atMs,
          recordedMs: atMs + 4,
        },
      ]
    : [],
);
const source = (records = RECORDS, entries = ENTRIES): TraceSource => ({
  task: TASK,
  executor: EXECUTOR,
  records,
  entries: entries.filter(({ toSeq }) => toSeq <= records.at(-1)!.seq),
});
const trace = traceOf(source())!;
const named = (name: string) => trace.spans.filter((span) => span.name === name);

describe("the trace of a task", () => {
  it("continues the app's trace: its root is a child of the app's span", () => {
    const [root] = named("task refunds");
    expect(trace.context).toEqual({
      traceId: TRACEPARENT.slice(3, 35),
      parent: TRACEPARENT.slice(36, 52),
      sampled: true,
    });
    expect(root).toMatchObject({ parent: "00f067aa0ba902b7", startMs: AT - 7, error: null });
    expect(trace.spans.filter(({ parent }) => parent === "00f067aa0ba902b7")).toEqual([root]);
  });

  it("is one tree without a second copy of a span, from intake to the entries of the ledger", () => {
    const ids = new Set(trace.spans.map((span) => span.spanId));
    expect(ids.size).toBe(trace.spans.length);
    for (const span of trace.spans)
      if (span.parent !== "00f067aa0ba902b7") expect(ids.has(span.parent!), span.name).toBe(true);
    const count = (name: string) => named(name).length;
    expect({
      intake: count("intake"),
      contract: count("check contract"),
      plan: count("plan playbook"),
      sign: count("sign plan"),
      dispatch: count("dispatch plan"),
      admit: count("verify and admit plan"),
      policy: count("decide under policy"),
      review: count("review"),
      permit: count("permit"),
      attempts: count("effect orders.cancel"),
      doubt: count("in doubt"),
      ledger: count("ledger entry"),
      undo: count("step cancel~undo"),
    }).toEqual({
      intake: 1,
      contract: 1,
      plan: 1,
      sign: 1,
      dispatch: 1,
      admit: 1,
      policy: 3,
      review: 1,
      permit: 2,
      attempts: 2,
      doubt: 1,
      ledger: 6,
      undo: 1,
    });
  });

  it("shows each attempt by itself, with what became of it, and how long a person took", () => {
    expect(named("effect orders.cancel").map(({ error }) => error)).toEqual(["target-unavailable", null]);
    const [review] = named("review");
    expect(review!.endMs - review!.startMs).toBe(50);
    expect(review!.moments).toMatchObject([{ name: "attested" }]);
    expect(named("effect orders.ship")[0]!.error).toBe("effect-in-doubt");
  });

  it("holds no person, no value and no name of a record", () => {
    const text = JSON.stringify(toOtlp([{ trace, spans: trace.spans }]));
    for (const kept of ["ada.lovelace", "orders/#W1", "money", "c".repeat(43), "key_test"])
      expect(text).not.toContain(kept);
  });

  it("grows: what was over stays as it was, and each further record only adds spans behind it", () => {
    for (let n = 1; n <= RECORDS.length; n++) {
      const part = traceOf(source(RECORDS.slice(0, n)))!;
      expect(part.spans).toEqual(trace.spans.slice(0, part.spans.length));
      for (const later of trace.spans.slice(part.spans.length))
        expect(later.closedBySeq).toBeGreaterThan(RECORDS[n - 1]!.seq);
    }
  });

  it("has an id of its own where the app sent none, and the same one every time", () => {
    const none = contextOf(TASK, null);
    expect(none).toEqual({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), parent: null, sampled: true });
    expect(contextOf(TASK, `00-${"0".repeat(32)}-00f067aa0ba902b7-01`)).toEqual(none);
    expect(contextOf(TASK, `00-4bf92f3577b34da6a3ce929d0e0e4736-${"0".repeat(16)}-01`)).toEqual(none);
    expect(contextOf(TASK, TRACEPARENT.replace(/01$/, "00")).sampled).toBe(false);
  });

  it("gives an effect's call the id of its own attempt, under which the called system's spans hang", () => {
    const sent = effectTraceparent(TASK, "cancel", 2, TRACEPARENT);
    expect(sent).toBe(`00-${TRACEPARENT.slice(3, 35)}-${named("effect orders.cancel")[1]!.spanId}-01`);
    expect(effectTraceparent(TASK, "cancel", 2, null)).toBeNull();
    expect(spanId(TASK, "a")).not.toBe(spanId(testTask(EXECUTOR, 2), "a"));
  });

  it("is nothing for records that do not begin with the task's opening", () => {
    expect(traceOf(source(RECORDS.slice(1)))).toBeNull();
  });

  it("shows an event of a later version by its name", () => {
    const unknown = { type: "outcome-observed", step: "cancel", verdict: "matched" } as unknown as TaskEvent;
    const more = traceOf(source([...RECORDS, { seq: 999, atMs: AT + 999, events: [unknown] }]))!;
    expect(more.spans.at(-1)).toMatchObject({
      name: "outcome-observed",
      attributes: [["countersign.verdict", "matched"]],
    });
  });

  it("describes a model's call by the conventions for generative AI", () => {
    const [first, ...rest] = tracedTask(EXECUTOR, TASK, AT);
    const model = {
      purpose: "plan",
      tier: "large",
      model: "gpt-5",
      startMs: AT - 6,
      endMs: AT - 1,
      inputTokens: 812,
      outputTokens: 90,
      microCents: 4_000,
      usage: "reported",
      outcome: "ok",
      transcript: null,
    };
    const admitted = first![1]! as TaskEvent & { readonly envelope: { readonly payload: string } };
    const plan = JSON.parse(Buffer.from(admitted.envelope.payload, "base64").toString("utf8")) as object;
    const payload = Buffer.from(JSON.stringify({ ...plan, model: [model] })).toString("base64");
    const withModel = [
      [first![0]!, { ...admitted, envelope: { ...admitted.envelope, payload } } as TaskEvent],
      ...rest,
    ];
    const call = traceOf(source(recordsOf(withModel)))!.spans.find(({ name }) => name === "chat gpt-5");
    expect(call).toMatchObject({ kind: 3, startMs: AT - 6, endMs: AT - 1, parent: named("plan playbook")[0]!.spanId });
    const stopped = { type: "planning-stopped", round: 1, code: "model-timeout", next: "person", calls: [model] };
    const { spans } = traceOf(source(recordsOf([[first![0]!], [stopped as TaskEvent]])))!;
    const planning = spans.find(({ name }) => name === "planning stopped");
    expect(planning).toMatchObject({ startMs: AT - 6, error: "model-timeout" });
    expect(spans.find(({ name }) => name === "chat gpt-5")!.parent).toBe(planning!.spanId);
    expect(Object.fromEntries(call!.attributes)).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "gpt-5",
      "gen_ai.usage.input_tokens": 812,
      "countersign.cost.micro_cents": 4_000,
    });
  });

  it("stays within its bounds, whatever stands in the record", () => {
    const long = { ...(RECORDS[0]!.events[0] as object), automation: "a".repeat(500) } as unknown as TaskEvent;
    const [first, ...rest] = RECORDS;
    const bounded = traceOf(source([{ ...first!, events: [long, first!.events[1]!] }, ...rest]))!;
    const root = bounded.spans.find(({ parent }) => parent === TRACEPARENT.slice(36, 52))!;
    expect(Object.fromEntries(root.attributes)["countersign.automation"]).toHaveLength(200);
  });
});

describe("OTLP/JSON", () => {
  const request = toOtlp([{ trace, spans: trace.spans }]);

  it("is an ExportTraceServiceRequest field by field: nothing is lost on the way through protobuf", () => {
    expect(throughProtobuf(request)).toEqual(withoutDefaults(request));
    expect(ExportTraceServiceRequest.parse(request)).toEqual(request);
  });

  it("is refused by the same check with one wrong field", () => {
    const span = request.resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
    const wrong = [
      { ...span, spanID: span.spanId },
      { ...span, name: 7 },
      { ...span, kind: 9 },
      { ...span, kind: "SPAN_KIND_SERVER" },
      { ...span, traceId: "xyz" },
      { ...span, startTimeUnixNano: 1.5 },
      { ...span, status: { code: 3 } },
      { ...span, attributes: [{ key: "a", value: "b" }] },
      { ...span, attributes: [{ key: "a", value: { stringvalue: "b" } }] },
    ];
    const passes = (value: object) => {
      const altered = { resourceSpans: [{ ...request.resourceSpans[0], scopeSpans: [{ spans: [value] }] }] };
      try {
        expect(throughProtobuf(altered)).toEqual(withoutDefaults(altered));
        return true;
      } catch {
        return false;
      }
    };
    expect(passes(span)).toBe(true);
    expect(wrong.map((value) => passes(value))).toEqual(wrong.map(() => false));
  });

  it("has one resource for each plane, ids in hex and times in nanoseconds", () => {
    const services = request.resourceSpans.map(({ resource }) => resource.attributes[0]!.value);
    expect(services).toEqual(
      ["intent-manager", "executors", "ledger"].map((plane) => ({ stringValue: `countersign-${plane}` })),
    );
    const spans = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    expect(spans.length).toBe(trace.spans.length);
    const root = spans.find(({ name }) => name === "task refunds")!;
    expect(root).toMatchObject({
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      parentSpanId: "00f067aa0ba902b7",
      flags: 0x301,
      kind: 2,
      startTimeUnixNano: `${AT - 7}000000`,
      status: { code: 0 },
    });
    expect(spans.find(({ name }) => name === "intake")!.flags).toBe(0x101);
  });

  it("goes through protobuf unchanged for any part of the trace", () => {
    fc.assert(
      fc.property(fc.subarray([...trace.spans]), (spans) => {
        const part = toOtlp([{ trace, spans }]);
        expect(throughProtobuf(part)).toEqual(withoutDefaults(part));
      }),
      { numRuns: 50 },
    );
  });
});
