/**
 * One correlation key of one tenant: the events that came under it and the steps that wait for them. An event may come before its step
 * waits, and twice; each task gets each event once.
 *
 * Stored: events (for a time), subscriptions, deliveries.
 *
 *  C1  An event is durable before its sender is answered; a subscription before its executor is.
 *  C2  An event is handed to every task that waits for its type, once per task; the executor decides whether its step takes it.
 *  C3  What could not be handed on is tried again by the alarm until the subscription or the event ends.
 *
 * deliver()    accepted | duplicate | refused { idempotency-conflict, overloaded }
 * subscribe()  accepted | refused { overloaded }
 */
import { canonicalize } from "../shared/canonical.ts";
import type { Json } from "../shared/json.ts";
import { LIMITS } from "../shared/limits.ts";
import { within, type ObjectStorage, type Platform } from "../shared/platform.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { CorrelatedEvent, ExecutorRpc } from "../shared/rpc.ts";

export type Subscription = {
  readonly executor: string;
  readonly task: string;
  readonly step: string;
  readonly type: string;
  readonly untilMs: number;
};
export type Delivered = { readonly duplicate: boolean; readonly taken: number };
export type CorrelationDeps = {
  readonly storage: ObjectStorage;
  readonly platform: Platform;
  readonly executorOf: (name: string) => Pick<ExecutorRpc, "takeEvent">;
};

const TABLES = `
  CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS events (source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS subscriptions (task TEXT NOT NULL, step TEXT NOT NULL, executor TEXT NOT NULL, type TEXT NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (task, step)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS deliveries (task TEXT NOT NULL, source TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (task, source, id)) WITHOUT ROWID;`;

type EventRow = { source: string; id: string; type: string; data: string };
type SubscriptionRow = { task: string; step: string; executor: string; type: string; until_ms: number };

export class CorrelationBook {
  readonly #deps: CorrelationDeps;
  readonly #sql: SqlStorage;
  #pumping: Promise<number> | null = null;
  /** Runs of the alarm in a row that could not hand everything on. */
  #failures = 0;

  constructor(deps: CorrelationDeps) {
    this.#deps = deps;
    this.#sql = deps.storage.sql;
    this.#sql.exec(TABLES);
  }

  async deliver(key: string, event: CorrelatedEvent): Promise<Result<Delivered>> {
    this.#prune();
    const data = canonicalize(event.data);
    const known = this.#sql
      .exec<EventRow>("SELECT source, id, type, data FROM events WHERE source = ? AND id = ?", event.source, event.id)
      .toArray()[0];
    if (known !== undefined && (known.type !== event.type || known.data !== data))
      return err(problem("idempotency-conflict", "This source and id were used for another event."));
    if (known === undefined) {
      if (this.#count("events") >= LIMITS.correlationEvents)
        return err(problem("overloaded", "Too many events are kept under this key."));
      this.#remember(key);
      this.#sql.exec(
        "INSERT INTO events (source, id, type, data, at_ms) VALUES (?, ?, ?, ?, ?)",
        event.source,
        event.id,
        event.type,
        data,
        this.#deps.platform.nowMs(),
      );
    }
    await this.#commit();
    return ok({ duplicate: known !== undefined, taken: await this.#pump() });
  }

  /** The same subscription again renews it. */
  async subscribe(key: string, { executor, task, step, type, untilMs }: Subscription): Promise<Result<null>> {
    this.#prune();
    const known = this.#sql.exec("SELECT 1 FROM subscriptions WHERE task = ? AND step = ?", task, step).toArray();
    if (known.length === 0 && this.#count("subscriptions") >= LIMITS.correlationSubscriptions)
      return err(problem("overloaded", "Too many steps wait under this key."));
    this.#remember(key);
    this.#sql.exec(
      "INSERT INTO subscriptions (task, step, executor, type, until_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (task, step) DO UPDATE SET until_ms = excluded.until_ms",
      task,
      step,
      executor,
      type,
      untilMs,
    );
    await this.#commit();
    // Not awaited: the executor is told through the same door as by a later event.
    void this.#pump().catch(() => {});
    return ok(null);
  }

  /**
   * Forgets tasks whose data subject was erased: their subscriptions, and the events that they waited for or were given. Other tasks under the
   * key keep their subscriptions; such an event does not come to them any more.
   */
  async forget(tasks: readonly string[]): Promise<void> {
    const list = JSON.stringify(tasks);
    this.#sql.exec(
      `DELETE FROM events WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.source = events.source AND d.id = events.id AND d.task IN (SELECT value FROM json_each(?1)))
         OR type IN (SELECT type FROM subscriptions WHERE task IN (SELECT value FROM json_each(?1)))`,
      list,
    );
    this.#sql.exec("DELETE FROM subscriptions WHERE task IN (SELECT value FROM json_each(?))", list);
    this.#sql.exec("DELETE FROM deliveries WHERE task IN (SELECT value FROM json_each(?))", list);
    await this.#commit();
  }

  async alarm(): Promise<void> {
    await this.#deps.storage.setAlarm(this.#deps.platform.nowMs() + LIMITS.correlationRetryMs);
    this.#prune();
    await this.#pump();
    await this.#rearm();
  }

  /** C3: whoever restarts finds the alarm set. */
  async #commit(): Promise<void> {
    await this.#deps.storage.setAlarm(this.#deps.platform.nowMs() + LIMITS.correlationRetryMs);
    await this.#deps.storage.sync();
  }

