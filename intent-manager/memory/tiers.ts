/** The three tiers behind their one interface (items.ts): canonical with an index, vector in an object, and ephemeral in a task's planning. */
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { CanonicalItems } from "./canonical.ts";
import type { Embedder } from "./embedder.ts";
import { isVisible, type Item, type MemoryTier, type Recall, type Recalled, type Write } from "./items.ts";
import { lexicalVector } from "./lexical.ts";
import { Matrix } from "./matrix.ts";
import { LEXICAL_DIMENSIONS } from "../../shared/memory.ts";
import type { VectorIndex } from "./vector-index.ts";
import type { Space } from "./vector-book.ts";
import type { VectorsRpc } from "./vectors.ts";

/** Items in the control database; found by meaning where there is an index. What the index says is read from the database before it is shown. */
export class CanonicalTier implements MemoryTier {
  readonly tier = "canonical";
  readonly #items: CanonicalItems;
  readonly #embedder: Embedder;
  readonly #index: VectorIndex | null;

  constructor(items: CanonicalItems, embedder: Embedder, index: VectorIndex | null) {
    this.#items = items;
    this.#embedder = embedder;
    this.#index = index;
  }

  /** The write counts once the database has it; an index that could not be told is set right by reconciliation. */
  async put(write: Write): Promise<Result<Item>> {
    const written = await this.#items.put(write);
    if (written.ok && this.#index !== null) {
      const vectors = await this.#embedder.embed([write.text]);
      if (vectors.ok) await quietly(this.#index.put(written.value, vectors.value[0]!));
    }
    return written;
  }

  get(key: string): Promise<Item | null> {
    return this.#items.get(key);
  }

  async recall(asked: Recall): Promise<Result<readonly Recalled[]>> {
    if (this.#index === null) return err(NOT_SEARCHED);
    const vectors = await this.#embedder.embed([asked.text]);
    if (!vectors.ok) return vectors;
    const near = await this.#index.nearest({ ...asked, vector: vectors.value[0]! });
    if (!near.ok) return near;
    const items = await this.#items.many(near.value.map(({ key }) => key));
    const byKey = new Map(items.map((item) => [item.key, item]));
    return ok(
      near.value.flatMap(({ key, score }) => {
        const item = byKey.get(key);
        return item === undefined || !isFitting(item, asked) ? [] : [{ item, score }];
      }),
    );
  }

  async remove(key: string): Promise<boolean> {
    const was = await this.#items.remove(key);
    await this.#index?.remove([key]);
    return was;
  }

  async about(subject: string): Promise<number> {
    return (await this.#items.keysAbout(subject)).length;
  }

  async erase(subject: string, nowMs: number): Promise<number> {
    await this.#items.closeTo(subject, nowMs);
    // The index first: a repetition after a failure in between still finds the keys.
    const keys = await this.#items.keysAbout(subject);
    await this.#index?.remove(keys);
    await this.#index?.erase(subject, nowMs);
    return this.#items.removeAll(keys);
  }
}

/** Items in the object of the namespace and nowhere else. */
export class VectorTier implements MemoryTier {
  readonly tier = "vector";
  readonly #object: VectorsRpc;
  readonly #embedder: Embedder;
  readonly #space: Space;
  readonly #ttlMs: number | null;

  constructor(object: VectorsRpc, embedder: Embedder, space: Space, ttlMs: number | null) {
    this.#object = object;
    this.#embedder = embedder;
    this.#space = space;
    this.#ttlMs = ttlMs;
  }

  async put({ newId, ttlMs, ...write }: Write): Promise<Result<Item>> {
    const vectors = await this.#embedder.embed([write.text]);
    if (!vectors.ok) return vectors;
    const lives = ttlMs === null ? this.#ttlMs : Math.min(ttlMs, this.#ttlMs ?? ttlMs);
    return this.#object.put(this.#space, {
      ...write,
      id: newId,
      version: 0,
      versions: "own",
      expiresMs: lives === null ? null : write.atMs + lives,
      vector: vectors.value[0]!,
    });
  }

  get(key: string): Promise<Item | null> {
    return this.#object.get(key);
  }

  async recall(asked: Recall): Promise<Result<readonly Recalled[]>> {
    const vectors = await this.#embedder.embed([asked.text]);
    if (!vectors.ok) return vectors;
    return this.#object.recall(this.#space, { ...asked, vector: vectors.value[0]! });
  }

  remove(key: string): Promise<boolean> {
    return this.#object.remove(key);
  }

  about(subject: string): Promise<number> {
    return this.#object.about(subject);
  }

  erase(subject: string, nowMs: number): Promise<number> {
    return this.#object.erase(subject, nowMs);
  }
}

/** What a task's planner has at hand while it plans, and no longer: lexical, in memory, stored nowhere. */
export class EphemeralTier implements MemoryTier {
  readonly tier = "ephemeral";
  readonly #items = new Map<string, { readonly slot: number; readonly item: Item }>();
  readonly #matrix = new Matrix(LEXICAL_DIMENSIONS);
  #last = 0;

  async put({ newId, expect, ttlMs, ...write }: Write): Promise<Result<Item>> {
    const known = this.#items.get(write.key);
    if (expect !== null && expect !== (known?.item.version ?? 0))
      return err(problem("memory-moved", "The item is at another version.", { version: known?.item.version ?? 0 }));
    const slot = known?.slot ?? ++this.#last;
    const expiresMs = ttlMs === null ? null : write.atMs + ttlMs;
    const item = { ...write, id: known?.item.id ?? newId, version: (known?.item.version ?? 0) + 1, expiresMs };
    this.#items.set(write.key, { slot, item });
    this.#matrix.set(slot, lexicalVector(write.text));
    return ok(item);
  }

  async get(key: string, nowMs: number): Promise<Item | null> {
    const item = this.#items.get(key)?.item ?? null;
    return item === null || isOver(item, nowMs) ? null : item;
  }

  async recall(asked: Recall, nowMs: number): Promise<Result<readonly Recalled[]>> {
    const bySlot = new Map([...this.#items.values()].map(({ slot, item }) => [slot, item]));
    const near = this.#matrix.nearest(lexicalVector(asked.text), asked.top, asked.minScore, (slot) => {
      const item = bySlot.get(slot)!;
      return !isOver(item, nowMs) && isFitting(item, asked);
    });
    return ok(near.map(({ slot, score }) => ({ item: bySlot.get(slot)!, score })));
  }

  async remove(key: string): Promise<boolean> {
    const known = this.#items.get(key);
    if (known !== undefined) this.#matrix.delete(known.slot);
    return this.#items.delete(key);
  }

  async about(subject: string): Promise<number> {
    return [...this.#items.values()].filter(({ item }) => item.subjects.includes(subject)).length;
  }

  async erase(subject: string): Promise<number> {
    const keys = [...this.#items.values()].filter(({ item }) => item.subjects.includes(subject));
    for (const { item } of keys) await this.remove(item.key);
    return keys.length;
  }
}

const NOT_SEARCHED = problem("memory-not-searchable", "This canonical namespace has no index.");
const isOver = ({ expiresMs }: Item, nowMs: number): boolean => expiresMs !== null && expiresMs <= nowMs;
const isFitting = (item: Item, { notBeforeMs, subjects }: Recall): boolean =>
  (notBeforeMs === null || item.atMs >= notBeforeMs) && isVisible(item.subjects, subjects);

/** A failure here is repaired later. */
async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    console.error("memory", { error: cause instanceof Error ? cause.message : "unknown" });
  }
}
