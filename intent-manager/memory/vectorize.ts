/**
 * An index in Cloudflare Vectorize, for searchable canonical namespaces that say `index: vectorize`. It holds vectors, keys and versions, and no
 * texts: those are read from the control database. Vectorize exists remotely only and is eventually consistent; its search is approximate.
 *
 * The index of the binding has one length of vectors and cosine as its metric; a namespace's embedding must have that length.
 */
import { sha256Hex } from "../../shared/sha256.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Embedder } from "./embedder.ts";
import { isVisible, type Item } from "./items.ts";
import type { Indexed, IndexAsk, VectorIndex } from "./vector-index.ts";

/** The part of the binding that is used. */
export type VectorizeBinding = Pick<Vectorize, "upsert" | "query" | "deleteByIds" | "getByIds">;

/** Vectorize answers at most 20 matches with their metadata. */
const MOST_MATCHES = 20;
const MOST_IDS = 20;

export class VectorizeIndex implements VectorIndex {
  readonly #binding: VectorizeBinding;
  readonly #embedder: Pick<Embedder, "name">;
  readonly #space: string;

  /** Tenant and namespace stand in the index as a digest: its namespaces have 64 bytes. */
  constructor(binding: VectorizeBinding, tenant: string, namespace: string, embedder: Pick<Embedder, "name">) {
    this.#binding = binding;
    this.#embedder = embedder;
    this.#space = sha256Hex(`${tenant}/${namespace}`);
  }

  async put({ key, version, atMs, subjects }: Item, vector: Float32Array): Promise<Result<unknown>> {
    const metadata = { key, version, atMs, subjects: JSON.stringify(subjects), embedding: this.#embedder.name };
    return this.#asked(() =>
      this.#binding.upsert([{ id: this.#idOf(key), namespace: this.#space, values: [...vector], metadata }]),
    );
  }

  async nearest({
    vector,
    top,
    minScore,
    notBeforeMs,
    subjects,
  }: IndexAsk): Promise<Result<readonly { readonly key: string; readonly score: number }[]>> {
    const found = await this.#asked(() =>
      this.#binding.query([...vector], { topK: MOST_MATCHES, namespace: this.#space, returnMetadata: "all" }),
    );
    if (!found.ok) return found;
    const fitting = found.value.matches.flatMap(({ score, metadata }) => {
      const known = metadataOf(metadata);
      if (known === null || known.embedding !== this.#embedder.name || score < minScore) return [];
      const isInTime = notBeforeMs === null || known.atMs >= notBeforeMs;
      return isInTime && isVisible(known.subjects, subjects) ? [{ key: known.key, score }] : [];
    });
    return ok(fitting.slice(0, top));
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += MOST_IDS)
      await this.#binding.deleteByIds(keys.slice(at, at + MOST_IDS).map((key) => this.#idOf(key)));
  }

  /** The keys of a subject's items are the control database's to know; they are removed by {@link remove}. */
  async erase(): Promise<void> {}

  async lookup(keys: readonly string[]): Promise<readonly Indexed[]> {
    const found: Indexed[] = [];
    for (let at = 0; at < keys.length; at += MOST_IDS)
      for (const { metadata } of await this.#binding.getByIds(
        keys.slice(at, at + MOST_IDS).map((key) => this.#idOf(key)),
      )) {
        const known = metadataOf(metadata);
        if (known !== null) found.push(known);
      }
    return found;
  }

  async page(): Promise<null> {
    return null;
  }

  #idOf(key: string): string {
    return sha256Hex(`${this.#space}/${key}`);
  }

  async #asked<T>(work: () => Promise<T>): Promise<Result<T>> {
    try {
      return ok(await work());
    } catch {
      return err(problem("not-running", "Vectorize gave no answer."));
    }
  }
}

type Known = Indexed & { readonly atMs: number; readonly subjects: readonly string[] };

/** What was stored beside a vector; null where it is none of ours. */
function metadataOf(metadata: Record<string, unknown> | undefined): Known | null {
  const { key, version, atMs, subjects, embedding } = metadata ?? {};
  if (typeof key !== "string" || typeof version !== "number" || typeof embedding !== "string") return null;
  return {
    key,
    version,
    embedding,
    atMs: Number(atMs),
    subjects: typeof subjects === "string" ? (JSON.parse(subjects) as string[]) : [],
  };
}
