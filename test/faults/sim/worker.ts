/** One thread of simulations: installs what a thread needs, then simulates the seeds that it is sent, one after another. */
import { parentPort, workerData } from "node:worker_threads";
import { installCrypto } from "./crypto.ts";
import { PLANTED } from "./planted.ts";
import { installPatches, unapplied } from "./patches.ts";

export type Job = { readonly planted: string | null; readonly trace: boolean };
export type Asked = { readonly from: number; readonly count: number };
export type Answered = {
  readonly runs: number;
  readonly events: number;
  readonly tasks: number;
  readonly effects: number;
  readonly faults: readonly (readonly [string, number])[];
  readonly features: readonly (readonly [string, number])[];
  readonly failures: readonly {
    readonly seed: number;
    readonly findings: readonly { readonly rule: string; readonly what: string }[];
    readonly lines: readonly string[] | null;
  }[];
  /** Of the last run. */
  readonly lines: readonly string[] | null;
  readonly trace: string;
};

const { planted, trace } = workerData as Job;
installCrypto();
installPatches(planted === null ? [] : PLANTED[planted]!);
// What an object that is gone had begun ends nowhere; what one that lives leaves unanswered shows in what it does not do.
process.on("unhandledRejection", () => {});

const { newPools } = await import("./schema.ts");
const { newFixture } = await import("./keys.ts");
const { simulate } = await import("./simulate.ts");
const missing = unapplied();
if (missing.length > 0) throw new Error(`never loaded: ${missing.join(", ")}`);
const pools = newPools();
const fixture = await newFixture();

parentPort!.on("message", async ({ from, count }: Asked) => {
  const faults = new Map<string, number>();
  const features = new Map<string, number>();
  const failures: Answered["failures"][number][] = [];
  const sum = { runs: 0, events: 0, tasks: 0, effects: 0 };
  let lines: readonly string[] | null = null;
  let digest = "";
  for (let seed = from; seed < from + count; seed++) {
    const verdict = await simulate(seed, pools, fixture, { trace });
    sum.runs++;
    sum.events += verdict.events;
    sum.tasks += verdict.tasks;
    sum.effects += verdict.effects;
    for (const [fault, times] of verdict.faults) faults.set(fault, (faults.get(fault) ?? 0) + times);
    for (const [feature, times] of verdict.features) features.set(feature, (features.get(feature) ?? 0) + times);
    ({ lines, trace: digest } = verdict);
    if (verdict.findings.length > 0) failures.push({ seed, findings: verdict.findings, lines });
  }
  parentPort!.postMessage({
    ...sum,
    faults: [...faults],
    features: [...features],
    failures,
    lines,
    trace: digest,
  } satisfies Answered);
});
