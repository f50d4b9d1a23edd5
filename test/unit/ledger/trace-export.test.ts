/** The export of traces against a collector on this machine that takes, fails, stalls, slows down, refuses and takes in part. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newTenantKeys, newWorkerKeys, trustOf } from "../../../scripts/lib/keys.ts";
import { arrive } from "../../../ledger/arrival.ts";
import { TraceExporter } from "../../../ledger/export/exporter.ts";
import { retryAfterMs, type Fetch } from "../../../ledger/export/send.ts";
import { collectorOf, type ExportSettings } from "../../../ledger/export/settings.ts";
import { recordedOf } from "../../../ledger/queries/recorded.ts";
import { TenantSequencer } from "../../../ledger/sequencer.ts";
import type { TaskEvent } from "../../../shared/events.ts";
import { keyId, type PublicJwk } from "../../../shared/keys.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { toOtlp } from "../../../shared/trace/otlp.ts";
import { traceOf } from "../../../shared/trace/project.ts";
import { traceSource } from "../../../shared/trace/source.ts";
import { Trust } from "../../../shared/trust.ts";
import { opened, settled, TestChain, testTask } from "../../support/chain.ts";
import { testStorage } from "../../support/object-storage.ts";
import { answering, otlpReceiver } from "../../support/otlp-receiver.ts";
import { openLedgerDatabase } from "../../support/sqlite-d1.ts";
import { TRACEPARENT, tracedTask } from "../../support/trace-task.ts";

const TENANT = "acme";
const EXECUTOR = `${TENANT}/eu/0`;
const AT = 1_790_000_000_000;
const keys = newWorkerKeys();
const trust = trustOf(keys, [newTenantKeys(TENANT)]);
const config = {
  trust: Trust.parse(trust),
  receiptKeys: new Map<string, PublicJwk>([[keyId(keys.receiptKey), keys.receiptKey]]),
};
let collector: Awaited<ReturnType<typeof otlpReceiver>>;
beforeAll(async () => {
  collector = await otlpReceiver();
});
afterAll(() => collector.close());
beforeEach(() => {
  collector.requests.length = 0;
  collector.state.behave = null;
});

/** A ledger with a chain, and the export over it under a clock that the test moves. */
function newWorld(settings: ExportSettings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }) {
  const clock = { nowMs: AT + 1_000 };
  const database = openLedgerDatabase();
  const store = () => ({ db: database, archive: null });
  const chain = new TestChain(EXECUTOR, keys.receiptKey);
  const platform = {
    nowMs: () => clock.nowMs,
    randomBytes: (count: number) => new Uint8Array(count),
    setTimer: () => () => {},
    log: () => {},
  };
  const sequencer = new TenantSequencer({
    tenant: TENANT,
    platform,
    storage: { getAlarm: async () => null, setAlarm: async () => {} },
    database: () => database,
    settings: { TRUST: JSON.stringify(trust), CHECKPOINT_KEY: JSON.stringify(keys.checkpointKey) },
    waitUntil: () => {},
  });
  const storage = testStorage();
  const newExporter = (through: Fetch = fetch) =>
    new TraceExporter({ tenant: TENANT, platform, storage, store, settings, fetch: through });
  const exporter = newExporter();
  return {
    clock,
    storage,
    newExporter,
    exporter,
    task: testTask(EXECUTOR, 1),
    async record(task: string, rounds: readonly (readonly TaskEvent[])[]): Promise<void> {
      for (const events of rounds) chain.write(task, events);
      const arrival = await arrive(await chain.deliver(), config);
      if (!arrival.ok) throw new Error(JSON.stringify(arrival.problem));
      const answer = await sequencer.append(arrival.value);
      if (!answer.ok) throw new Error(answer.problem.code);
      await exporter.wake();
    },
    /** Fires the alarm as the platform does, while there is one in time. */
    async run(running = exporter, untilMs = clock.nowMs + LIMITS.exportDelayMs): Promise<void> {
      for (let turn = 0; storage.alarm.atMs !== null && storage.alarm.atMs <= untilMs; turn++) {
        if (turn > 1_000) throw new Error("the export never sleeps");
        clock.nowMs = Math.max(clock.nowMs, storage.alarm.atMs);
        storage.alarm.atMs = null;
        await running.alarm();
      }
      clock.nowMs = Math.max(clock.nowMs, untilMs);
    },
    /** The whole trace as it is projected from what is recorded. */
    async expected(task: string) {
      const { entries } = await recordedOf(store(), TENANT, task);
      const trace = traceOf(traceSource(task, entries)!)!;
      return toOtlp([{ trace, spans: trace.spans }]).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans[0]!.spans);
    },
  };
}
const byId = <T extends { readonly spanId: string }>(spans: readonly T[]): T[] =>
  spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
