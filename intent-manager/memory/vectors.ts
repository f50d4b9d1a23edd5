/** The object of one namespace's vectors, named `tenant/namespace`: the door to `VectorBook`, which says what it promises. */
import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../../shared/limits.ts";
import type { Result } from "../../shared/result.ts";
import type { Item } from "./items.ts";
import {
  VectorBook,
  type Counts,
  type Found,
  type Indexed,
  type Space,
  type VectorRecall,
  type VectorWrite,
} from "./vector-book.ts";

export interface VectorsRpc {
  put(space: Space, write: VectorWrite): Promise<Result<Item>>;
  get(key: string): Promise<Item | null>;
  recall(space: Space, asked: VectorRecall): Promise<Result<readonly Found[]>>;
  remove(key: string): Promise<boolean>;
  about(subject: string): Promise<number>;
  erase(subject: string, nowMs: number): Promise<number>;
  /** Removes what has expired. */
  prune(): Promise<number>;
  page(after: string, limit: number): Promise<readonly Indexed[]>;
  lookup(keys: readonly string[]): Promise<readonly Indexed[]>;
  stale(space: Space, limit: number): Promise<readonly Item[]>;
  refresh(
    space: Space,
    made: readonly { readonly key: string; readonly version: number; readonly vector: Float32Array }[],
  ): Promise<number>;
  counts(space: Space): Promise<Counts>;
  /** Forgets the namespace. */
  clear(): Promise<void>;
}

export class MemoryVectors extends DurableObject<Env> implements VectorsRpc {
  #book = new VectorBook(this.ctx.storage.sql);

  async put(space: Space, write: VectorWrite): Promise<Result<Item>> {
    const stored = this.#book.put(space, write, Date.now());
    if (stored.ok && write.expiresMs !== null) await this.#wake(write.expiresMs);
    return stored;
  }

  async get(key: string): Promise<Item | null> {
    return this.#book.get(key, Date.now());
  }

  async recall(space: Space, asked: VectorRecall): Promise<Result<readonly Found[]>> {
    const found = this.#book.recall(space, asked, Date.now());
    if (this.#book.hasUses) await this.#wake(Date.now() + LIMITS.memoryUseFlushMs);
    return found;
  }

  async remove(key: string): Promise<boolean> {
    return this.#book.remove(key);
  }

  async about(subject: string): Promise<number> {
    return this.#book.about(subject);
  }

  async erase(subject: string, nowMs: number): Promise<number> {
    return this.#book.erase(subject, nowMs);
  }

  async prune(): Promise<number> {
    return this.#book.prune(Date.now());
  }

  async page(after: string, limit: number): Promise<readonly Indexed[]> {
    return this.#book.page(after, limit);
  }

  async lookup(keys: readonly string[]): Promise<readonly Indexed[]> {
    return this.#book.lookup(keys);
  }

  async stale(space: Space, limit: number): Promise<readonly Item[]> {
    return this.#book.stale(space, limit);
  }

  async refresh(
    space: Space,
    made: readonly { readonly key: string; readonly version: number; readonly vector: Float32Array }[],
  ): Promise<number> {
    return made.filter(({ key, version, vector }) => this.#book.refresh(space, key, version, vector)).length;
  }

  async counts(space: Space): Promise<Counts> {
    return this.#book.counts(space);
  }

  async clear(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#book = new VectorBook(this.ctx.storage.sql);
  }

  /** Uses are written, and what has expired goes. It never throws: an alarm that fails too often stops. */
  override async alarm(): Promise<void> {
    try {
      this.#book.flushUses();
      this.#book.prune(Date.now());
      const next = this.#book.nextExpiryMs();
      if (next !== null) await this.#wake(next);
    } catch (cause) {
      console.error("memory", { error: cause instanceof Error ? cause.message : "unknown" });
    }
  }

  /** The alarm at this time, or earlier where it was set so. */
  async #wake(atMs: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > atMs) await this.ctx.storage.setAlarm(atMs);
  }
}
