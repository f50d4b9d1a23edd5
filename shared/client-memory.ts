/** Calls of the client about memory. */
import type * as z from "zod";
import * as api from "./api/memory.ts";
import type { Call } from "./client-transport.ts";
import type { MemorySettings } from "./memory.ts";
import type { Result } from "./result.ts";

type Json = <T>(call: Call, schema: z.ZodType<T>) => Promise<Result<T>>;
export type MemoryText = {
  readonly text: string;
  readonly source?: string;
  readonly subjects?: readonly string[];
  /** The version that you have seen; 0: it must be new. */
  readonly expect?: number;
  readonly ttlSeconds?: number;
};
export type MemorySearch = {
  readonly text: string;
  readonly top?: number;
  readonly minScore?: number;
  readonly subjects?: readonly string[];
  readonly maxAgeSeconds?: number;
};

const at = (namespace: string, key?: string): string =>
  `/v1/memory/${encodeURIComponent(namespace)}${key === undefined ? "" : `/${encodeURIComponent(key)}`}`;

export const memoryCalls = (json: Json) => ({
  memoryNamespaces: () => json({ method: "GET", path: "/v1/memory" }, api.MemoryNamespacePage),
  /** What is left out has its default (shared/memory.ts). */
  putMemoryNamespace: (namespace: string, settings: Partial<MemorySettings>) =>
    json({ method: "PUT", path: at(namespace), body: settings }, api.MemoryNamespaceView),
  deleteMemoryNamespace: (namespace: string) => json({ method: "DELETE", path: at(namespace) }, api.MemoryRemoved),
  memoryItems: (namespace: string, query: { after?: string; limit?: number } = {}) =>
    json({ method: "GET", path: at(namespace), query }, api.MemoryItemPage),
  putMemory: (namespace: string, key: string, item: MemoryText) =>
    json({ method: "PUT", path: at(namespace, key), body: item }, api.MemoryItemView),
  readMemory: (namespace: string, key: string) => json({ method: "GET", path: at(namespace, key) }, api.MemoryItemView),
  memoryHistory: (namespace: string, key: string) =>
    json({ method: "GET", path: `${at(namespace, key)}/history` }, api.MemoryHistory),
  deleteMemory: (namespace: string, key: string) =>
    json({ method: "DELETE", path: at(namespace, key) }, api.MemoryRemoved),
  searchMemory: (namespace: string, search: MemorySearch) =>
    json({ method: "POST", path: `${at(namespace)}/search`, body: search }, api.MemoryFound),
});
