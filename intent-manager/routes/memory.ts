/** Memory: namespaces, items by their keys, and search. What comes out is somebody's text; who wrote it and when stands beside it. */
import * as z from "zod";
import { MemoryFound, MemoryHistory, MemoryItemPage, MemoryItemView, MemoryRemoved } from "../../shared/api/memory.ts";
import { LIMITS } from "../../shared/limits.ts";
import { MemoryKey, MemoryNamespace, MemorySource, MemoryText } from "../../shared/memory.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { SubjectId } from "../../shared/subjects.ts";
import { subjectDigest } from "../dispatch/subjects.ts";
import { endpoint, NOT_FOUND } from "../http/endpoint.ts";
import type { Item } from "../memory/items.ts";
import { newMemoryId, TenantMemory } from "../memory/memory.ts";
import { IDEMPOTENT, pageSize } from "./shapes.ts";

const Path = z.object({ namespace: MemoryNamespace });
const ItemPath = z.object({ namespace: MemoryNamespace, key: MemoryKey });
const Subjects = z.array(SubjectId).max(LIMITS.taskSubjects);

export const putMemory = endpoint(
  "PUT /v1/memory/{namespace}/{key}",
  {
    summary: "Write an item of memory",
    description:
      "`expect` is the version that you have seen (0: it must be new); without it the last write wins. Whom the text is about stands in `subjects`: erasing one of them removes the item, and planners see it only in tasks about all of them. Repeating the last write with the same `expect` is that write.",
    tag: "memory",
    params: ItemPath,
    body: z.strictObject({
      text: MemoryText,
      source: MemorySource.default("api"),
      subjects: Subjects.default([]),
      expect: z.int().min(0).optional(),
      /** Shorter than the namespace's. */
      ttlSeconds: z
        .int()
        .min(60)
        .max(366 * 86_400)
        .optional(),
    }),
    answers: { 200: { description: "The item as it stands", schema: MemoryItemView } },
  },
  async ({ env, caller, params: { namespace, key }, body, nowMs }) => {
    const opened = await new TenantMemory(env, caller.tenant.id).open(namespace);
    if (!opened.ok) return opened;
    const { memory, namespace: of } = opened.value;
    if (body.ttlSeconds !== undefined && memory.tier !== "vector")
      return err(problem("invalid-request", "/ttlSeconds: only items of tier `vector` end by themselves."));
    const written = await memory.put({
      key,
      newId: newMemoryId(),
      text: body.text,
      atMs: nowMs,
      source: body.source,
      contract: of.settings.contractVersion,
      by: caller.key,
      subjects: body.subjects.map((subject) => subjectDigest(env, caller.tenant.id, subject)),
      expect: body.expect ?? null,
      ttlMs: body.ttlSeconds === undefined ? null : body.ttlSeconds * 1_000,
    });
    return written.ok ? ok(viewOf(namespace, written.value)) : written;
  },
);

export const readMemory = endpoint(
  "GET /v1/memory/{namespace}/{key}",
  {
    summary: "Read an item of memory",
    tag: "memory",
    params: ItemPath,
    answers: { 200: { description: "The item", schema: MemoryItemView } },
  },
  async ({ env, caller, params: { namespace, key }, nowMs }): Promise<Result<MemoryItemView>> => {
    const opened = await new TenantMemory(env, caller.tenant.id).open(namespace);
    if (!opened.ok) return opened;
    const item = await opened.value.memory.get(key, nowMs);
    return item === null ? err(NOT_FOUND) : ok(viewOf(namespace, item));
  },
);

export const memoryHistory = endpoint(
  "GET /v1/memory/{namespace}/{key}/history",
  {
    summary: "Read the versions of a canonical item",
    description: `The newest ${LIMITS.memoryVersions}. Deleting an item, and erasing a person whom any of them is about, removes them all.`,
    tag: "memory",
    params: ItemPath,
    answers: { 200: { description: "Versions", schema: MemoryHistory } },
  },
  async ({ env, caller, params: { namespace, key } }): Promise<Result<MemoryHistory>> => {
    const opened = await new TenantMemory(env, caller.tenant.id).open(namespace);
    if (!opened.ok) return opened;
    const versions = (await opened.value.items?.history(key)) ?? [];
    if (versions.length === 0) return err(NOT_FOUND);
    return ok({
      versions: versions.map(({ atMs, contract, ...version }) => ({
        ...version,
        at: new Date(atMs).toISOString(),
        contractVersion: contract,
      })),
    });
  },
);

