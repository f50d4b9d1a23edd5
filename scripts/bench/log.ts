/**
 * Whether the ledger keeps up with what the executors can do at most: the peak rate of governed tasks, held for a while; then twice as much
 * offered. What waits in the outboxes is counted at the start and at the end: where it grows, the rate is the executors' and not the log's.
 */
import type { JobResult } from "./job.ts";
import { short } from "./table.ts";
import { drained, WitnessWatch, type Delivery } from "./witness.ts";
import type { Governed, Lags } from "./world.ts";

const CLIENTS = 64;
/** The offered load past the peak: more connections than answers, at a fixed pace. */
const MORE_CLIENTS = 512;
const TIMES = 2;
/** An outbox that holds more than a second of records at the end than at the start has grown: deliveries leave twice a second. */
const GROWTH_SECONDS = 1;
/** Allowed from a record's commit to the ledger's signed checkpoint over it. */
const LAG_P99_MS = 2_000;

export type Load = (clients: number, seconds: number, perSecond: number | null) => Promise<JobResult>;

type Held = {
  readonly rate: number;
  readonly refusedRate: number;
  readonly delivery: Delivery;
  readonly lags: Lags;
  readonly drainMs: number;
  readonly keepsUp: boolean;
};

async function hold(
  target: Governed,
  load: Load,
  clients: number,
  seconds: number,
  perSecond: number | null,
): Promise<Held> {
  const watch = new WitnessWatch(target);
  const fromMs = Date.now();
  const result = await load(clients, seconds, perSecond);
  const untilMs = Date.now();
  const delivery = await watch.stop();
  const drainMs = await drained(target);
  const lags = await target.lags(fromMs, untilMs);
  if (lags === null) throw new Error("log: nothing was committed");
  const growth = delivery.undelivered - delivery.undeliveredBefore;
  return {
    rate: result.done / result.seconds,
    refusedRate: result.refused / result.seconds,
    delivery,
    lags,
    drainMs,
    keepsUp: growth <= (GROWTH_SECONDS * delivery.committed) / result.seconds && lags.p99 < LAG_P99_MS,
  };
}

const line = (what: string, { rate, refusedRate, delivery, lags, drainMs, keepsUp }: Held, seconds: number): string =>
  [
    `${what}: ${short(rate)} tasks/s for ${seconds} s${refusedRate > 0 ? ` (${short(refusedRate)}/s refused)` : ""},`,
    `${short(delivery.committed / seconds)} records/s committed and ${short(delivery.delivered / seconds)}/s delivered;`,
    `outboxes ${delivery.undeliveredBefore} → ${delivery.undelivered} records, empty ${short(drainMs)} ms later;`,
    `commit → signed checkpoint p50 ${short(lags.p50)} ms, p99 ${short(lags.p99)} ms, longest ${short(lags.longest)} ms:`,
    keepsUp ? "the ledger keeps up." : "the ledger does NOT keep up.",
  ].join(" ");

/** Fails for nothing: it says what it measured. */
export async function measureLog(target: Governed, load: Load, seconds: number): Promise<string> {
  await load(CLIENTS, Math.min(2, seconds), null);
  await drained(target);
  const peak = await hold(target, load, CLIENTS, seconds, null);
  const more = await hold(target, load, MORE_CLIENTS, seconds, TIMES * peak.rate);
  return [
    line(`Log, at the executors' peak (${CLIENTS} clients)`, peak, seconds),
    line(`Log, ${TIMES} times that offered (${MORE_CLIENTS} connections)`, more, seconds),
    `Past the peak: ${((more.rate / peak.rate) * 100).toFixed(0)} % of its rate, p99 lag ${((more.lags.p99 / Math.max(1, peak.lags.p99)) * 100).toFixed(0)} % of its lag.`,
  ].join("\n");
}
