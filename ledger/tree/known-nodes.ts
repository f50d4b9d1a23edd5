/**
 * Hashes of complete subtrees that were made or read lately. A complete subtree never changes while its log stands, and the proofs that executors
 * ask for are over the newest part of the tree: out of tiles each of them would take hundreds of hashes, out of here a few.
 *
 * It belongs to one `Log` and goes with it: what was appended but not written must not be remembered.
 */
import { LIMITS } from "../../shared/limits.ts";

export class KnownNodes {
  readonly #hashByNode = new Map<string, Uint8Array>();

  readonly get = (level: number, index: number): Uint8Array | undefined => this.#hashByNode.get(`${level}/${index}`);

  readonly put = (level: number, index: number, hash: Uint8Array): void => {
    this.#hashByNode.set(`${level}/${index}`, hash);
    if (this.#hashByNode.size > LIMITS.sequencerNodes) this.#hashByNode.delete(this.#hashByNode.keys().next().value!);
  };
}
