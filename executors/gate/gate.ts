/**
 * The gate of one capability: one object per (tenant, region, capability), so that breaker, rate and concurrency hold over all executors
 * of the region. The rules stand in core.ts; this class keeps their state.
 *
 * Stored: one row, written only when permits or the breaker change. What it grants is durable before it is answered, so no restart forgets
 * a permit that is out.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { ObjectStorage, Platform } from "../../shared/platform.ts";
import { exchange, mustBeStored, NEW_GATE, type GateState } from "./core.ts";
import type { GateAnswer, GateAsk, GateRpc } from "./types.ts";

export type GateParts = { readonly platform: Pick<Platform, "nowMs">; readonly storage: ObjectStorage };

export class Gate implements GateRpc {
  readonly #parts: GateParts;
  #state: GateState;

  constructor(parts: GateParts) {
    this.#parts = parts;
    const { sql } = parts.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS gate (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)");
    const row = sql.exec<{ state: string }>("SELECT state FROM gate").toArray()[0];
    this.#state = row === undefined ? NEW_GATE : (JSON.parse(row.state) as GateState);
  }

  get state(): GateState {
    return this.#state;
  }

  async exchange(ask: GateAsk): Promise<GateAnswer> {
    const { storage, platform } = this.#parts;
    const before = this.#state;
    const { state, answer } = exchange(before, bounded(ask), platform.nowMs());
    this.#state = state;
    if (!mustBeStored(before, state)) return answer;
    storage.sql.exec(
      "INSERT INTO gate (id, state) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
      JSON.stringify({ ...state, calls: [] }),
    );
    await storage.sync();
    return answer;
  }
}

const bounded = (ask: GateAsk): GateAsk => ({
  ...ask,
  want: Math.max(0, Math.min(Math.floor(ask.want), LIMITS.gateLeaseActions)),
  reports: ask.reports.slice(0, LIMITS.gateLeaseActions),
});
