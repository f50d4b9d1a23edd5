/** The simulator of test/faults/sim: that it repeats itself, finds what is planted, and that one action survives a fault at every await. */
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { inRoot } from "../../scripts/lib/project.ts";
import type { AwaitAnswer, AwaitJob } from "./sim/await-worker.ts";
import { POINT_FAULTS } from "./sim/faults.ts";
import { FAULTS } from "./sim/features.ts";
import { PLANTED } from "./sim/planted.ts";
import { simulateMany } from "./sim/threads.ts";

const THREADS = 2;

it("gives the same trace for the same seed, and another for another", { timeout: 60_000 }, async () => {
  const traceOf = async (seed: number) =>
    (await simulateMany({ from: seed, count: 1 }, { threads: 1, trace: true })).lines!.join("\n");
  const traces = await Promise.all([7, 7, 8].map(traceOf));
  expect(traces[0]).toBe(traces[1]);
  expect(traces[0]).not.toBe(traces[2]);
});

it("injects every kind of fault, and everything holds", { timeout: 120_000 }, async () => {
  const { failures, faults } = await simulateMany({ from: 1, count: 150 }, { threads: THREADS });
  expect(failures).toEqual([]);
  expect([...faults.keys()].toSorted()).toEqual([...FAULTS].toSorted());
});

it.each(Object.keys(PLANTED))("finds a planted bug within 2,000 seeds: %s", { timeout: 240_000 }, async (planted) => {
  const { failures } = await simulateMany({ from: 1, count: 2_000 }, { threads: THREADS, planted, stopsAt: 1 });
  expect(failures.length).toBeGreaterThan(0);
});

it("ends rightly with any fault at any await of an action", { timeout: 3 * 3_600_000 }, async () => {
  const pairs = process.env["AWAIT_PAIRS"] === "1";
  const shares = Array.from({ length: THREADS }, (_, share) => ofShare({ pairs, share, shares: THREADS }));
  const answers = await Promise.all(shares);
  expect(answers.flatMap(({ failures }) => failures)).toEqual([]);
  const runs = answers.reduce((sum, answer) => sum + answer.runs, 0);
  expect(runs).toBeGreaterThanOrEqual(answers[0]!.points.length * POINT_FAULTS.length);
});

const ofShare = (workerData: AwaitJob): Promise<AwaitAnswer> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(inRoot("test", "faults", "sim", "await-worker.ts"), { workerData, execArgv: [] });
    worker.on("message", resolve);
    worker.on("error", reject);
  });
