/**
 * Plans of models that are kept, in the object of one tenant: by a key that nobody can guess, for a time that the release says.
 *
 * Ordered, always: what is over is not found. What is kept holds no personal value (decision.ts, K1), and its key is an HMAC under a secret of
 * the tenant, over the release and everything that the model was shown.
 */
import { LIMITS } from "../../../shared/limits.ts";

export interface DecisionsRpc {
  /** The kept text; null where there is none, or its time is over. */
  recall(key: string): Promise<string | null>;
  remember(key: string, text: string, ttlMs: number): Promise<void>;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS decisions (key TEXT PRIMARY KEY, text TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS decisions_by_end ON decisions (until_ms);`;

export class DecisionBook {
  readonly #sql: Pick<SqlStorage, "exec">;

  constructor(sql: Pick<SqlStorage, "exec">) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  recall(key: string, nowMs: number): string | null {
    const row = this.#sql.exec("SELECT text FROM decisions WHERE key = ? AND until_ms > ?", key, nowMs).toArray()[0];
    return row === undefined ? null : String(row["text"]);
  }

  remember(key: string, text: string, ttlMs: number, nowMs: number): void {
    if (text.length > LIMITS.decisionChars) return;
    this.#sql.exec("DELETE FROM decisions WHERE until_ms <= ?", nowMs);
    this.#sql.exec(
      "INSERT INTO decisions (key, text, until_ms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text, until_ms = excluded.until_ms",
      key,
      text,
      nowMs + Math.min(ttlMs, LIMITS.decisionTtlMs),
    );
    // Those that end soonest go first.
    this.#sql.exec(
      "DELETE FROM decisions WHERE key IN (SELECT key FROM decisions ORDER BY until_ms DESC LIMIT -1 OFFSET ?)",
      LIMITS.decisionsKept,
    );
  }
}
