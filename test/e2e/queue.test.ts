/** The Queue adapter against Miniflare's queues: what is doubled is done once by its consumer; what cannot be processed comes back. */
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ActionContext, Outcome } from "../../executors/adapters/types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { bundle } from "../../scripts/bench/bundle.ts";

const QUEUE = "countersign-outbound";
const DEAD = "countersign-outbound-dead";
const TASK = `tsk_eu_2_${"a".repeat(26)}`;
let miniflare: Miniflare;

beforeAll(async () => {
  const worker = async (name: string, entry: string, options: object) => ({
    name,
    compatibilityDate: "2026-10-01",
    modules: [{ type: "ESModule", path: "index.mjs", contents: await bundle(entry) }],
    ...options,
  });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      cf: false,
      workers: [
        await worker("sender", "test/support/queue-world.ts", {
          queueProducers: { OUTBOUND: QUEUE },
          queueConsumers: { [DEAD]: { maxBatchTimeout: 0.05, maxRetries: 100 } },
          durableObjects: { LETTERS: { className: "Letters", useSQLite: true } },
        }),
        await worker("consumer", "docs/examples/queue-consumer.ts", {
          d1Databases: { DB: "consumer" },
          queueConsumers: { [QUEUE]: { maxBatchTimeout: 0.05, maxRetries: 2, deadLetterQueue: DEAD } },
        }),
      ],
    } as never),
  );
  const database = await miniflare.getD1Database("DB", "consumer");
  await database.exec("CREATE TABLE done (id TEXT PRIMARY KEY)");
  await database.exec(
    "CREATE TABLE told (topic TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL CHECK (data <> 'poison'))",
  );
});
afterAll(() => miniflare.dispose());

const context = (action: string): ActionContext => ({
  tenant: "acme",
  region: "eu",
  task: TASK,
  step: "tell",
  capability: "events.publish",
  action,
  attempt: 1,
  effectKey: null,
  attestations: [],
  premises: [],
  resumed: false,
  traceparent: null,
  deadlineMs: 60_000,
  nowMs: 1_000,
});
const apply = async (actions: readonly string[], data: string): Promise<Outcome[]> => {
  const body = JSON.stringify({ contexts: actions.map(context), data });
  return (await (await miniflare.dispatchFetch("http://sender/", { method: "POST", body })).json()) as Outcome[];
};
const told = async () => {
  const database = await miniflare.getD1Database("DB", "consumer");
  return (await database.prepare("SELECT data FROM told ORDER BY data").all()).results.map(({ data }) => data);
};
const letters = async () =>
  (await (await miniflare.dispatchFetch("http://sender/?executor=acme/eu/2")).json()) as {
    count: number;
    newest: { action: string }[];
  };

it("hands a message over with its action's id; its consumer does a doubled one once", async () => {
  const outcomes = await apply(["act_1", "act_1", "act_2", "act_1"], "a");
  expect(outcomes).toEqual(
    ["act_1", "act_1", "act_2", "act_1"].map((messageId) => ({
      kind: "applied",
      result: { messageId, handedOver: true },
      replayed: false,
    })),
  );
  await expect.poll(told).toEqual(["a", "a"]);
  // A message that comes behind all of them has been processed: none of the doubles is still on its way.
  await apply(["act_3"], "b");
  await expect.poll(told).toEqual(["a", "a", "b"]);
});

it("retries what its consumer cannot process, and keeps it once, where its task is, when it comes back", async () => {
  await apply(["act_4", "act_4"], "poison");
  await expect
    .poll(async () => (await letters()).newest)
    .toEqual([
      { task: TASK, step: "tell", capability: "events.publish", action: "act_4", at: new Date(1_000).toISOString() },
    ]);
  expect((await letters()).count).toBe(1);
  expect(await told()).not.toContain("poison");
});

it("refuses what is larger than a queue takes, before anything is sent", async () => {
  expect(await apply(["act_5"], "x".repeat(LIMITS.queueMessageBytes))).toMatchObject([
    { kind: "refused", retry: false, problem: { code: "task-limit" } },
  ]);
});
