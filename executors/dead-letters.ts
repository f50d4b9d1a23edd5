/**
 * Messages that no consumer could process. They come back through the dead letter queue and are kept in the executor of their task, where the
 * witness, the overview and `countersign doctor` show them. Nothing is sent again by itself: why it failed is for a person to find out.
 *
 * L1  A letter is acknowledged once it is kept; the queue delivers it again until then. The same letter is kept once.
 * L2  At most LIMITS.deadLetters letters are kept; what comes beyond is counted.
 */
import { executorName, parseTaskId } from "../shared/ids.ts";
import { LIMITS } from "../shared/limits.ts";
import type { ObjectStorage, Platform } from "../shared/platform.ts";
import type { DeadLetter, DeadLetters } from "../shared/rpc.ts";
import { QueueMessage } from "./adapters/queue.ts";
import { readMeta, writeMeta } from "./storage.ts";

/** Most letters that an answer names. */
const NAMED = 20;
const BEYOND = "dead-letters-beyond";

export type KeepsLetters = { deadLetter(letter: Omit<DeadLetter, "at">): Promise<void> };

/** Hands each letter to the executor of its task. One that is no message of ours is logged and dropped: there is nowhere to keep it. */
export async function returnLetters(
  messages: readonly Pick<Message, "body" | "ack" | "retry">[],
  executorOf: (name: string) => KeepsLetters,
  log: Platform["log"],
): Promise<void> {
  await Promise.all(
    messages.map(async (message) => {
      const parsed = QueueMessage.safeParse(message.body);
      const route = parsed.success ? parseTaskId(parsed.data.task) : null;
      if (!parsed.success || route === null) {
        log("a dead letter is no message of an action", {});
        return message.ack();
      }
      const { tenant, task, step, capability, id } = parsed.data;
      try {
        await executorOf(executorName(tenant, route.region, route.shard)).deadLetter({
          task,
          step,
          capability,
          action: id,
        });
        message.ack();
      } catch (error) {
        log("a dead letter could not be kept", { task, message: error instanceof Error ? error.message : "unknown" });
        message.retry();
      }
    }),
  );
}

/** Keeps a letter in the object of its task. Resolves once that is durable. */
export async function keepLetter(storage: ObjectStorage, letter: Omit<DeadLetter, "at">, nowMs: number): Promise<void> {
  const { sql } = storage;
  storage.transactionSync(() => {
    if (sql.exec("SELECT 1 FROM dead_letters WHERE action = ?", letter.action).toArray().length > 0) return;
    const kept = sql.exec<{ n: number }>("SELECT count(*) AS n FROM dead_letters").one().n;
    if (kept >= LIMITS.deadLetters) return writeMeta(sql, BEYOND, String(Number(readMeta(sql, BEYOND) ?? 0) + 1));
    sql.exec(
      "INSERT INTO dead_letters (action, task, step, capability, at_ms) VALUES (?, ?, ?, ?, ?)",
      letter.action,
      letter.task,
      letter.step,
      letter.capability,
      nowMs,
    );
  });
  await storage.sync();
}

/** How many there are, and the newest of them. */
export function lettersKept(sql: SqlStorage): DeadLetters {
  const { n } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM dead_letters").one();
  const newest = sql
    .exec<Omit<DeadLetter, "at"> & { at_ms: number }>(
      "SELECT task, step, capability, action, at_ms FROM dead_letters ORDER BY at_ms DESC, action LIMIT ?",
      NAMED,
    )
    .toArray();
  return {
    count: n + Number(readMeta(sql, BEYOND) ?? 0),
    newest: newest.map(({ at_ms, ...letter }) => ({ ...letter, at: new Date(at_ms).toISOString() })),
  };
}
