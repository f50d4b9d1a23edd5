/**
 * Texts that were written before and are used again: in a namespace of memory, under a digest of everything that they were written from. What is
 * found is held against the terminology like what is new, so a text that somebody else put there gains nothing by it.
 *
 * K1  Each text is kept as soon as it is good: a planner that dies has lost the calls under way and no others.
 * K2  Nothing is kept of a task about somebody, and a memory that does not answer only makes it dearer.
 */
import * as z from "zod";
import { digestOf } from "../../../shared/canonical.ts";
import type { Json } from "../../../shared/json.ts";
import { parseStrictJson } from "../../../shared/json.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { ModelName, ModelTier } from "../../../shared/model.ts";
import { newMemoryId, type Opened, type TenantMemory } from "../../memory/memory.ts";

/** A heading and the text under it. */
export const Passage = z.strictObject({ heading: z.string().min(1).max(200), text: z.string().min(1).max(4_000) });
export type Passage = z.infer<typeof Passage>;
/** Who wrote it, and what the call cost in which it was written. Whoever may write to the namespace can say so; a plan holds the sum of some. */
export const By = z.strictObject({
  tier: ModelTier,
  model: ModelName,
  atMs: z.int().min(0),
  microCents: z.int().min(0).max(1_000_000_000_000),
});
export type By = z.infer<typeof By>;
const Kept = z.strictObject({ passage: Passage, by: By });
export type Kept = z.infer<typeof Kept>;

export interface KeptTexts {
  /** What was written from the same; null where nothing was, or nothing readable. */
  find(from: Json): Promise<Kept | null>;
  keep(from: Json, kept: Kept): Promise<void>;
}

export const NOTHING_KEPT: KeptTexts = { find: async () => null, keep: async () => {} };

/** @param automation stands as the source of what is kept */
export async function keptTexts(
  memory: Pick<TenantMemory, "open">,
  namespace: string | undefined,
  automation: string,
  nowMs: () => number,
): Promise<KeptTexts> {
  if (namespace === undefined) return NOTHING_KEPT;
  const opened = await memory.open(namespace);
  return opened.ok ? new InNamespace(opened.value, automation, nowMs) : NOTHING_KEPT;
}

class InNamespace implements KeptTexts {
  readonly #opened: Opened;
  readonly #automation: string;
  readonly #nowMs: () => number;

  constructor(opened: Opened, automation: string, nowMs: () => number) {
    this.#opened = opened;
    this.#automation = automation;
    this.#nowMs = nowMs;
  }

  async find(from: Json): Promise<Kept | null> {
    const item = await this.#opened.memory.get(keyOf(from), this.#nowMs());
    const json = item === null ? null : parseStrictJson(item.text);
    const kept = json?.ok === true ? Kept.safeParse(json.value) : null;
    return kept?.success === true ? kept.data : null;
  }

  async keep(from: Json, kept: Kept): Promise<void> {
    const text = JSON.stringify(kept);
    if (text.length > LIMITS.memoryTextChars) return;
    const { contractVersion: contract } = this.#opened.namespace.settings;
    const about = { source: this.#automation, contract, by: "planner", subjects: [], expect: null, ttlMs: null };
    await this.#opened.memory.put({ ...about, key: keyOf(from), newId: newMemoryId(), text, atMs: this.#nowMs() });
  }
}

const keyOf = (from: Json): string => digestOf(from).replace("sha256:", "text-");
