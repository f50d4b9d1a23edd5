/** Namespaces of memory: what they are, and what they hold. */
import * as z from "zod";
import { MemoryNamespacePage, MemoryNamespaceView, MemoryRemoved } from "../../shared/api/memory.ts";
import { MemoryNamespace, MemorySettings } from "../../shared/memory.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";
import { endpoint } from "../http/endpoint.ts";
import { TenantMemory, type Opened } from "../memory/memory.ts";
import { dropNamespace, listNamespaces, putNamespace, readNamespace, type Namespace } from "../memory/namespaces.ts";
import { spaceOf } from "../memory/vector-index.ts";
import { IDEMPOTENT } from "./shapes.ts";

const Path = z.object({ namespace: MemoryNamespace });

export const listMemoryNamespaces = endpoint(
  "GET /v1/memory",
  {
    summary: "List the namespaces of memory",
    tag: "memory",
    answers: { 200: { description: "Namespaces in the order of their names", schema: MemoryNamespacePage } },
  },
  async ({ env, caller }): Promise<Result<MemoryNamespacePage>> => {
    const tenant = caller.tenant.id;
    const namespaces = await listNamespaces(env.CONTROL_DB, tenant);
    return ok({ namespaces: await Promise.all(namespaces.map((one) => viewOf(env, tenant, one))) });
  },
);

export const putMemoryNamespace = endpoint(
  "PUT /v1/memory/{namespace}",
  {
    summary: "Make or change a namespace of memory",
    description: `A namespace keeps its tier. With another embedding its vectors are made anew by reconciliation. ${IDEMPOTENT}`,
    tag: "memory",
    params: Path,
    body: MemorySettings,
    answers: { 200: { description: "The namespace", schema: MemoryNamespaceView } },
  },
  async ({ env, caller, params, body, nowMs }) => {
    const tenant = caller.tenant.id;
    const asked = { name: params.namespace, settings: body, items: 0, bytes: 0, updatedMs: nowMs };
    const possible = new TenantMemory(env, tenant).opened(asked);
    if (!possible.ok) return possible;
    const before = await readNamespace(env.CONTROL_DB, tenant, params.namespace);
    if (before !== null && indexPlace(before.settings) !== indexPlace(body)) {
      const was = new TenantMemory(env, tenant).opened(before);
      if (was.ok && was.value.items !== null) await forget(was.value);
    }
    const written = await putNamespace(env.CONTROL_DB, tenant, params.namespace, body, nowMs);
    return written.ok ? ok(await viewOf(env, tenant, written.value)) : written;
  },
);

export const deleteMemoryNamespace = endpoint(
  "DELETE /v1/memory/{namespace}",
  {
    summary: "Delete a namespace of memory with all that it holds",
    description: IDEMPOTENT,
    tag: "memory",
    params: Path,
    answers: { 200: { description: "Whether it was there", schema: MemoryRemoved } },
  },
  async ({ env, caller, params }) => {
    const tenant = caller.tenant.id;
    const opened = await new TenantMemory(env, tenant).open(params.namespace);
    if (!opened.ok) return opened.problem.code === "not-found" ? ok({ removed: false }) : opened;
    await forget(opened.value);
    await dropNamespace(env.CONTROL_DB, tenant, params.namespace);
    return ok({ removed: true });
  },
);

/** Where the texts or vectors of a canonical namespace stand beside the control database. What moves away leaves nothing behind. */
const indexPlace = ({ searchable, index }: MemorySettings): string =>
  searchable === true ? (index ?? "object") : "nowhere";

/** The vectors, wherever they are. */
async function forget({ items, index, object }: Opened): Promise<void> {
  for (let after = ""; items !== null && index !== null;) {
    const page = await items.page(after, 200);
    if (page.length === 0) break;
    await index.remove(page.map(({ key }) => key));
    after = page.at(-1)!.key;
  }
  await object.clear();
}

async function viewOf(env: Bindings, tenant: string, namespace: Namespace): Promise<MemoryNamespaceView> {
  const { name, settings, items, bytes, updatedMs } = namespace;
  const opened = new TenantMemory(env, tenant).opened(namespace);
  const vectors = settings.tier === "vector" || (settings.searchable === true && settings.index !== "vectorize");
  const counts =
    opened.ok && vectors
      ? await opened.value.object.counts(spaceOf(opened.value.embedder, settings, false))
      : { items: 0, stale: 0, bytes: 0 };
  return {
    name,
    settings,
    embedding: opened.ok ? opened.value.embedder.name : "none",
    items: settings.tier === "vector" ? counts.items : items,
    bytes: settings.tier === "vector" ? counts.bytes : bytes,
    stale: counts.stale,
    updatedAt: new Date(updatedMs).toISOString(),
  };
}
