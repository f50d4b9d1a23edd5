/**
 * The memory of one tenant: opens a namespace as the tier that its settings name, and erases a person in all of them. Subjects are digests from
 * here on; the digests are made under a secret of the tenant's (dispatch/subjects.ts).
 */
import { LIMITS } from "../../shared/limits.ts";
import type { MemorySettings } from "../../shared/memory.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { toBase32 } from "../../shared/ids.ts";
import type { Bindings } from "../bindings.ts";
import { randomBytes } from "../intake/random.ts";
import { callDepsOf } from "../planning/model/call-deps.ts";
import type { CallDeps, CallFor } from "../planning/model/call-model.ts";
import { CanonicalItems } from "./canonical.ts";
import { embedderOf, type Embedder, type EmbedLog } from "./embedder.ts";
import type { MemoryTier } from "./items.ts";
import { listNamespaces, readNamespace, type Namespace } from "./namespaces.ts";
import { CanonicalTier, VectorTier } from "./tiers.ts";
import { ObjectIndex, spaceOf, type VectorIndex } from "./vector-index.ts";
import { VectorizeIndex } from "./vectorize.ts";
import type { VectorsRpc } from "./vectors.ts";

export type Payer = CallFor & { readonly log: EmbedLog };
/** A namespace with all that its tier is made of. */
export type Opened = {
  readonly namespace: Namespace;
  readonly memory: MemoryTier;
  readonly embedder: Embedder;
  /** Of tier `canonical`. */
  readonly items: CanonicalItems | null;
  readonly index: VectorIndex | null;
  readonly object: VectorsRpc;
};

/** `mem_…`: says nothing and is never made twice. */
export const newMemoryId = (): string => `mem_${toBase32(randomBytes(16))}`;

export class TenantMemory {
  readonly #env: Bindings;
  readonly #tenant: string;

  constructor(env: Bindings, tenant: string) {
    this.#env = env;
    this.#tenant = tenant;
  }

  /** Refuses with not-found, or memory-settings where Vectorize is named and not bound. `payer`: whose budget pays for embeddings. */
  async open(name: string, payer?: Payer): Promise<Result<Opened>> {
    const namespace = await readNamespace(this.#env.CONTROL_DB, this.#tenant, name);
    return namespace === null
      ? err(problem("not-found", "There is no such namespace in memory."))
      : this.opened(namespace, payer);
  }

  opened(namespace: Namespace, payer?: Payer): Result<Opened> {
    const { name, settings } = namespace;
    const embedder = embedderOf(this.#callDeps(), name, settings, payer);
    const object = this.#env.MEMORY_VECTORS.getByName(`${this.#tenant}/${name}`);
    const space = spaceOf(embedder, settings, settings.tier === "vector");
    if (settings.tier === "vector") {
      const ttlMs = settings.ttlSeconds === undefined ? null : settings.ttlSeconds * 1_000;
      const memory = new VectorTier(object, embedder, space, ttlMs);
      return ok({ namespace, memory, embedder, items: null, index: null, object });
    }
    const items = new CanonicalItems(this.#env.CONTROL_DB, this.#tenant, name, settings);
    const index = this.#indexOf(name, settings, embedder, object);
    if (!index.ok) return index;
    const memory = new CanonicalTier(items, embedder, index.value);
    return ok({ namespace, memory, embedder, items, index: index.value, object });
  }

  /** How many items are about a subject, over all namespaces. Throws where one does not answer. */
  about(subject: string): Promise<number> {
    return this.#everywhere(({ memory }) => memory.about(subject));
  }

  /** Everything about a subject, in every namespace. Throws where one does not answer: the erasure is then not done, and is repeated. */
  erase(subject: string, nowMs: number): Promise<number> {
    return this.#everywhere(async ({ memory, items, index, object }) => {
      const erased = await memory.erase(subject, nowMs);
      // Texts that an object still has from a time when the namespace was searched there.
      if (items !== null && !(index instanceof ObjectIndex)) await object.erase(subject, nowMs);
      return erased;
    });
  }

  async #everywhere(count: (opened: Opened) => Promise<number>): Promise<number> {
    let items = 0;
    for (const namespace of await listNamespaces(this.#env.CONTROL_DB, this.#tenant)) {
      const opened = this.opened(namespace);
      if (!opened.ok) throw new Error(opened.problem.code);
      items += await count(opened.value);
    }
    return items;
  }

  #indexOf(name: string, settings: MemorySettings, embedder: Embedder, object: VectorsRpc): Result<VectorIndex | null> {
    const { searchable, index } = settings;
    if (searchable !== true) return ok(null);
    if (index !== "vectorize") return ok(new ObjectIndex(object, spaceOf(embedder, settings, false)));
    const binding = this.#env.MEMORY_INDEX;
    return binding === undefined
      ? err(problem("memory-settings", "`vectorize` needs the binding MEMORY_INDEX."))
      : ok(new VectorizeIndex(binding, this.#tenant, name, embedder));
  }

  #callDeps(): CallDeps {
    return callDepsOf(this.#env, this.#tenant);
  }
}

/** Texts in groups that one call of an embedding model takes. */
export const inCalls = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(list.length / LIMITS.memoryEmbedTexts) }, (_, i) =>
    list.slice(i * LIMITS.memoryEmbedTexts, (i + 1) * LIMITS.memoryEmbedTexts),
  );
