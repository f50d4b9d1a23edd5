/** What the tiers of memory speak of: an item, a write, what is recalled, and the one interface that all three have. */
import type { Result } from "../../shared/result.ts";

export type Tier = "ephemeral" | "vector" | "canonical";

/** One text under its key. `subjects` are digests under a secret of the tenant's: a name stands in no tier. */
export type Item = {
  readonly id: string;
  readonly key: string;
  readonly text: string;
  readonly version: number;
  /** When it was written, ms since the epoch. */
  readonly atMs: number;
  readonly source: string;
  readonly contract: string;
  /** Id of the API key that wrote it. */
  readonly by: string;
  readonly subjects: readonly string[];
  /** Null: it does not end by itself. */
  readonly expiresMs: number | null;
};

export type Write = Omit<Item, "id" | "version" | "expiresMs"> & {
  /** What the item is called if it is new. */
  readonly newId: string;
  /** The version that the writer has seen; 0: the item must be new; null: whatever stands there. */
  readonly expect: number | null;
  /** Null: as the namespace says. */
  readonly ttlMs: number | null;
};

export type Recall = {
  readonly text: string;
  readonly top: number;
  readonly minScore: number;
  /** Items written earlier are left out; null: any age. */
  readonly notBeforeMs: number | null;
  /** An item about somebody is recalled only where all of its subjects are among these; null: of anybody. */
  readonly subjects: readonly string[] | null;
};
export type Recalled = { readonly item: Item; readonly score: number };

/** A namespace in one tier. Times are given by the caller. */
export interface MemoryTier {
  readonly tier: Tier;
  /** Refuses with memory-moved, memory-full, subject-erased, or what the embedding refuses with. */
  put(write: Write): Promise<Result<Item>>;
  get(key: string, nowMs: number): Promise<Item | null>;
  /** The nearest first. Refuses with memory-not-searchable, or what the embedding refuses with. */
  recall(asked: Recall, nowMs: number): Promise<Result<readonly Recalled[]>>;
  remove(key: string): Promise<boolean>;
  /** How many items are about a subject. */
  about(subject: string): Promise<number>;
  /** Removes everything about a subject; answers how many items. */
  erase(subject: string, nowMs: number): Promise<number>;
}

/** Whether somebody who may see these subjects may see an item about those. */
export const isVisible = (about: readonly string[], allowed: readonly string[] | null): boolean =>
  allowed === null || about.every((subject) => allowed.includes(subject));