  async #rearm(): Promise<void> {
    const nowMs = this.#deps.platform.nowMs();
    if (this.#pending() !== null) {
      this.#failures = Math.min(this.#failures + 1, 6);
      return this.#deps.storage.setAlarm(nowMs + LIMITS.correlationRetryMs * 2 ** this.#failures);
    }
    this.#failures = 0;
    const { at } = this.#sql
      .exec<{ at: number | null }>(
        "SELECT min(at) AS at FROM (SELECT min(until_ms) AS at FROM subscriptions UNION ALL SELECT min(at_ms) + ? FROM events)",
        LIMITS.correlationTtlMs,
      )
      .one();
    if (at !== null) return this.#deps.storage.setAlarm(Math.max(nowMs, at) + 1);
    // The key may be somebody's name or number: it goes with the last thing that it was for.
    this.#sql.exec("DELETE FROM keys");
    return this.#deps.storage.deleteAlarm();
  }

  /** Hands on what can be, one after another; a call that comes meanwhile joins the run after this one. */
  async #pump(): Promise<number> {
    await this.#pumping?.catch(() => {});
    if (this.#pumping !== null) return this.#pump();
    this.#pumping = this.#handOn();
    try {
      return await this.#pumping;
    } finally {
      this.#pumping = null;
    }
  }

  async #handOn(): Promise<number> {
    const tried: string[] = [];
    let taken = 0;
    for (;;) {
      const next = this.#pending(tried);
      if (next === null) return taken;
      const { subscription, event, key } = next;
      const { task, step, executor } = subscription;
      const answer = await within<Result<"taken" | "late"> | null>(
        this.#deps.platform,
        LIMITS.fanOutMs,
        () => {
          const data = JSON.parse(event.data) as Json;
          const { source, id, type } = event;
          return this.#deps.executorOf(executor).takeEvent({ task, step, key, event: { source, id, type, data } });
        },
        () => null,
      );
      if (answer?.ok !== true) {
        tried.push(`${task}/${step}`);
        continue;
      }
      this.#sql.exec("DELETE FROM subscriptions WHERE task = ? AND step = ?", task, step);
      if (answer.value === "late") continue;
      taken++;
      this.#sql.exec(
        "INSERT INTO deliveries (task, source, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        task,
        event.source,
        event.id,
      );
    }
  }

  /** A subscription with the oldest event that its task has not had, except those tried already. */
  #pending(tried: readonly string[] = []): { subscription: SubscriptionRow; event: EventRow; key: string } | null {
    const row = this.#sql
      .exec<SubscriptionRow & EventRow & { key: string }>(
        `SELECT s.task, s.step, s.executor, s.until_ms, e.source, e.id, e.type, e.data, (SELECT key FROM keys) AS key
         FROM subscriptions s JOIN events e ON e.type = s.type
         WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.task = s.task AND d.source = e.source AND d.id = e.id)
           AND s.task || '/' || s.step NOT IN (SELECT value FROM json_each(?))
         ORDER BY e.at_ms, s.task, s.step LIMIT 1`,
        JSON.stringify(tried),
      )
      .toArray()[0];
    return row === undefined ? null : { subscription: row, event: row, key: row.key };
  }

  #prune(): void {
    const nowMs = this.#deps.platform.nowMs();
    this.#sql.exec("DELETE FROM subscriptions WHERE until_ms <= ?", nowMs);
    this.#sql.exec("DELETE FROM events WHERE at_ms <= ?", nowMs - LIMITS.correlationTtlMs);
    this.#sql.exec(
      "DELETE FROM deliveries WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.source = deliveries.source AND e.id = deliveries.id)",
    );
  }

  #remember(key: string): void {
    this.#sql.exec("INSERT INTO keys (key) VALUES (?) ON CONFLICT DO NOTHING", key);
  }

  readonly #count = (table: "events" | "subscriptions"): number =>
    Number(this.#sql.exec(`SELECT count(*) AS n FROM ${table}`).one()["n"]);
}
