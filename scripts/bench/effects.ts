/** D1 actions a second through the adapter alone, with shared batches and with a batch for each: the same actions, in the same run, in turn. */
import type { Running } from "./world.ts";

const CLIENTS = 64;
const ROUNDS = 3;

/** Medians over interleaved rounds. */
export async function measureEffects(
  { host, port }: Running,
  actions: number,
): Promise<{ readonly clients: number; readonly shared: number; readonly alone: number }> {
  const measured = { shared: [] as number[], alone: [] as number[] };
  const measure = async (shared: boolean): Promise<number> => {
    const query = `clients=${CLIENTS}&actions=${actions}&shared=${shared}`;
    const response = await fetch(`http://${host}:${port}/?${query}`);
    if (!response.ok) throw new Error(`an action failed: ${(await response.text()).slice(0, 300)}`);
    return ((await response.json()) as { perSecond: number }).perSecond;
  };
  await measure(true);
  await measure(false);
  for (let round = 0; round < ROUNDS; round++) {
    measured.shared.push(await measure(true));
    measured.alone.push(await measure(false));
  }
  return { clients: CLIENTS, shared: median(measured.shared), alone: median(measured.alone) };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
