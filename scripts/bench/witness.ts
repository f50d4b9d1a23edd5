/**
 * Watches the executors while they work: how far each chain reaches and how much of it the ledger has, several times a second, through
 * the public interface. From that follows how much waits in the outboxes. How long each record waited is read afterwards from what is stored.
 */
import type { Governed } from "./world.ts";

const EVERY_MS = 50;

type Seen = { readonly head: number; readonly delivered: number };

export type Delivery = {
  /** Records that waited when it began, and when it ended. */
  readonly undeliveredBefore: number;
  readonly undelivered: number;
  /** Records that were committed and delivered meanwhile. */
  readonly committed: number;
  readonly delivered: number;
};

export class WitnessWatch {
  readonly #governed: Governed;
  readonly #seenByExecutor = new Map<string, Seen[]>();
  #on = true;
  readonly #done: Promise<void>;

  constructor(governed: Governed) {
    this.#governed = governed;
    this.#done = this.#watch();
  }

  async #watch(): Promise<void> {
    while (this.#on) {
      for (const { executor, head, delivered } of await witnesses(this.#governed)) {
        const seen = this.#seenByExecutor.get(executor) ?? [];
        seen.push({ head, delivered });
        this.#seenByExecutor.set(executor, seen);
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async stop(): Promise<Delivery> {
    this.#on = false;
    await this.#done;
    const series = [...this.#seenByExecutor.values()].filter((seen) => seen.length > 0);
    const sum = (of: (seen: Seen[]) => number) => series.reduce((total, seen) => total + of(seen), 0);
    return {
      undeliveredBefore: sum((seen) => seen[0]!.head - seen[0]!.delivered),
      undelivered: sum((seen) => seen.at(-1)!.head - seen.at(-1)!.delivered),
      committed: sum((seen) => seen.at(-1)!.head - seen[0]!.head),
      delivered: sum((seen) => seen.at(-1)!.delivered - seen[0]!.delivered),
    };
  }
}

async function witnesses({
  host,
  port,
  keys,
}: Governed): Promise<{ executor: string; head: number; delivered: number }[]> {
  const response = await fetch(`http://${host}:${port}/v1/ledger/witnesses`, {
    headers: { authorization: `Bearer ${keys.apiKeys.auditor}` },
  });
  const { witnesses: all } = (await response.json()) as {
    witnesses: { executor: string; head: { seq: number }; delivered: number }[];
  };
  return all.map(({ executor, head, delivered }) => ({ executor, head: head.seq, delivered }));
}

/** Resolves once the ledger has everything, with the milliseconds that it took. */
export async function drained(governed: Governed): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const all = await witnesses(governed);
    // A record of the executor itself (a checkpoint that it saw) may always be on its way.
    if (all.every(({ head, delivered }) => head - delivered <= 1)) return performance.now() - startMs;
    if (performance.now() - startMs > 60_000) throw new Error("the outboxes do not empty");
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
