/** Memory of a tenant: its namespaces, items, and what a search finds. */
import * as z from "zod";
import { MemoryId, MemoryKey, MemoryNamespace, MemorySettings, MemorySource } from "../memory.ts";
import { At } from "./common.ts";

export const MemoryNamespaceView = z.object({
  name: MemoryNamespace,
  settings: MemorySettings,
  /** What makes its vectors; `lexical-ngrams-1/512` is computed here and knows letters, not meaning. */
  embedding: z.string(),
  items: z.int().min(0),
  /** Of its texts, with the kept versions of canonical items. */
  bytes: z.int().min(0),
  /** Items whose vectors are of an earlier embedding: reconciliation makes them anew, and until then no search finds them. */
  stale: z.int().min(0),
  updatedAt: At,
});
export type MemoryNamespaceView = z.infer<typeof MemoryNamespaceView>;
export const MemoryNamespacePage = z.object({ namespaces: z.array(MemoryNamespaceView) });
export type MemoryNamespacePage = z.infer<typeof MemoryNamespacePage>;

export const MemoryItemView = z.object({
  id: MemoryId,
  namespace: MemoryNamespace,
  key: MemoryKey,
  text: z.string(),
  /** Rises with each write. */
  version: z.int().min(1),
  at: At,
  /** Id of the API key that wrote it. */
  by: z.string(),
  source: MemorySource,
  /** Version of the form that the namespace's texts had when it was written. */
  contractVersion: z.string(),
  /** How many people it is about. */
  subjects: z.int().min(0),
  expiresAt: At.nullable(),
});
export type MemoryItemView = z.infer<typeof MemoryItemView>;

/** The newest first. */
export const MemoryHistory = z.object({
  versions: z.array(
    z.object({
      version: z.int().min(1),
      text: z.string(),
      at: At,
      by: z.string(),
      source: MemorySource,
      contractVersion: z.string(),
    }),
  ),
});
export type MemoryHistory = z.infer<typeof MemoryHistory>;

export const MemoryItemPage = z.object({
  items: z.array(MemoryItemView),
  /** `after` of the next page; null on the last. */
  next: MemoryKey.nullable(),
});
export type MemoryItemPage = z.infer<typeof MemoryItemPage>;

export const MemoryFound = z.object({
  embedding: z.string(),
  /** The nearest first. `score` is the cosine. */
  found: z.array(MemoryItemView.extend({ score: z.number() })),
});
export type MemoryFound = z.infer<typeof MemoryFound>;

export const MemoryRemoved = z.object({ removed: z.boolean() });
