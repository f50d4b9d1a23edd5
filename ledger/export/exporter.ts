/**
 * Export of one tenant's traces to an OpenTelemetry collector, over OTLP/HTTP. It follows the log behind a cursor of its own, as a read model
 * does, and stands in nobody's way: the sequencer only wakes it.
 *
 * T1  A task's trace is sent when the task has ended, or when records of it have waited for `exportOpenMs`; what follows is sent as further
 *     spans of the same trace.
 * T2  Nothing is counted as sent before the collector accepted it. What was sent and not written down is sent again with the same ids, so a
 *     collector that goes by ids has each span once.
 * T3  What is not sent is counted by its reason, and waits at most `exportKeepMs`.
 *
 * wake()   an alarm is set; nothing is sent in the caller's time
 * alarm()  one go: reads on, sends what is due, sets the next alarm; never throws
 * state()  how the export stands
 */
import { ceilingMs } from "../../shared/backoff.ts";
import { ENTRY_TYPES } from "../../shared/entry.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ObjectStorage, Platform } from "../../shared/platform.ts";
import type { TraceExportState } from "../../shared/trace/export-state.ts";
import { toOtlp, type TracePart } from "../../shared/trace/otlp.ts";
import { traceOf } from "../../shared/trace/project.ts";
import { traceSource } from "../../shared/trace/source.ts";
import { readEntries, type LogStore } from "../outside/log-store.ts";
import { recordedOf } from "../queries/recorded.ts";
import { readHead } from "../store.ts";
import { ExportBook, type Counters, type Passed, type Pending } from "./book.ts";
import { send, type Fetch } from "./send.ts";
import { collectorOf, type Collector, type ExportSettings } from "./settings.ts";

export type ExporterParts = {
  readonly tenant: string;
  readonly platform: Pick<Platform, "nowMs" | "log">;
  readonly storage: Pick<ObjectStorage, "sql" | "transactionSync" | "getAlarm" | "setAlarm" | "deleteAlarm">;
  readonly store: () => LogStore;
  readonly settings: ExportSettings;
  readonly fetch: Fetch;
};

/** What one request carries of one task. */
type Part = TracePart & { readonly pending: Pending; readonly isLast: boolean };
type Made = { readonly parts: readonly Part[]; readonly done: readonly string[]; readonly counted: Partial<Counters> };

