/** Simulates a range of seeds on several threads. */
import { Worker } from "node:worker_threads";
import { inRoot } from "../../../scripts/lib/project.ts";
import type { Answered, Asked, Job } from "./worker.ts";

export type Summary = {
  readonly runs: number;
  readonly events: number;
  readonly tasks: number;
  readonly effects: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly features: ReadonlyMap<string, number>;
  readonly failures: Answered["failures"];
  readonly lines: readonly string[] | null;
  readonly trace: string;
};

/** Seeds that a thread takes at a time. */
const CHUNK = 25;

/** @param stopsAt how many failing seeds end the whole */
export async function simulateMany(
  seeds: { readonly from: number; readonly count: number },
  options: {
    readonly threads: number;
    readonly planted?: string;
    readonly trace?: boolean;
    readonly stopsAt?: number;
    /** After so long no further seed is begun. */
    readonly seconds?: number;
    readonly progress?: (done: number) => void;
  },
): Promise<Summary> {
  const faults = new Map<string, number>();
  const features = new Map<string, number>();
  const failures: Answered["failures"][number][] = [];
  const sum = { runs: 0, events: 0, tasks: 0, effects: 0 };
  let lines: readonly string[] | null = null;
  let trace = "";
  const started = performance.now();
  let next = seeds.from;
  const end = seeds.from + seeds.count;
  const data: Job = { planted: options.planted ?? null, trace: options.trace === true };
  const thread = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(inRoot("test", "faults", "sim", "worker.ts"), {
        workerData: data,
        execArgv: [],
        // Most of what a run makes is gone with it: a large young generation is collected seldom.
        resourceLimits: { maxYoungGenerationSizeMb: 128 },
      });
      const ask = () => {
        const isLate = performance.now() - started > (options.seconds ?? Infinity) * 1_000;
        if (isLate || next >= end || failures.length >= (options.stopsAt ?? Infinity)) {
          resolve();
          void worker.terminate();
          return;
        }
        const asked: Asked = { from: next, count: Math.min(CHUNK, end - next) };
        next += asked.count;
        worker.postMessage(asked);
      };
      worker.on("message", (answer: Answered) => {
        sum.runs += answer.runs;
        sum.events += answer.events;
        sum.tasks += answer.tasks;
        sum.effects += answer.effects;
        for (const [fault, times] of answer.faults) faults.set(fault, (faults.get(fault) ?? 0) + times);
        for (const [feature, times] of answer.features) features.set(feature, (features.get(feature) ?? 0) + times);
        failures.push(...answer.failures);
        ({ lines, trace } = answer);
        options.progress?.(sum.runs);
        ask();
      });
      worker.on("error", reject);
      ask();
    });
  await Promise.all(Array.from({ length: Math.min(options.threads, Math.ceil(seeds.count / CHUNK)) }, thread));
  failures.sort((a, b) => a.seed - b.seed);
  return { ...sum, faults, features, failures, lines, trace };
}
