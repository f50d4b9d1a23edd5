/**
 * Four times what the system can do, offered without regard for its answers: how much of its peak it still does, and how fast it refuses
 * the rest. The generator and workerd have a core each where the machine allows it, so that neither takes the other's time.
 */
import { cpus } from "node:os";
import type { Job, JobResult } from "./job.ts";
import type { LoadGenerator } from "./load.ts";
import { pinTo } from "./processes.ts";
import { short } from "./table.ts";
import type { Running } from "./world.ts";

/** Connections at the peak, and under overload: enough that a slow answer holds up no further request. */
const PEAK_CLIENTS = 64;
const CLIENTS = 3_000;
const TIMES = 4;

type Kind = Pick<Job, "head" | "body" | "expect">;

export async function measureOverload(
  generator: LoadGenerator,
  target: Running,
  kind: Kind,
  seconds: number,
  from: number,
  drained: () => Promise<unknown>,
): Promise<{ readonly text: string; readonly share: number; readonly from: number }> {
  const isPinned = pin(generator, target, ["0", "1"]);
  let counter = from;
  const run = async (clients: number, duration: number, perSecond: number | null): Promise<JobResult> => {
    const { host, port } = target;
    const result = await generator.run({
      host,
      port,
      clients,
      seconds: duration,
      perSecond,
      from: counter,
      mayRefuse: true,
      ...kind,
    });
    counter += result.done + result.failed + result.refused + clients;
    await drained();
    if (result.failed > 0)
      throw new Error(`overload: ${result.failed} answers were wrong, the first: ${result.failure}`);
    return result;
  };
  await run(PEAK_CLIENTS, 1, null);
  const peak = await run(PEAK_CLIENTS, seconds, null);
  const peakRate = peak.done / peak.seconds;
  const over = await run(CLIENTS, seconds, TIMES * peakRate);
  const offered = (over.done + over.refused) / over.seconds;
  const share = over.done / over.seconds / peakRate;
  if (isPinned) pin(generator, target, [`0-${cpus().length - 1}`, `0-${cpus().length - 1}`]);
  const text = [
    `Overload${isPinned ? ", a core each for generator and workerd" : ""}: peak ${short(peakRate)} tasks/s at ${PEAK_CLIENTS} clients (p99 ${short(peak.p99)} ms);`,
    `offered ${short(offered)}/s at ${CLIENTS} connections (${(offered / peakRate).toFixed(1)} times; the generator's core busy ${((over.cpuSeconds / over.seconds) * 100).toFixed(0)} %): ${short(over.done / over.seconds)} tasks/s done,`,
    `${(share * 100).toFixed(0)} % of the peak (p99 ${short(over.p99)} ms), ${short(over.refused / over.seconds)}/s refused with Retry-After.`,
  ].join(" ");
  return { text, share, from: counter };
}

function pin(generator: LoadGenerator, target: Running, [first, second]: readonly [string, string]): boolean {
  if (cpus().length < 2 || generator.pid === null || target.pid === null) return false;
  return pinTo(generator.pid, first) && pinTo(target.pid, second);
}