export class TraceExporter {
  readonly #parts: ExporterParts;
  readonly #book: ExportBook;
  /** Spans of one request; halved while a collector finds requests too large. */
  #spans: number = LIMITS.exportSpans;
  #isWoken = false;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
    this.#book = new ExportBook(parts.storage);
  }

  async wake(): Promise<void> {
    this.#isWoken = true;
    await this.#wakeAt(this.#parts.platform.nowMs() + LIMITS.exportDelayMs);
  }

  async alarm(): Promise<void> {
    const { platform, storage } = this.#parts;
    this.#isWoken = false;
    // Set before anything is done: an object that stops in the middle is woken again.
    await this.#wakeAt(platform.nowMs() + LIMITS.exportBaseMs);
    let nextMs: number | null = null;
    try {
      nextMs = await this.#go();
    } catch (cause) {
      const what = cause instanceof Error ? cause.message.slice(0, 200) : "unknown";
      platform.log("trace export", { error: what });
      nextMs = this.#failed(what, 0);
    }
    // Whoever woke it meanwhile found an alarm and set none.
    if (this.#isWoken) nextMs = Math.min(nextMs ?? Infinity, platform.nowMs() + LIMITS.exportDelayMs);
    if (nextMs === null) await storage.deleteAlarm();
    else await storage.setAlarm(Math.max(nextMs, platform.nowMs()));
  }

  async state(): Promise<TraceExportState> {
    const { state } = this.#book;
    const { count, oldestMs } = this.#book.waiting();
    const head = await readHead(this.#parts.store().db, this.#parts.tenant);
    const collector = collectorOf(this.#parts.settings);
    const { sentSpans, sentTraces, retries, ...dropped } = state.counters;
    const isFailing = state.failures > 0 && state.lastError !== null;
    return {
      endpoint: collector === null ? null : collector === "invalid" ? "invalid" : collector.shown,
      lag: collector === null ? 0 : Math.max(0, (head?.size ?? 0) - (state.cursor ?? 0)),
      pending: count,
      oldestAt: oldestMs === null ? null : iso(oldestMs),
      sentSpans,
      sentTraces,
      retries,
      dropped,
      lastSentAt: state.lastSentMs === null ? null : iso(state.lastSentMs),
      failing: isFailing
        ? { at: iso(state.lastError.atMs), what: state.lastError.what, untilAt: iso(state.waitUntilMs) }
        : null,
      lastError: state.lastError === null ? null : { at: iso(state.lastError.atMs), what: state.lastError.what },
    };
  }

  /** @returns when to go on, null where there is nothing left */
  async #go(): Promise<number | null> {
    const { platform, settings } = this.#parts;
    const collector = collectorOf(settings);
    if (collector === null) return null;
    if (collector === "invalid") return this.#failed("OTEL_EXPORTER_OTLP_ENDPOINT or _HEADERS cannot be read", 0);
    const isBehind = await this.#follow();
    const nowMs = platform.nowMs();
    this.#expire(nowMs);
    if (nowMs < this.#book.state.waitUntilMs) return this.#book.state.waitUntilMs;
    if (await this.#sendNext(collector)) return platform.nowMs();
    const { waitUntilMs } = this.#book.state;
    if (waitUntilMs > platform.nowMs() && this.#book.waiting().count > 0) return waitUntilMs;
    if (isBehind) return platform.nowMs() + LIMITS.exportDelayMs;
    return this.#book.waiting().nextMs;
  }

  /** Takes up entries behind the cursor. @returns whether there were any */
  async #follow(): Promise<boolean> {
    const { tenant, platform, store } = this.#parts;
    if (this.#book.waiting().count >= LIMITS.exportPending) return true;
    const nowMs = platform.nowMs();
    const cursor = this.#book.state.cursor ?? (await this.#begin(nowMs));
    const entries = await readEntries(store(), tenant, cursor, LIMITS.projectionEntries);
    const head = entries.length > 0 ? null : await readHead(store().db, tenant);
    // A database that went back to an earlier moment has fewer entries: what it has was sent.
    const next = head === null ? cursor + entries.length : Math.min(cursor, head.size);
    if (next !== this.#book.state.cursor) this.#book.pass(next, entries.flatMap(passedBy), nowMs);
    return entries.length > 0;
  }

  /** Where an export that has not read anything begins. */
  async #begin(nowMs: number): Promise<number> {
    const row = await this.#parts
      .store()
      .db.prepare("SELECT size FROM batches WHERE tenant = ? AND at_ms < ? ORDER BY seq DESC LIMIT 1")
      .bind(this.#parts.tenant, nowMs - LIMITS.exportBacklogMs)
      .first<{ size: number }>();
    return row?.size ?? 0;
  }

  #expire(nowMs: number): void {
    const expired = this.#book.expire(nowMs - LIMITS.exportKeepMs);
    if (expired > 0) this.#parts.platform.log("trace export gave up", { traces: expired, reason: "expired" });
  }

  /** Sends one request with what is due. @returns whether there may be more that can be sent now */
  async #sendNext(collector: Collector): Promise<boolean> {
    const { platform } = this.#parts;
    const due = this.#book.due(platform.nowMs(), LIMITS.exportTraces);
    if (due.length === 0) return false;
    const { parts, done, counted } = await this.#make(due);
    const spans = parts.reduce((sum, part) => sum + part.spans.length, 0);
    if (spans === 0) {
      this.#settle(parts, done, counted, {});
      return true;
    }
    const sent = await send(this.#parts.fetch, collector, JSON.stringify(toOtlp(parts)), platform.nowMs());
    const nowMs = platform.nowMs();
    switch (sent.kind) {
      case "accepted": {
        const { rejected, message } = sent;
        const sentSpans = Math.max(0, spans - rejected);
        const sentTraces = parts.filter(({ isLast }) => isLast).length;
        const lastError = rejected > 0 ? { atMs: nowMs, what: `rejected ${rejected} spans: ${message ?? ""}` } : null;
        this.#settle(
          parts,
          done,
          { ...counted, sentSpans, sentTraces, rejected },
          {
            failures: 0,
            waitUntilMs: 0,
            lastSentMs: nowMs,
            ...(lastError === null ? {} : { lastError }),
          },
        );
        return true;
      }
      case "later":
        this.#failed(sent.what, sent.afterMs, { retries: 1 });
        return false;
      case "too-large":
        if (spans === 1) return this.#refused(parts, done, { ...counted, refused: 1 }, sent.what);
        this.#spans = Math.max(1, Math.floor(Math.min(spans, this.#spans) / 2));
        return true;
      case "refused":
        return this.#refused(parts, done, { ...counted, refused: spans }, sent.what);
    }
  }

  /** The specification forbids to send this request again; the next one waits, so that a wrong setting does not use up everything at once. */
  #refused(parts: readonly Part[], done: readonly string[], counted: Partial<Counters>, what: string): false {
    this.#settle(parts, done, counted, {});
    this.#failed(what, 0);
    this.#parts.platform.log("trace export was refused", { spans: counted.refused ?? 0, reason: what });
    return false;
  }

  /** Spans of the tasks that are due, as many as one request takes. */
  async #make(due: readonly Pending[]): Promise<Made> {
    const parts: Part[] = [];
    const done: string[] = [];
    const counted = { unsampled: 0, unreadable: 0 };
    let room = this.#spans;
    let chars = LIMITS.exportChars;
    for (const pending of due) {
      if (room === 0 || chars <= 0) break;
      const trace = await this.#traceOf(pending.task);
      if (trace === null || !trace.context.sampled) {
        counted[trace === null ? "unreadable" : "unsampled"] += 1;
        done.push(pending.task);
        continue;
      }
      const spans = trace.spans.filter(({ closedBySeq }) => closedBySeq > pending.afterSeq).slice(pending.sent);
      const taken = spans.slice(0, room);
      room -= taken.length;
      chars -= JSON.stringify(taken).length;
      parts.push({ trace, spans: taken, pending, isLast: taken.length === spans.length });
    }
    return { parts, done, counted };
  }

  /** The trace as far as the cursor has come: what lies behind it makes a row of its own later (B1). */
  async #traceOf(task: string) {
    const { tenant, store } = this.#parts;
    const { cursor } = this.#book.state;
    const { entries } = await recordedOf(store(), tenant, task);
    try {
      const source = traceSource(
        task,
        entries.filter(({ index }) => index < cursor!),
      );
      return source === null ? null : traceOf(source);
    } catch {
      return null;
    }
  }

  /** Writes down what became of what was made (B2). */
  #settle(
    parts: readonly Part[],
    done: readonly string[],
    counted: Partial<Counters>,
    change: Parameters<ExportBook["save"]>[0],
  ): void {
    this.#book.save({ ...change, counters: this.#book.counted(counted) }, () => {
      for (const task of done) this.#book.done(task);
      for (const { pending, spans, isLast } of parts)
        if (isLast) this.#book.done(pending.task);
        else this.#book.sentTo(pending.task, pending.sent + spans.length);
    });
  }

  /** @returns until when the export waits */
  #failed(what: string, afterMs: number, counted: Partial<Counters> = {}): number {
    const nowMs = this.#parts.platform.nowMs();
    const failures = this.#book.state.failures + 1;
    const policy = { baseMs: LIMITS.exportBaseMs, factor: 2, capMs: LIMITS.exportCapMs };
    const waitUntilMs = nowMs + Math.max(afterMs, ceilingMs(policy, failures));
    const counters = this.#book.counted(counted);
    this.#book.save({ failures, waitUntilMs, counters, lastError: { atMs: nowMs, what } });
    return waitUntilMs;
  }

  async #wakeAt(atMs: number): Promise<void> {
    const { storage } = this.#parts;
    const set = await storage.getAlarm();
    if (set === null || set > atMs) await storage.setAlarm(atMs);
  }
}

/** What the cursor passes with an entry; entries that are not of a task concern no trace. */
function passedBy({ body }: { readonly body: string }): Passed[] {
  const entry = JSON.parse(body) as {
    readonly type: string;
    readonly subject: string;
    readonly data: { readonly records?: readonly { seq: number; atMs: number; events: readonly { type: string }[] }[] };
  };
  const records = entry.data.records;
  if (entry.type !== ENTRY_TYPES.task || records === undefined || records.length === 0) return [];
  const [first] = records;
  const settled = records.some(({ events }) => events.some(({ type }) => type === "task-settled"));
  return [{ task: entry.subject, fromSeq: first!.seq, atMs: first!.atMs, settled }];
}

const iso = (ms: number): string => new Date(ms).toISOString();
