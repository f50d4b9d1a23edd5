/**
 * Search in one namespace of memory: every vector is looked at (exact), warm and cold. Times are taken in a Worker around the call of the object,
 * so they hold the RPC between the two and no HTTP.
 */
import { cpuSeconds } from "./processes.ts";
import { short } from "./table.ts";
import type { Running } from "./world.ts";

const ITEMS = 20_000;
const DIMENSIONS = 512;
const FILL = 500;

export async function measureMemory({ host, port, pid }: Running, searches: number): Promise<string> {
  const ask = async (path: string): Promise<{ ms: number; found: number }> => {
    const response = await fetch(`http://${host}:${port}${path}&dimensions=${DIMENSIONS}`);
    if (!response.ok) throw new Error(`memory: ${(await response.text()).slice(0, 300)}`);
    return (await response.json()) as { ms: number; found: number };
  };
  for (let from = 0; from < ITEMS; from += FILL) await ask(`/fill?from=${from}&count=${FILL}`);
  const cold: number[] = [];
  for (let i = 0; i < 5; i++) cold.push((await ask(`/cool?seed=${i}`)).ms);
  for (let i = 0; i < 20; i++) await ask(`/search?seed=${i}`);
  const warm: number[] = [];
  const before = pid === null ? null : cpuSeconds(pid);
  for (let i = 0; i < searches; i++) {
    const { ms, found } = await ask(`/search?seed=${ITEMS + i}`);
    if (found !== 10) throw new Error(`memory: a search found ${found}`);
    warm.push(ms);
  }
  const cpuMs = before === null ? null : ((cpuSeconds(pid!) - before) * 1_000) / searches;
  const at = (list: readonly number[], share: number) =>
    list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))]!;
  return `Memory, ${ITEMS.toLocaleString("en")} vectors of ${DIMENSIONS} in one namespace, exact, one search at a time, ${searches} searches: warm p50 ${short(at(warm, 0.5))} ms, p99 ${short(at(warm, 0.99))} ms, ${short(cpuMs)} ms CPU a search; first search of a cold object (vectors read from its SQLite) ${short(at(cold, 0.5))} ms, median of ${cold.length}`;
}
