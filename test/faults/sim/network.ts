/** The network between the parts of a run: every call is a point, and what its plan of faults says happens to it. */
import type { PointFault } from "./faults.ts";
import { never, type Run } from "./run.ts";

/** Whoever calls. What an object has written and is not durable yet holds its calls back, as the output gate of the platform does. */
export interface Caller {
  readonly name: string;
  readonly alive: boolean;
  /** Null for one that cannot crash. */
  readonly crash: (() => void) | null;
  gate(): Promise<void>;
}

export const CALL_FAULTS: readonly PointFault[] = [
  "crash-before",
  "crash-after",
  "error-not-applied",
  "error-applied",
  "delay",
  "duplicate",
  "drop",
  "drop-answer",
];
/** What can happen to the calls of somebody who cannot crash. */
const withoutCrashes = new Map<readonly PointFault[], readonly PointFault[]>();
function calmed(can: readonly PointFault[]): readonly PointFault[] {
  let rest = withoutCrashes.get(can);
  if (rest === undefined) withoutCrashes.set(can, (rest = can.filter((fault) => !fault.startsWith("crash"))));
  return rest;
}

/** Calls `there` over the network. `isSafeTwice` is false where nothing between the two repeats a message. */
export async function call<T>(
  run: Run,
  from: Caller,
  point: string,
  there: () => T | Promise<T>,
  can: readonly PointFault[] = CALL_FAULTS,
): Promise<T> {
  await from.gate();
  if (!from.alive) return never();
  const fault = run.fault(point, from.crash === null ? calmed(can) : can);
  const lost = (): Error => new Error(`network: ${point} was lost`);
  if (fault === "crash-before") {
    from.crash!();
    return never();
  }
  if (fault === "error-not-applied" || fault === "drop") {
    await run.loop.sleep(fault === "drop" ? run.random.int(4_000, 16_000) : run.latencyMs());
    if (!from.alive) return never();
    throw lost();
  }
  const lateMs = fault === "delay" ? run.random.int(3_000, 20_000) : 0;
  const isLateThere = lateMs > 0 && run.random.chance(0.5);
  await run.loop.sleep(run.latencyMs() + (isLateThere ? lateMs : 0));
  if (fault === "duplicate") run.loop.after(run.random.int(0, 20_000), () => void quietly(there));
  let answer: T | undefined;
  let refusal: unknown = null;
  try {
    answer = await there();
  } catch (cause) {
    refusal = cause ?? new Error("no reason");
  }
  await run.loop.sleep(run.latencyMs() + (isLateThere ? 0 : lateMs));
  if (fault === "drop-answer") await run.loop.sleep(run.random.int(4_000, 16_000));
  if (!from.alive) return never();
  if (fault === "crash-after") {
    from.crash!();
    return never();
  }
  if (fault === "error-applied" || fault === "drop-answer") throw lost();
  if (refusal !== null) throw refusal;
  return answer as T;
}

async function quietly(there: () => unknown): Promise<void> {
  try {
    await there();
  } catch {
    // Whoever sent it hears of its first answer alone.
  }
}
