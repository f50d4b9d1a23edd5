/** Which events are remembered, and what remembering costs when there are many. */
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { EventBook } from "../../intent-manager/intake/event-book.ts";
import { LIMITS } from "../../shared/limits.ts";

it("the book is full at its limit, takes what comes after old events have gone, and never counts its rows again", () => {
  const db = new DatabaseSync(":memory:");
  const asked: string[] = [];
  const exec = (query: string, ...values: (string | number)[]) => {
    asked.push(query);
    if (query.startsWith("CREATE")) return db.exec(query) as never;
    const rows = db.prepare(query).all(...values);
    return { toArray: () => rows, one: () => rows[0] } as never;
  };
  const open = () => new EventBook({ exec });
  const matched = [{ automation: "a", trigger: "t" }];
  const begin = (book: EventBook, key: string, nowMs: number) => {
    const begun = book.begin({ key, digest: "d", matched }, nowMs);
    return begun.ok ? begun.value.duplicate : begun.problem.code;
  };
  open();
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${LIMITS.eventsKept})
    INSERT INTO events (key, digest, matched, opened, at_ms) SELECT 'k' || i, 'd', '[]', '[]', i FROM n`);
  const book = open();
  asked.length = 0;
  const at = LIMITS.eventsKept;
  expect([begin(book, "one", at), begin(book, "one", at), begin(book, "more", at)]).toEqual([
    false,
    true,
    "overloaded",
  ]);
  // The two oldest are over.
  expect(["x", "y", "z"].map((key) => begin(book, key, LIMITS.eventKeptMs + 3))).toEqual([false, false, "overloaded"]);
  expect(asked.filter((query) => /count\(/i.test(query))).toEqual([]);
});
