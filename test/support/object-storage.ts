/** An object's storage over node:sqlite: SQL, transactions and one alarm. What a crash does to it, a test says. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { ObjectStorage } from "../../shared/platform.ts";

export type TestStorage = Pick<ObjectStorage, "sql" | "transactionSync" | "getAlarm" | "setAlarm" | "deleteAlarm"> & {
  readonly alarm: { atMs: number | null };
};

export function testStorage(): TestStorage {
  const sqlite = new DatabaseSync(":memory:");
  const alarm: { atMs: number | null } = { atMs: null };
  const exec = (text: string, ...params: SQLInputValue[]) => {
    const rows = sqlite.prepare(text).all(...params);
    return { toArray: () => rows, one: () => rows[0]! };
  };
  const transactionSync = <T>(work: () => T): T => {
    sqlite.exec("BEGIN");
    try {
      const result = work();
      sqlite.exec("COMMIT");
      return result;
    } catch (cause) {
      sqlite.exec("ROLLBACK");
      throw cause;
    }
  };
  return {
    alarm,
    sql: { exec } as unknown as SqlStorage,
    transactionSync,
    getAlarm: async () => alarm.atMs,
    setAlarm: async (atMs) => {
      alarm.atMs = Number(atMs);
    },
    deleteAlarm: async () => {
      alarm.atMs = null;
    },
  };
}
