/**
 * Which results of a task its planner is shown in full: all of them while they fit, else the newest, and of the older ones those that are
 * nearest to the request, recalled from the ephemeral tier. The others are named without their results.
 */
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { EphemeralTier } from "./tiers.ts";

/** Results that are shown whatever else is there. */
const NEWEST = 4;

/** `steps` in the order in which they ended; answers the ids of those whose results are shown. */
export async function resultsShown(
  steps: readonly string[],
  results: JsonObject,
  request: string,
  most: number = LIMITS.memoryPromptChars,
): Promise<ReadonlySet<string>> {
  const texts = new Map(
    steps.filter((id) => Object.hasOwn(results, id)).map((id) => [id, JSON.stringify(results[id])] as const),
  );
  const all = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
  if (all <= most) return new Set(texts.keys());
  const ids = [...texts.keys()];
  const shown = new Set(ids.slice(-NEWEST));
  let chars = [...shown].reduce((sum, id) => sum + texts.get(id)!.length, 0);
  const tier = new EphemeralTier();
  const about = { source: "task", contract: "1.0.0", by: "task", subjects: [], expect: null, ttlMs: null };
  for (const id of ids.slice(0, -NEWEST))
    await tier.put({ ...about, key: id, newId: id, text: texts.get(id)!.slice(0, LIMITS.memoryTextChars), atMs: 0 });
  const asked = { text: request.slice(0, LIMITS.memoryTextChars), notBeforeMs: null, subjects: null };
  const near = await tier.recall({ ...asked, top: ids.length, minScore: -1 }, 0);
  for (const { item } of near.ok ? near.value : []) {
    const { length } = texts.get(item.key)!;
    if (chars + length > most) continue;
    chars += length;
    shown.add(item.key);
  }
  return shown;
}
