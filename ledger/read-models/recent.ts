/**
 * The newest entries, kept in memory for the read models, which nearly always want exactly these. Entries never change, so it makes no
 * difference whether they are read here or in the database.
 */
import { LIMITS } from "../../shared/limits.ts";
import type { StoredEntry } from "./follower.ts";

export class RecentEntries {
  #first = 0;
  #bodies: string[] = [];
  #chars = 0;

  /** Takes the entries of a batch that is written. A gap to what is held throws the older ones away. */
  push(firstIndex: number, bodies: readonly string[]): void {
    if (firstIndex !== this.#first + this.#bodies.length) this.clear(firstIndex);
    for (const body of bodies) {
      this.#bodies.push(body);
      this.#chars += body.length;
    }
    let drop = 0;
    while (this.#chars > LIMITS.batchChars) this.#chars -= this.#bodies[drop++]!.length;
    this.#bodies.splice(0, drop);
    this.#first += drop;
  }

  clear(firstIndex = 0): void {
    this.#first = firstIndex;
    this.#bodies = [];
    this.#chars = 0;
  }

  /** Entries from an index on, none behind the newest; null where they would begin elsewhere than among those held. */
  read(from: number, limit: number): readonly StoredEntry[] | null {
    const at = from - this.#first;
    if (at < 0 || at > this.#bodies.length || this.#bodies.length === 0) return null;
    return this.#bodies.slice(at, at + limit).map((body, i) => ({ index: from + i, body }));
  }
}
