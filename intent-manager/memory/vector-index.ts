/**
 * Where vectors of canonical items are kept, behind one interface: the namespace's object (by default), or Vectorize.
 *
 * An index is never the truth: whatever it finds is read from the control database before anybody sees it. So what it lacks is only not found,
 * and what it has too much is never shown; reconciliation sets both right.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { MemorySettings } from "../../shared/memory.ts";
import type { Result } from "../../shared/result.ts";
import { ok } from "../../shared/result.ts";
import type { Embedder } from "./embedder.ts";
import type { Item } from "./items.ts";
import type { Space } from "./vector-book.ts";
import type { VectorsRpc } from "./vectors.ts";

export type IndexAsk = {
  readonly vector: Float32Array;
  readonly top: number;
  readonly minScore: number;
  readonly notBeforeMs: number | null;
  readonly subjects: readonly string[] | null;
};
/** What an index has under a key. */
export type Indexed = { readonly key: string; readonly version: number; readonly embedding: string };

export interface VectorIndex {
  put(item: Item, vector: Float32Array): Promise<Result<unknown>>;
  nearest(asked: IndexAsk): Promise<Result<readonly { readonly key: string; readonly score: number }[]>>;
  remove(keys: readonly string[]): Promise<void>;
  /** Whoever was erased now, a write that began before ends after it. */
  erase(subject: string, nowMs: number): Promise<void>;
  /** What it has under these keys. */
  lookup(keys: readonly string[]): Promise<readonly Indexed[]>;
  /** What it has after a key, in the order of keys; null where it cannot tell. */
  page(after: string, limit: number): Promise<readonly Indexed[] | null>;
}

export const spaceOf = (
  { name, dimensions }: Pick<Embedder, "name" | "dimensions">,
  { maxItems, maxBytes = LIMITS.memoryNamespaceBytes }: Pick<MemorySettings, "maxItems" | "maxBytes">,
  evicts: boolean,
): Space => ({ embedding: name, dimensions, maxItems, maxBytes, evicts });

export class ObjectIndex implements VectorIndex {
  readonly #object: VectorsRpc;
  readonly #space: Space;

  constructor(object: VectorsRpc, space: Space) {
    this.#object = object;
    this.#space = space;
  }

  put(item: Item, vector: Float32Array): Promise<Result<unknown>> {
    return this.#object.put(this.#space, { ...item, vector, versions: "canonical", expect: null });
  }

  async nearest(asked: IndexAsk): Promise<Result<readonly { readonly key: string; readonly score: number }[]>> {
    const found = await this.#object.recall(this.#space, asked);
    return found.ok ? ok(found.value.map(({ item, score }) => ({ key: item.key, score }))) : found;
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#object.remove(key);
  }

  async erase(subject: string, nowMs: number): Promise<void> {
    await this.#object.erase(subject, nowMs);
  }

  lookup(keys: readonly string[]): Promise<readonly Indexed[]> {
    return this.#object.lookup(keys);
  }

  page(after: string, limit: number): Promise<readonly Indexed[]> {
    return this.#object.page(after, limit);
  }
}
