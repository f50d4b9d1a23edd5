/** The leaf hashes of a log, in order: from them follows the root at every earlier size. 32 bytes for each entry. */
import { appendLeaf, edgeRoot, emptyEdge } from "../tlog/edge.ts";
import { HASH_BYTES } from "../tlog/hash.ts";

export class LeafHashes {
  #bytes = new Uint8Array(256 * HASH_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(hash: Uint8Array): void {
    const at = this.#size * HASH_BYTES;
    if (at === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, at);
    this.#size += 1;
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    for (let at = 0; at < this.#size * HASH_BYTES; at += HASH_BYTES) yield this.#bytes.slice(at, at + HASH_BYTES);
  }

  /** The roots at the given sizes, none of them larger than `size`, in one pass. */
  rootsAt(sizes: Iterable<number>): ReadonlyMap<number, Uint8Array> {
    const wanted = new Set(sizes);
    const largest = Math.max(0, ...wanted);
    const roots = new Map<number, Uint8Array>();
    let edge = emptyEdge;
    const remember = () => {
      if (wanted.has(edge.size)) roots.set(edge.size, edgeRoot(edge));
    };
    remember();
    for (const hash of this) {
      if (edge.size >= largest) break;
      edge = appendLeaf(edge, hash);
      remember();
    }
    return roots;
  }
}
