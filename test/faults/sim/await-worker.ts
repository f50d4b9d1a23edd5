/** One thread of test/faults/sim/every-await.ts: its share of all injections, and what failed. */
import { parentPort, workerData } from "node:worker_threads";
import { installCrypto } from "./crypto.ts";
import { installPatches } from "./patches.ts";
import type { Injected } from "./every-await.ts";

export type AwaitJob = { readonly pairs: boolean; readonly share: number; readonly shares: number };
export type AwaitAnswer = {
  readonly points: readonly string[];
  readonly runs: number;
  readonly failures: readonly { readonly injected: readonly Injected[]; readonly findings: readonly string[] }[];
};

installCrypto();
installPatches();
process.on("unhandledRejection", () => {});
const { newPools } = await import("./schema.ts");
const { newFixture } = await import("./keys.ts");
const { injections, oneAction } = await import("./every-await.ts");

const { pairs, share, shares } = workerData as AwaitJob;
const pools = newPools();
const fixture = await newFixture();
const { points, effects } = await oneAction(pools, fixture, []);
const failures: AwaitAnswer["failures"][number][] = [];
let runs = 0;
let at = 0;
for (const injected of injections(points.length, pairs)) {
  if (at++ % shares !== share) continue;
  runs++;
  const verdict = await oneAction(pools, fixture, injected);
  const findings = verdict.findings.map(({ rule, what }) => `${rule}: ${what}`);
  // Whoever asks tries again, so with one fault the action comes to its end all the same.
  if (!pairs && verdict.effects !== effects) findings.push(`${verdict.effects} of ${effects} effects`);
  if (findings.length > 0) failures.push({ injected, findings });
}
parentPort!.postMessage({ points, runs, failures } satisfies AwaitAnswer);
