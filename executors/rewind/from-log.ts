/**
 * What executor events of lost records mean for the object's tables: stops, revocations, promotions, consents and erasures that were recorded
 * are in force again. Their signatures were checked when they were recorded; two people signed for the chain that they stand in.
 */
import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import type { ExecutorEvent } from "../../shared/events.ts";
import { Promotion } from "../../shared/release.ts";
import { unreachable } from "../../shared/result.ts";
import { parseCheckpoint } from "../../shared/tlog/checkpoint.ts";
import { parseNote } from "../../shared/tlog/note.ts";
import { erasedBefore } from "../privacy/erasing.ts";
import type { Shard } from "../shard.ts";
import { readMeta, writeMeta } from "../storage.ts";

/** In the transaction that writes the object anew. */
export function holdAgain(shard: Shard, sql: SqlStorage, event: ExecutorEvent, atMs: number): void {
  switch (event.type) {
    case "release-learned": {
      const { payload } = event.promotion.envelope;
      const { expiresMs } = Promotion.parse(JSON.parse(fromUtf8(fromBase64(payload)!)!));
      // The bundle is asked for when a task needs it.
      sql.exec(
        `INSERT INTO promotions (automation, serial, release, expires_ms) VALUES (?, ?, ?, ?) ON CONFLICT (automation) DO UPDATE
         SET serial = excluded.serial, release = excluded.release, expires_ms = excluded.expires_ms WHERE excluded.serial > serial`,
        event.automation,
        event.serial,
        event.release,
        expiresMs,
      );
      return;
    }
    case "stop-set": {
      const { kind, mode, target, stop, by, reason } = event;
      sql.exec(
        "INSERT OR REPLACE INTO stops (kind, mode, target, stop, by, reason, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        kind,
        mode,
        target,
        stop,
        by,
        reason,
        atMs,
      );
      return;
    }
    case "stop-lifted":
      sql.exec("DELETE FROM stops WHERE kind = ? AND target = ? AND stop = ?", event.kind, event.target, event.stop);
      sql.exec("INSERT OR IGNORE INTO lifted (stop) VALUES (?)", event.stop);
      return;
    case "key-revoked":
      sql.exec("INSERT OR IGNORE INTO revoked (kid, at_ms) VALUES (?, ?)", event.kid, atMs);
      return;
    case "checkpoint-seen":
      if (sizeOf(event.note) > sizeOf(readMeta(sql, "checkpoint"))) writeMeta(sql, "checkpoint", event.note);
      return;
    case "subject-erased":
      return erasedBefore(shard, sql, event, atMs);
    case "consent-recorded":
      // The reference to the evidence was in the storage that is gone.
      sql.exec(
        `INSERT INTO subject_consents (key, purpose, given, evidence, by, at_ms) VALUES (?, ?, ?, NULL, ?, ?) ON CONFLICT (key, purpose) DO UPDATE
         SET given = excluded.given, evidence = NULL, by = excluded.by, at_ms = excluded.at_ms WHERE excluded.at_ms >= at_ms`,
        event.key,
        event.purpose,
        event.given ? 1 : 0,
        event.by,
        atMs,
      );
      return;
    case "epoch-accepted":
      return writeMeta(sql, `epoch ${event.epoch}`, "accepted");
    case "completeness-checked":
    case "alarm-raised":
    case "chain-restored":
      return;
    default:
      return unreachable(event);
  }
}

function sizeOf(note: string | null): number {
  const parsed = note === null ? null : parseNote(note);
  const checkpoint = parsed?.ok === true ? parseCheckpoint(parsed.value.text) : null;
  return checkpoint?.ok === true ? checkpoint.value.size : -1;
}
