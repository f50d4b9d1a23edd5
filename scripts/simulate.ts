/**
 * `npm run simulate -- --seeds N [--from SEED] [--trace] [--threads N] [--seconds S] [--planted BUG]`: runs the executors and the ledger through N simulated
 * worlds full of faults and has each checked. A seed decides everything, so that `--seeds 1 --from SEED --trace` shows a failure again.
 * Ends with 1 where a check failed, where `--seconds` left seeds out, or where many seeds left a fault or a feature out. With `--planted` a known bug is put in first (test/faults/sim/planted.ts).
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { idle, SEEDS_FOR_ALL } from "../test/faults/sim/features.ts";
import { simulateMany } from "../test/faults/sim/threads.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    threads: { type: "string", default: String(Math.min(4, availableParallelism())) },
    trace: { type: "boolean", default: false },
    planted: { type: "string" },
    /** Seeds that are not begun by then are left out, and then the run has failed. */
    seconds: { type: "string", default: "86400" },
  },
});
const from = Number(values.from);
const count = Number(values.seeds);
const started = performance.now();
const summary = await simulateMany(
  { from, count },
  {
    threads: Number(values.threads),
    trace: values.trace,
    stopsAt: 20,
    seconds: Number(values.seconds),
    ...(values.planted === undefined ? {} : { planted: values.planted }),
    progress: (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count}`);
    },
  },
);
if (process.stderr.isTTY) process.stderr.write("\r");
if (values.trace) for (const line of summary.lines ?? []) console.log(line);
const seconds = (performance.now() - started) / 1_000;
console.log(
  `${summary.runs} seeds from ${from} in ${seconds.toFixed(1)} s: ${summary.events} events, ${summary.tasks} tasks, ${summary.effects} effects`,
);
const cpu = process.cpuUsage();
console.log(`${((cpu.user + cpu.system) / 1_000 / Math.max(1, summary.runs)).toFixed(1)} ms of CPU for each`);
const print = (title: string, counts: ReadonlyMap<string, number>): void => {
  console.log(title);
  for (const [name, times] of [...counts].toSorted(([a], [b]) => a.localeCompare(b)))
    console.log(`  ${name.padEnd(44)} ${times}`);
};
print("faults injected:", summary.faults);
print("features exercised:", summary.features);
for (const { seed, findings } of summary.failures.slice(0, 5)) {
  console.log(`seed ${seed} FAILED; again with: npm run simulate -- --seeds 1 --from ${seed} --trace`);
  for (const { rule, what } of findings.slice(0, 5)) console.log(`  ${rule}: ${what}`);
}
const isCut = summary.runs < count && summary.failures.length === 0;
if (isCut) console.log(`FAILED: the time was over, ${count - summary.runs} of ${count} seeds were left out`);
else if (summary.failures.length === 0) console.log("all held");
else
  console.log(`${summary.failures.length} of ${summary.runs} seeds failed, the first is ${summary.failures[0]!.seed}`);
const unused = summary.runs < SEEDS_FOR_ALL ? [] : idle(summary);
if (unused.length > 0) console.log(`FAILED: never exercised: ${unused.join(", ")}`);
process.exitCode = isCut || unused.length > 0 || summary.failures.length > 0 ? 1 : 0;
