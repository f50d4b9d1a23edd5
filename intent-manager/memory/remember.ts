/**
 * What planners of a release are shown of memory, for one task: read as the release says, fenced for the prompt, and listed for the plan. Nothing
 * here decides. A namespace that cannot be read is left out; what was shown is in the record, and policy can demand that something was.
 *
 * R1  An item about somebody is shown only in a task whose input names all of them: what is said of it later is then sealed under their keys.
 * R2  What is listed is what was shown, no more and no less.
 */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { fence } from "../../shared/fence.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { MemoryRead, MemoryShown } from "../../shared/memory.ts";
import { valueAt } from "../../shared/pointer.ts";
import type { Result } from "../../shared/result.ts";
import { subjectsOf } from "../../shared/subjects.ts";
import type { Recalled } from "./items.ts";
import type { Opened, Payer } from "./memory.ts";

export type Remembered = { readonly shown: readonly MemoryShown[]; readonly prompt: readonly string[] };
export const NOTHING: Remembered = { shown: [], prompt: [] };

/** The part of a tenant's memory that is used. */
export type Openable = { open(name: string, payer?: Payer): Promise<Result<Opened>> };
export type Asked = {
  readonly release: Pick<CompiledRelease, "bundle" | "input">;
  readonly input: JsonObject;
  readonly payer: Payer;
  readonly digestOf: (subject: string) => string;
  readonly nowMs: number;
};

export async function remember(memory: Openable, asked: Asked): Promise<Remembered> {
  const { release, input, nowMs } = asked;
  const reads = release.bundle.memory;
  if (reads === undefined) return NOTHING;
  const subjects = subjectsOf(release.input, input, []);
  const digests = subjects.ok ? subjects.value.map(asked.digestOf) : [];
  const shown: MemoryShown[] = [];
  const prompt: string[] = [];
  let chars = 0;
  for (const read of reads)
    for (const one of await readOf(memory, read, asked, digests)) {
      const { item } = one;
      chars += item.text.length;
      if (shown.length >= LIMITS.memoryShown || chars > LIMITS.memoryPromptChars) return { shown, prompt };
      if (shown.some(({ id }) => id === item.id)) continue;
      const entry = entryOf(read.namespace, one, nowMs);
      shown.push(entry); // R2
      prompt.push(fence(item.text, labelOf(entry, item.key)));
    }
  return { shown, prompt };
}

type Shown = Recalled & { readonly tier: MemoryShown["tier"]; readonly byKey: boolean };

async function readOf(
  memory: Openable,
  { namespace, keys, search, maxAgeSeconds }: MemoryRead,
  { input, payer, nowMs }: Asked,
  subjects: readonly string[],
): Promise<readonly Shown[]> {
  const opened = await memory.open(namespace, payer);
  if (!opened.ok) return [];
  const tier = opened.value.memory.tier as MemoryShown["tier"];
  const notBeforeMs = maxAgeSeconds === undefined ? null : nowMs - maxAgeSeconds * 1_000;
  if (keys !== undefined) {
    const items = await Promise.all(keys.map((key) => opened.value.memory.get(key, nowMs)));
    return items.flatMap((item) => {
      const isFitting = item !== null && (notBeforeMs === null || item.atMs >= notBeforeMs);
      return isFitting && item.subjects.every((subject) => subjects.includes(subject)) // R1
        ? [{ item, score: 1, tier, byKey: true }]
        : [];
    });
  }
  const text = valueAt(input, search!.field);
  if (typeof text !== "string" || text === "") return [];
  const found = await opened.value.memory.recall(
    {
      text: text.slice(0, LIMITS.memoryTextChars),
      top: search!.top,
      minScore: search!.minScore ?? 0,
      notBeforeMs,
      subjects, // R1
    },
    nowMs,
  );
  return found.ok ? found.value.map((one) => ({ ...one, tier, byKey: false })) : [];
}

const entryOf = (namespace: string, { item, score, tier, byKey }: Shown, nowMs: number): MemoryShown => ({
  id: item.id,
  namespace,
  tier,
  version: item.version,
  score: byKey ? null : Math.max(-1, Math.min(1, Math.round(score * 10_000) / 10_000)),
  atMs: item.atMs,
  ageMs: Math.max(0, nowMs - item.atMs),
  source: item.source,
  contract: item.contract,
});

const labelOf = ({ namespace, version, ageMs, source, contract }: MemoryShown, key: string): string =>
  `memory ${namespace}/${key}, version ${version}, ${Math.floor(ageMs / 1_000)} s old, from ${source}, form ${contract}`;
