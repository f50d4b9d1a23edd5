/**
 * The retail data through the public interface: 520 conversations with customers, each over fresh rows, under the shipped
 * policy. An app opens the intent, an agent reads and proposes, a lead decides what waits; then the rows are what they must be.
 *
 * RETAIL_TASKS=n plays only n tasks of each test, spread over the data; RETAIL_ALL=1 plays all of them also under crashes, through each
 * adapter. SEED chooses what goes wrong at the shop's own service.
 */
import { describe, expect, it } from "vitest";
import { bundleCrashingExecutors } from "../support/crashing-executors.ts";
import { serviceBooks } from "../support/retail-books.ts";
import { SERVICE_FAULTS, startRetailService } from "../support/retail-service.ts";
import { playBatch, type Meanwhile, type Played, type Shop } from "../support/retail-shop.ts";
import { dataFolder, retail, type RetailTask } from "../support/retail.ts";
import { contracts as overHttp } from "../workers/executors/retail-over-http.ts";
import type { Countersign } from "./harness.ts";
import { until } from "./people.ts";

const data = retail();
if (data === null) console.info(`retail: skipped, because ${dataFolder()} is absent`);

/** Tenants of one start: bounds the memory of the runtime. */
const BATCH = 130;
/** Tasks that are attacked first: one in so many. */
const ATTACKED_EVERY = 9;
/** Tasks under crashes, where not all are asked for: 60, half of them through each adapter. */
const CRASH_SAMPLE = 30;
const MINUTE_MS = 60_000;

const limit = Number(process.env["RETAIL_TASKS"] ?? Infinity);
/** So many tasks over all of the data. `phase`, in [0, 1), chooses others. */
const spread = (count: number, phase = 0): RetailTask[] => {
  const tasks = data!.tasks;
  return count >= tasks.length
    ? [...tasks]
    : Array.from({ length: count }, (_, i) => tasks[Math.floor(((i + phase) * tasks.length) / count)]!);
};

/** Plays tasks in batches and says how far it is. */
async function playAll<T>(name: string, shop: Shop, tasks: readonly RetailTask[], meanwhile: Meanwhile<T>) {
  const played: Played[] = [];
  const told: T[] = [];
  const startMs = Date.now();
  for (let at = 0; at < tasks.length; at += BATCH) {
    const batch = await playBatch(shop, tasks.slice(at, at + BATCH), meanwhile);
    played.push(...batch.played);
    told.push(batch.told);
    console.info(`${name}: ${played.length} of ${tasks.length} tasks, ${seconds(startMs)} s`);
  }
  const faulty = played
    .filter(({ faults }) => faults.length > 0)
    .map(({ task, faults }) => `${task.id}: ${faults.join("; ")}`);
  console.info(`${name}: ${summary(played)}; ${seconds(startMs)} s`);
  return { played, told, faulty };
}
const seconds = (startMs: number): string => ((Date.now() - startMs) / 1_000).toFixed(0);

