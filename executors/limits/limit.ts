/**
 * The counter of one aggregate limit for one group: one object per (tenant, automation, limit, group), global over regions and shards.
 * Never leased: it is asked for each action, decides without awaiting anything, and what it answers is durable before it is answered.
 * The rules stand in core.ts.
 *
 * Stored: one row for each action that counts or was released lately. Rows leave when they count for no window that was ever asked for.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { ObjectStorage, Platform } from "../../shared/platform.ts";
import { end, reserve, type Entry, type Reserve, type Reserved } from "./core.ts";

export type LimitRpc = {
  reserve(ask: Reserve): Promise<Reserved>;
  end(action: string, turn: number, to: "settled" | "released"): Promise<void>;
};

export type LimitParts = { readonly platform: Pick<Platform, "nowMs">; readonly storage: ObjectStorage };

type Row = { turn: number; amount: number; at_ms: number; at: Entry["at"] };

export class AggregateLimit implements LimitRpc {
  readonly #parts: LimitParts;

  constructor(parts: LimitParts) {
    this.#parts = parts;
    parts.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS entries (action TEXT PRIMARY KEY, turn INTEGER NOT NULL, amount INTEGER NOT NULL, at_ms INTEGER NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
       CREATE INDEX IF NOT EXISTS entries_by_time ON entries (at, at_ms, amount);
       CREATE TABLE IF NOT EXISTS windows (longest_ms INTEGER NOT NULL)`,
    );
  }

  async reserve(ask: Reserve): Promise<Reserved> {
    const { storage, platform } = this.#parts;
    const nowMs = platform.nowMs();
    const { answer, entry } = reserve(this.used(ask.windowMs, nowMs), this.#entry(ask.action), ask, nowMs);
    if (entry === null) return answer;
    this.#put(ask.action, entry);
    this.#prune(ask.windowMs, nowMs);
    // COMMIT POINT: nobody acts on a reservation that a restart could forget.
    await storage.sync();
    return answer;
  }

  async end(action: string, turn: number, to: "settled" | "released"): Promise<void> {
    const entry = end(this.#entry(action), turn, to, this.#parts.platform.nowMs());
    if (entry === null) return;
    this.#put(action, entry);
    await this.#parts.storage.sync();
  }

  /** What counts now. */
  used(windowMs: number, nowMs: number): number {
    return this.#parts.storage.sql
      .exec<{ used: number }>(
        `SELECT (SELECT coalesce(sum(amount), 0) FROM entries WHERE at = 'open')
              + (SELECT coalesce(sum(amount), 0) FROM entries WHERE at = 'settled' AND at_ms > ?) AS used`,
        nowMs - windowMs,
      )
      .one().used;
  }

  #entry(action: string): Entry | null {
    const row = this.#parts.storage.sql
      .exec<Row>("SELECT turn, amount, at_ms, at FROM entries WHERE action = ?", action)
      .toArray()[0];
    return row === undefined ? null : { turn: row.turn, amount: row.amount, atMs: row.at_ms, at: row.at };
  }

  #put(action: string, { turn, amount, atMs, at }: Entry): void {
    this.#parts.storage.sql.exec(
      "INSERT OR REPLACE INTO entries (action, turn, amount, at_ms, at) VALUES (?, ?, ?, ?, ?)",
      action,
      turn,
      amount,
      atMs,
      at,
    );
  }

  #prune(windowMs: number, nowMs: number): void {
    const { sql } = this.#parts.storage;
    const known = sql.exec<{ longest_ms: number }>("SELECT longest_ms FROM windows").toArray()[0]?.longest_ms ?? 0;
    const longestMs = Math.max(known, windowMs);
    if (known === 0) sql.exec("INSERT INTO windows (longest_ms) VALUES (?)", longestMs);
    else if (longestMs > known) sql.exec("UPDATE windows SET longest_ms = ?", longestMs);
    sql.exec("DELETE FROM entries WHERE at IN ('settled', 'released') AND at_ms <= ?", nowMs - longestMs);
    sql.exec("DELETE FROM entries WHERE at = 'open' AND at_ms <= ?", nowMs - longestMs - LIMITS.reservationMs);
  }
}