/** Records of the task up to its end, and what came after. */
const whole = (task: string) => tracedTask(EXECUTOR, task, AT);
const END = 15;

describe("the export of traces", () => {
  it("sends the trace of a task that has ended, once and whole, and then sleeps", async () => {
    const world = newWorld({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=s%2Dcret, x-scope=a",
    });
    await world.record(world.task, whole(world.task).slice(0, END));
    await world.run();
    expect(byId(collector.spans())).toEqual(byId(await world.expected(world.task)));
    expect(collector.requests[0]!.headers).toMatchObject({ "api-key": "s-cret", "x-scope": "a" });
    expect(collector.wrong).toEqual([]);
    expect(world.storage.alarm.atMs).toBeNull();
    expect(await world.exporter.state()).toMatchObject({ lag: 0, pending: 0, sentTraces: 1, failing: null });
    expect(JSON.stringify(await world.exporter.state())).not.toContain("cret");
  });

  it("sends what a task did so far when it waits long, and what follows as further spans of the same trace", async () => {
    const world = newWorld();
    const rounds = whole(world.task);
    await world.record(world.task, rounds.slice(0, 4));
    await world.run();
    expect(collector.spans()).toEqual([]);
    await world.run(world.exporter, world.clock.nowMs + LIMITS.exportOpenMs);
    const early = collector.spans().length;
    expect(early).toBeGreaterThan(0);
    await world.record(world.task, rounds.slice(4, END));
    await world.run();
    expect(collector.spans().length).toBeGreaterThan(early);
    await world.record(world.task, rounds.slice(END));
    await world.run(world.exporter, world.clock.nowMs + LIMITS.exportOpenMs + 1_000);
    expect(byId(collector.spans())).toEqual(byId(await world.expected(world.task)));
  });

  it("waits as long as a busy collector asks, longer each time where it asks for nothing, and loses nothing", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task));
    collector.state.behave = answering(429, { "retry-after": "30" });
    const startMs = world.clock.nowMs;
    await world.run();
    expect((await world.exporter.state()).failing).toMatchObject({ what: "HTTP 429" });
    expect(world.storage.alarm.atMs! - startMs).toBeGreaterThanOrEqual(30_000);
    const pauses: number[] = [];
    collector.state.behave = answering(503);
    for (let i = 0; i < 4; i++) {
      world.clock.nowMs = world.storage.alarm.atMs!;
      await world.run(world.exporter, world.clock.nowMs);
      pauses.push(world.storage.alarm.atMs! - world.clock.nowMs);
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000]);
    collector.state.behave = null;
    await world.run(world.exporter, world.clock.nowMs + 60_000);
    expect(byId(collector.spans())).toEqual(byId(await world.expected(world.task)));
    const after = await world.exporter.state();
    expect(after).toMatchObject({ retries: 5, failing: null, pending: 0, lastError: { what: "HTTP 503" } });
  });

  it("gives up waiting for a collector that stalls, or hangs up, and sends the same again", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task).slice(0, END));
    collector.state.behave = () => true;
    const impatient = world.newExporter((url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(100) }));
    await world.run(impatient);
    expect((await impatient.state()).failing?.what).toBe("no answer in time");
    collector.state.behave = (response) => {
      response.destroy();
      return true;
    };
    await world.run(impatient, world.clock.nowMs + 1_500);
    expect((await impatient.state()).failing?.what).toBe("no connection");
    collector.state.behave = null;
    await world.run(impatient, world.clock.nowMs + 60_000);
    expect(byId(collector.spans())).toEqual(byId(await world.expected(world.task)));
  });

  it("counts what a collector takes out of a request that it accepts, and does not send it again", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task).slice(0, END));
    const answer = JSON.stringify({ partialSuccess: { rejectedSpans: "3", errorMessage: "too old" } });
    collector.state.behave = answering(200, { "content-type": "application/json" }, answer);
    await world.run(world.exporter, world.clock.nowMs + 60_000);
    const state = await world.exporter.state();
    expect(state).toMatchObject({
      pending: 0,
      failing: null,
      dropped: { rejected: 3 },
      lastError: { what: "rejected 3 spans: too old" },
    });
    expect(state.sentSpans).toBe((await world.expected(world.task)).length - 3);
  });

  it("does not repeat what is refused for good, counts it, and goes on with what follows", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task).slice(0, END));
    collector.state.behave = answering(400);
    await world.run();
    collector.state.behave = null;
    await world.run(world.exporter, world.clock.nowMs + 60_000);
    expect(collector.requests).toEqual([]);
    const refused = (await world.expected(world.task)).length;
    expect(await world.exporter.state()).toMatchObject({
      pending: 0,
      dropped: { refused },
      lastError: { what: "HTTP 400" },
    });
    const next = testTask(EXECUTOR, 2);
    await world.record(next, whole(next).slice(0, END));
    await world.run(world.exporter, world.clock.nowMs + 60_000);
    expect(byId(collector.spans())).toEqual(byId(await world.expected(next)));
    expect((await world.exporter.state()).failing).toBeNull();
  });

  it("makes requests smaller for a collector that finds them too large", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task).slice(0, END));
    collector.state.behave = (response, spans) => {
      if (spans.length <= 5) return false;
      response.writeHead(413).end();
      return true;
    };
    await world.run(world.exporter, world.clock.nowMs + 60_000);
    expect(collector.requests.length).toBeGreaterThan(4);
    expect(byId(collector.spans())).toEqual(byId(await world.expected(world.task)));
  });

  it("has one whole trace at the collector after a crash between its answer and what was to be written down", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task).slice(0, END));
    let arrived = () => {};
    const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
    // The collector has it, and the object is gone before it knows.
    const dying = world.newExporter(async (url, init) => {
      await fetch(url, init);
      arrived();
      return new Promise<Response>(() => {});
    });
    world.clock.nowMs = world.storage.alarm.atMs!;
    world.storage.alarm.atMs = null;
    void dying.alarm();
    await hasArrived;
    expect(world.storage.alarm.atMs).not.toBeNull(); // set before anything was done
    await world.run(world.newExporter(), world.clock.nowMs + 60_000);
    expect(collector.requests.length).toBe(2);
    const unique = new Map(collector.spans().map((span) => [span.spanId, span]));
    expect(byId([...unique.values()])).toEqual(byId(await world.expected(world.task)));
    for (const span of collector.spans()) expect(span).toEqual(unique.get(span.spanId));
  });

  it("gives up after a day, and says how many", async () => {
    const world = newWorld();
    await world.record(world.task, whole(world.task).slice(0, END));
    collector.state.behave = answering(503);
    await world.run();
    world.clock.nowMs += LIMITS.exportKeepMs;
    await world.run();
    expect(await world.exporter.state()).toMatchObject({ pending: 0, dropped: { expired: 1 } });
  });

  it("leaves out what the app asked not to record", async () => {
    const world = newWorld();
    const traceparent = TRACEPARENT.replace(/01$/, "00");
    await world.record(world.task, [[{ ...opened(EXECUTOR), traceparent } as TaskEvent], [settled()]]);
    await world.run();
    expect(collector.requests).toEqual([]);
    expect(await world.exporter.state()).toMatchObject({ pending: 0, dropped: { unsampled: 1 } });
  });

  it("sends many tasks in bounded requests, each span once", async () => {
    const world = newWorld();
    const tasks = Array.from({ length: 40 }, (_, i) => testTask(EXECUTOR, i));
    for (const task of tasks) await world.record(task, whole(task).slice(0, END));
    await world.run();
    const ids = collector.spans().map(({ traceId, spanId }) => `${traceId} ${spanId}`);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(40 * (await world.expected(tasks[0]!)).length);
    expect(Math.max(...collector.requests.map(({ spans }) => spans.length))).toBeLessThanOrEqual(LIMITS.exportSpans);
    expect(collector.requests.length).toBeLessThan(6);
  });

  it("sends nothing without a collector, and says of settings that it cannot read that they are wrong", async () => {
    const none = newWorld({});
    await none.record(none.task, whole(none.task));
    await none.run();
    expect(await none.exporter.state()).toMatchObject({ endpoint: null, lag: 0 });
    const wrong = newWorld({ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://example.com" });
    await wrong.record(wrong.task, whole(wrong.task));
    await wrong.run();
    expect(await wrong.exporter.state()).toMatchObject({ endpoint: "invalid", failing: { what: expect.any(String) } });
    expect(collectorOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://u:p@example.com" })).toBe("invalid");
    expect(collectorOf({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://x.example", OTEL_EXPORTER_OTLP_HEADERS: "a b=c" })).toBe(
      "invalid",
    );
  });

  it("reads Retry-After in seconds and as a date, within bounds", () => {
    expect(retryAfterMs("7", AT)).toBe(7_000);
    expect(retryAfterMs(new Date(AT + 9_000).toUTCString(), AT)).toBe(9_000);
    expect(retryAfterMs("999999999", AT)).toBe(LIMITS.retryAfterMs);
    expect([retryAfterMs("soon", AT), retryAfterMs(null, AT), retryAfterMs("-5", AT)]).toEqual([0, 0, 0]);
  });
});
