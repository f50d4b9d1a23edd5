/**
 * Four times what the system can do, offered without regard for its answers: how much of its peak it still does, and how fast it refuses
 * the rest. The generator and workerd have a core each where the machine allows it, so that neither takes the other's time. What a refusal
 * costs is measured at a door that lets nothing in, by itself and beside governed work. Peak and overload alternate, because the speed of
 * a machine changes; each pair is told, and the share is that of all pairs of a kind of task: the dearer a task is beside a refusal, the more is left.
 */
import { cpus } from "node:os";
import type { Job, JobResult } from "./job.ts";
import { LoadGenerator } from "./load.ts";
import { cpuSeconds, pinTo } from "./processes.ts";
import { short } from "./table.ts";
import type { Door, Governed } from "./world.ts";

/** Connections at the peak, and under overload: enough that an answer that takes three seconds holds up no further request. */
const PEAK_CLIENTS = 64;
const CLIENTS = 3_000;
const BESIDE_CLIENTS = 512;
const TIMES = 4;
/** Somewhat more is sent than must arrive: what a connection could not send in time, because its last answer was slow, is not sent at all. */
const MARGIN = 1.05;
const PAIRS = 3;
/** The intent-manager whose door lets nothing in, and the limits of that door. */
export const CLOSED = { closed: { workInFlight: 0 } };
const REFUSED_PER_SECOND = 700;

type Kind = Pick<Job, "head" | "body" | "expect"> & { readonly what: string };
type Pair = { readonly peak: JobResult; readonly over: JobResult };
const rateOf = ({ done, seconds }: JobResult): number => done / seconds;

export async function measureOverload(
  generator: LoadGenerator,
  target: Governed,
  kinds: readonly [Kind, ...Kind[]],
  unit: number,
  from: number,
  drained: () => Promise<unknown>,
): Promise<{ readonly text: string; readonly from: number }> {
  const other = new LoadGenerator();
  const isPinned = pin([generator, other], target, ["0", "1"]);
  let counter = from;
  let [kind] = kinds;
  const run = async (
    clients: number,
    seconds: number,
    perSecond: number | null,
    by = generator,
    { host, port }: Door = target,
  ): Promise<JobResult> => {
    const first = counter;
    counter += 1_000_000;
    const result = await by.run({ host, port, clients, seconds, perSecond, from: first, mayRefuse: true, ...kind });
    if (result.failed > 0)
      throw new Error(`overload: ${result.failed} answers were wrong, the first: ${result.failure}`);
    return result;
  };
  const refusals = (clients: number) => run(clients, unit, REFUSED_PER_SECOND, other, target.doors["closed"]);
  const calm = async <T>(result: Promise<T>): Promise<T> => {
    const value = await result;
    await drained();
    return value;
  };
  try {
    await calm(run(PEAK_CLIENTS, unit, null));
    await refusals(PEAK_CLIENTS);
    const before = target.pid === null ? Number.NaN : cpuSeconds(target.pid);
    const closed = await refusals(PEAK_CLIENTS);
    const refusalMs =
      ((target.pid === null ? Number.NaN : cpuSeconds(target.pid)) - before) * (1_000 / Math.max(1, closed.refused));
    const alone = await calm(run(PEAK_CLIENTS, unit, null));
    const [beside, meanwhile] = await calm(Promise.all([run(PEAK_CLIENTS, unit, null), refusals(BESIDE_CLIENTS)]));
    const told: string[] = [];
    for (kind of kinds) {
      const pairs: Pair[] = [];
      // The first runs of a kind compile, and take the memory, that the others find there.
      const first = await calm(run(PEAK_CLIENTS, unit, null));
      await calm(run(CLIENTS, unit, TIMES * MARGIN * rateOf(first)));
      for (let pair = 0; pair < PAIRS; pair++) {
        const peak = await calm(run(PEAK_CLIENTS, 2 * unit, null));
        pairs.push({ peak, over: await calm(run(CLIENTS, 3 * unit, TIMES * MARGIN * rateOf(peak))) });
      }
      told.push(...tell(kind.what, pairs));
    }
    const text = [
      `Refusals at a door that lets nothing in${isPinned ? ", a core each for generator and workerd" : ""}: ${short(refusalMs)} ms of CPU each at ${short(closed.refused / closed.seconds)}/s (p99 ${short(closed.refusedP99)} ms).`,
      `Beside them ${short(rateOf(beside))} tasks/s with ${short(meanwhile.refused / meanwhile.seconds)} refusals/s (p99 ${short(meanwhile.refusedP99)} ms), without ${short(rateOf(alone))}: ${short((1_000 * (1 / rateOf(alone)) * (rateOf(alone) - rateOf(beside)) * meanwhile.seconds) / Math.max(1, meanwhile.refused))} ms of the loop each.`,
      ...told,
    ].join("\n");
    return { text, from: counter };
  } finally {
    if (isPinned) pin([generator, other], target, [`0-${cpus().length - 1}`, `0-${cpus().length - 1}`]);
    other.stop();
  }
}

/** A line for each pair, and one for all of them. */
function tell(what: string, pairs: readonly Pair[]): string[] {
  const total = (of: (pair: Pair) => JobResult, part: "done" | "refused") =>
    pairs.reduce((sum, pair) => sum + of(pair)[part], 0) / pairs.reduce((sum, pair) => sum + of(pair).seconds, 0);
  const peakRate = total(({ peak }) => peak, "done");
  const overRate = total(({ over }) => over, "done");
  const offered = (overRate + total(({ over }) => over, "refused")) / peakRate;
  return [
    ...pairs.map(
      ({ peak, over }) =>
        `${what}: peak ${short(rateOf(peak))} tasks/s at ${PEAK_CLIENTS} clients (p99 ${short(peak.p99)} ms); offered ${short((over.done + over.refused) / over.seconds)}/s at ${CLIENTS} connections (${((over.done + over.refused) / over.seconds / rateOf(peak)).toFixed(1)} times; the generator's core busy ${((over.cpuSeconds / over.seconds) * 100).toFixed(0)} %): ${short(rateOf(over))} tasks/s done, ${((rateOf(over) / rateOf(peak)) * 100).toFixed(0)} % (p50 ${short(over.p50)} ms, p99 ${short(over.p99)} ms), ${short(over.refused / over.seconds)}/s refused with Retry-After (p50 ${short(over.refusedP50)} ms, p99 ${short(over.refusedP99)} ms).`,
    ),
    `${what}, in all: ${((overRate / peakRate) * 100).toFixed(0)} % of the peak at ${offered.toFixed(1)} times its rate.`,
  ];
}

function pin(generators: readonly LoadGenerator[], { pid }: Governed, [first, second]: readonly [string, string]) {
  if (cpus().length < 2 || pid === null) return false;
  return generators.every((generator) => generator.pid !== null && pinTo(generator.pid, first)) && pinTo(pid, second);
}
