/** What one correlation key keeps, and for how long. */
import { expect, it } from "vitest";
import { CorrelationBook } from "../../executors/correlation-book.ts";
import { LIMITS } from "../../shared/limits.ts";
import { memoryStorage, platform } from "../support/guards/shard.ts";

function book() {
  const clock = { aheadMs: 0 };
  const storage = memoryStorage();
  const made = new CorrelationBook({
    storage,
    platform: platform(clock),
    executorOf: () => ({ takeEvent: async () => ({ ok: true, value: "taken" }) }),
  });
  const rows = (table: string) => storage.sql.exec(`SELECT * FROM ${table}`).toArray();
  return { made, clock, rows };
}
const waiting = (step: string) => ({
  executor: "acme/eu/0",
  task: `tsk_eu_0_${"a".repeat(26)}`,
  step,
  type: "paid",
  untilMs: Number.MAX_SAFE_INTEGER,
});

it("forgets the key itself with the last event that came under it", async () => {
  const { made, clock, rows } = book();
  await made.deliver("ada@example.com", { source: "/bank", id: "e1", type: "paid", data: null });
  expect(rows("keys")).toEqual([{ key: "ada@example.com" }]);
  await made.alarm();
  expect(rows("keys")).toHaveLength(1);
  clock.aheadMs = LIMITS.correlationTtlMs + 1_000;
  await made.alarm();
  expect(["events", "deliveries", "keys"].flatMap(rows)).toEqual([]);
});

it("renews what waits already also where no further step may wait", async () => {
  const { made, rows } = book();
  for (let i = 0; i < LIMITS.correlationSubscriptions; i++) await made.subscribe("k", waiting(`s${i}`));
  expect(rows("subscriptions")).toHaveLength(LIMITS.correlationSubscriptions);
  expect(await made.subscribe("k", waiting("more"))).toMatchObject({ problem: { code: "overloaded" } });
  expect(await made.subscribe("k", waiting("s0"))).toMatchObject({ ok: true });
});