export const deleteMemory = endpoint(
  "DELETE /v1/memory/{namespace}/{key}",
  {
    summary: "Delete an item of memory",
    description: `With its history. ${IDEMPOTENT}`,
    tag: "memory",
    params: ItemPath,
    answers: { 200: { description: "Whether it was there", schema: MemoryRemoved } },
  },
  async ({ env, caller, params: { namespace, key } }) => {
    const opened = await new TenantMemory(env, caller.tenant.id).open(namespace);
    return opened.ok ? ok({ removed: await opened.value.memory.remove(key) }) : opened;
  },
);

export const listMemory = endpoint(
  "GET /v1/memory/{namespace}",
  {
    summary: "List the items of a namespace",
    tag: "memory",
    params: Path,
    query: z.strictObject({ after: MemoryKey.optional(), limit: pageSize(LIMITS.memoryPage).optional() }),
    answers: { 200: { description: "Items in the order of their keys", schema: MemoryItemPage } },
  },
  async ({ env, caller, params: { namespace }, query, nowMs }): Promise<Result<MemoryItemPage>> => {
    const opened = await new TenantMemory(env, caller.tenant.id).open(namespace);
    if (!opened.ok) return opened;
    const { items, object } = opened.value;
    const limit = query.limit ?? 50;
    const page = await (items ?? object).page(query.after ?? "", limit);
    return ok({
      items: page
        .filter(({ expiresMs }) => expiresMs === null || expiresMs > nowMs)
        .map((item) => viewOf(namespace, item)),
      next: page.length < limit ? null : page.at(-1)!.key,
    });
  },
);

export const searchMemory = endpoint(
  "POST /v1/memory/{namespace}/search",
  {
    summary: "Search a namespace",
    description:
      "The nearest by cosine, exactly (with `index: vectorize`, as near as Vectorize comes). With `subjects`, items about others are left out, as for a planner.",
    tag: "memory",
    params: Path,
    body: z.strictObject({
      text: MemoryText,
      top: z.int().min(1).max(LIMITS.memoryRecalled).default(5),
      minScore: z.number().min(-1).max(1).default(0),
      subjects: Subjects.optional(),
      maxAgeSeconds: z.int().min(1).optional(),
    }),
    answers: { 200: { description: "What was found", schema: MemoryFound } },
  },
  async ({ env, caller, params: { namespace }, body, nowMs }): Promise<Result<MemoryFound>> => {
    const opened = await new TenantMemory(env, caller.tenant.id).open(namespace);
    if (!opened.ok) return opened;
    const found = await opened.value.memory.recall(
      {
        text: body.text,
        top: body.top,
        minScore: body.minScore,
        notBeforeMs: body.maxAgeSeconds === undefined ? null : nowMs - body.maxAgeSeconds * 1_000,
        subjects: body.subjects?.map((subject) => subjectDigest(env, caller.tenant.id, subject)) ?? null,
      },
      nowMs,
    );
    if (!found.ok) return found;
    return ok({
      embedding: opened.value.embedder.name,
      found: found.value.map(({ item, score }) => ({ ...viewOf(namespace, item), score })),
    });
  },
);

export const viewOf = (namespace: string, item: Item): MemoryItemView => ({
  id: item.id,
  namespace,
  key: item.key,
  text: item.text,
  version: item.version,
  at: new Date(item.atMs).toISOString(),
  by: item.by,
  source: item.source,
  contractVersion: item.contract,
  subjects: item.subjects.length,
  expiresAt: item.expiresMs === null ? null : new Date(item.expiresMs).toISOString(),
});
