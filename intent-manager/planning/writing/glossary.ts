/**
 * The terminology of a release that writes: items of canonical memory, each a JSON list of terms (shared/terms.ts). What is listed for the plan
 * is what was read, by id and version, so that the record says which state of the terminology a text was held against.
 */
import { parseStrictJson } from "../../../shared/json.ts";
import type { MemoryShown } from "../../../shared/memory.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { Terms, type Term } from "../../../shared/terms.ts";
import type { WritingSpec } from "../../../shared/writing.ts";
import type { TenantMemory } from "../../memory/memory.ts";

export type Glossary = { readonly terms: readonly Term[]; readonly shown: readonly MemoryShown[] };

/**
 * All terms. One that stands in no item is unknown, and an item that is not there holds none: policy sees how many were read. Refuses with
 * terms-invalid where an item is no list of terms or a term stands in two: a text held against half of it would pass for a good one.
 */
export async function readGlossary(
  memory: Pick<TenantMemory, "open">,
  { namespace, keys }: WritingSpec["glossary"],
  nowMs: number,
): Promise<Result<Glossary>> {
  const opened = await memory.open(namespace);
  if (!opened.ok) return ok({ terms: [], shown: [] });
  const tier = opened.value.memory.tier as MemoryShown["tier"];
  const terms: Term[] = [];
  const shown: MemoryShown[] = [];
  for (const key of keys) {
    const item = await opened.value.memory.get(key, nowMs);
    if (item === null) continue;
    const json = parseStrictJson(item.text);
    const parsed = json.ok ? Terms.safeParse(json.value) : null;
    if (parsed?.success !== true)
      return err(problem("terms-invalid", `${namespace}/${key} is no list of terms.`, { namespace, key }));
    terms.push(...parsed.data);
    const { id, version, atMs, source, contract } = item;
    const ageMs = Math.max(0, nowMs - atMs);
    shown.push({ id, namespace, tier, version, score: null, atMs, ageMs, source, contract });
  }
  const twice = terms.find(({ term }, i) => terms.findIndex((one) => one.term === term) !== i);
  return twice === undefined
    ? ok({ terms, shown })
    : err(problem("terms-invalid", `The term ${JSON.stringify(twice.term)} stands twice.`, { namespace }));
}
