/**
 * Releases that are compiled, a bounded weight of them: an object that has seen many is not to end for want of memory. What is not here is
 * compiled again from the bundle in storage; those that were asked for longest ago make room.
 */
import type { CompiledRelease } from "../shared/compiled-release.ts";

type Kept = { readonly compiled: CompiledRelease; readonly chars: number };

export class CompiledReleases {
  readonly #keptByDigest = new Map<string, Kept>();
  readonly #most: number;
  #chars = 0;

  /** @param most characters of all bundles together; one bundle is kept whatever its size */
  constructor(most: number) {
    this.#most = most;
  }

  get(digest: string): CompiledRelease | undefined {
    const kept = this.#keptByDigest.get(digest);
    if (kept === undefined) return undefined;
    this.#keptByDigest.delete(digest);
    this.#keptByDigest.set(digest, kept);
    return kept.compiled;
  }

  put(digest: string, compiled: CompiledRelease, bundle: string): void {
    this.#drop(digest);
    this.#keptByDigest.set(digest, { compiled, chars: bundle.length });
    this.#chars += bundle.length;
    while (this.#chars > this.#most && this.#keptByDigest.size > 1) this.#drop(this.#keptByDigest.keys().next().value!);
  }

  #drop(digest: string): void {
    this.#chars -= this.#keptByDigest.get(digest)?.chars ?? 0;
    this.#keptByDigest.delete(digest);
  }
}