function summary(played: readonly Played[]): string {
  const sum = (of: (one: Played) => number): number => played.reduce((total, one) => total + of(one), 0);
  const withPerson = played.filter(({ reviewed }) => reviewed.length > 0).length;
  const byRule = counted(played.flatMap(({ reviewed }) => reviewed.flatMap(({ rules }) => rules)));
  const attempts = counted(
    played.flatMap((one) => Object.entries(one.attempts).flatMap(([end, count]) => Array<string>(count).fill(end))),
  );
  return [
    `${played.length} tasks: ${played.length - withPerson} automatic, ${withPerson} needed a person (${sum((one) => one.reviewed.length)} reviews, by rule ${byRule})`,
    `${sum((one) => one.replayed.reads)} reads, ${sum((one) => one.replayed.writes)} writes, ${sum((one) => one.replayed.refused)} calls refused, in ${sum((one) => one.replayed.rounds)} rounds`,
    ...(attempts === "" ? [] : [`hostile attempts: ${attempts}`]),
    `rows as expected: ${played.filter(({ faults }) => faults.length === 0).length}`,
  ].join("; ");
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

describe.skipIf(data === null)("the retail data, through the public interface", () => {
  it(
    "ends with the expected rows for every task, and a minority needs a person",
    { timeout: 60 * MINUTE_MS },
    async () => {
      const tasks = spread(limit);
      const attacked = new Set(tasks.filter((_, i) => i % ATTACKED_EVERY === 0));
      const shop = {
        database: data!.database,
        times: 1,
        attacked: (task: RetailTask) => attacked.has(task),
        apart: false,
      };
      const { played, faulty } = await playAll("retail", shop, tasks, async () => null);
      expect(faulty).toEqual([]);
      expect(played.length).toBe(tasks.length);
      if (tasks.length < data!.tasks.length) return;
      expect(played.reduce((sum, { replayed }) => sum + replayed.refused, 0)).toBe(20);
      const withPerson = played.filter(({ reviewed }) => reviewed.length > 0).length;
      expect(withPerson / played.length).toBeGreaterThan(0.05);
      expect(withPerson / played.length).toBeLessThan(0.25);
    },
  );

  it(
    "ends with the same rows when each request is sent three times and the executor crashes in each task",
    { timeout: 60 * MINUTE_MS },
    async () => {
      const executors = await bundleCrashingExecutors();
      await underCrashes("retail under crashes", underCrash(0), { executors });
    },
  );

  it(
    "ends with the same rows through a service behind HTTP that also loses answers, and doubts are shown until they are settled",
    { timeout: 60 * MINUTE_MS },
    async () => {
      const service = await startRetailService(Number(process.env["SEED"] ?? 1));
      try {
        const targets = { development: true, origins: { shop: service.origin } };
        const { recorded } = await underCrashes("retail over HTTP under crashes", underCrash(0.5), {
          executors: await bundleCrashingExecutors("retail over HTTP"),
          elsewhere: {
            books: serviceBooks(service),
            contracts: overHttp,
            vars: { HTTP_TARGETS: JSON.stringify(targets) },
          },
        });
        const faults = service.faults();
        const told = SERVICE_FAULTS.map((fault) => `${fault} ${faults[fault]}`).join(", ");
        console.info(
          `the service: ${told}; answers to repeated requests lost ${service.lostAgain()}; in doubt ${recorded} times`,
        );
        // A repeated request has somebody who waits for its answer: where that is lost, the record says that it was in doubt.
        expect(recorded).toBeGreaterThanOrEqual(service.lostAgain());
        expect(Object.values(faults).every((count) => count > 0) || limit < CRASH_SAMPLE).toBe(true);
      } finally {
        await service.close();
      }
    },
  );
});

const underCrash = (phase: number): RetailTask[] =>
  spread(Math.min(limit, process.env["RETAIL_ALL"] === "1" ? Infinity : CRASH_SAMPLE), phase);

/** Plays the tasks over executors that crash, for a caller that sends everything three times; then nothing is missing, doubled or in doubt. */
async function underCrashes(name: string, tasks: readonly RetailTask[], how: Pick<Shop, "executors" | "elsewhere">) {
  const shop = { database: data!.database, times: 3, attacked: () => false, apart: true, ...how };
  const { played, told, faulty } = await playAll(name, shop, tasks, async (system, tenants) => {
    const answer = await system.harness.getWorker("countersign-executors").fetch("/crashes");
    const crashes = (await answer.json()) as Record<"reading" | "before" | "during" | "after" | "starts", number>;
    return { ...crashes, ...(await doubtsOf(system, tenants)) };
  });
  const sum = (of: (batch: (typeof told)[number]) => number): number => told.reduce((total, one) => total + of(one), 0);
  console.info(
    `${name}: aborted ${sum((c) => c.reading)} times while reading, ${sum((c) => c.before)} times before an effect, ${sum((c) => c.during)} times during one, ${sum((c) => c.after)} times after one`,
  );
  expect(faulty).toEqual([]);
  expect(sum((batch) => batch.doubts)).toBe(0);
  expect(sum((crashes) => crashes.reading)).toBe(tasks.length);
  // Each effect is interrupted once, whether it was sent or not, and each time the object had to start again from its storage.
  const interrupted = sum((crashes) => crashes.before + crashes.during + crashes.after);
  expect(interrupted).toBe(played.reduce((total, { replayed }) => total + replayed.writes, 0));
  expect(sum((crashes) => crashes.starts)).toBeGreaterThanOrEqual(interrupted + 2 * tasks.length);
  return { recorded: sum((batch) => batch.recorded) };
}

/** Effects that wait for somebody to say what became of them, and how often the record says of one that it was in doubt. */
async function doubtsOf(system: Countersign, tenants: readonly string[]) {
  let doubts = 0;
  for (const tenant of tenants) {
    const { approver, operator } = system.tenants[tenant]!.apiKeys;
    const { status, body } = await system.call(approver, "/v1/reviews");
    expect(status).toBe(200);
    expect(body.incomplete).toEqual([]);
    doubts += body.doubts.length;
    await until(
      async () => (await system.call(operator, "/v1/overview")).body.executors as { head: number; delivered: number }[],
      (executors) => executors.every(({ head, delivered }) => head === delivered),
    );
  }
  const [row] = await system.sql("LEDGER_DB", `SELECT count(*) AS n FROM entries WHERE body LIKE '%"step-in-doubt"%'`);
  return { doubts, recorded: Number(row!["n"]) };
}
