/**
 * Vectors of one namespace while it is warm: one contiguous Float32Array, a row for each item, and an exact search over all of them.
 *
 * X1  Rows are dense: the last row moves into a hole. `slots[row]` is the item's key in storage.
 * X2  Vectors have length 1 (or 0), so that the dot product is the cosine.
 */
export type Near = { readonly slot: number; readonly score: number };

export class Matrix {
  readonly dimensions: number;
  #rows: Float32Array;
  readonly #slots: number[] = [];
  readonly #rowBySlot = new Map<number, number>();

  constructor(dimensions: number, expected = 0) {
    this.dimensions = dimensions;
    this.#rows = new Float32Array(dimensions * Math.max(64, expected));
  }

  get size(): number {
    return this.#slots.length;
  }

  set(slot: number, vector: Float32Array): void {
    if (vector.length !== this.dimensions) throw new RangeError("a vector of another length");
    const row = this.#rowBySlot.get(slot) ?? this.#newRow(slot);
    this.#rows.set(vector, row * this.dimensions);
  }

  delete(slot: number): void {
    const row = this.#rowBySlot.get(slot);
    if (row === undefined) return;
    const last = this.#slots.length - 1;
    if (row !== last) {
      const moved = this.#slots[last]!;
      this.#rows.copyWithin(row * this.dimensions, last * this.dimensions, (last + 1) * this.dimensions);
      this.#slots[row] = moved;
      this.#rowBySlot.set(moved, row);
    }
    // Nothing of what was deleted stays in memory.
    this.#rows.fill(0, last * this.dimensions, (last + 1) * this.dimensions);
    this.#slots.pop();
    this.#rowBySlot.delete(slot);
  }

  /** The `count` nearest that are at least `minScore` and that `accepts` takes, the nearest first; of equal ones the older slot. */
  nearest(query: Float32Array, count: number, minScore: number, accepts: (slot: number) => boolean): Near[] {
    if (query.length !== this.dimensions) throw new RangeError("a vector of another length");
    const best: Near[] = [];
    let floor = minScore;
    for (let row = 0; row < this.#slots.length; row++) {
      const score = this.#dot(query, row);
      if (score < floor) continue;
      const slot = this.#slots[row]!;
      const full = best.length === count;
      if (full && score === floor && slot > best[count - 1]!.slot) continue;
      if (!accepts(slot)) continue;
      let at = best.length;
      while (at > 0 && (best[at - 1]!.score < score || (best[at - 1]!.score === score && best[at - 1]!.slot > slot)))
        at--;
      best.splice(at, 0, { slot, score });
      if (best.length > count) best.pop();
      if (best.length === count) floor = best[count - 1]!.score;
    }
    return best;
  }

  /** Four sums side by side: the processor adds them at the same time. */
  #dot(query: Float32Array, row: number): number {
    const rows = this.#rows;
    const { dimensions } = this;
    const end = dimensions - (dimensions % 4);
    let [a, b, c, d] = [0, 0, 0, 0];
    let at = row * dimensions;
    let i = 0;
    for (; i < end; i += 4, at += 4) {
      a += query[i]! * rows[at]!;
      b += query[i + 1]! * rows[at + 1]!;
      c += query[i + 2]! * rows[at + 2]!;
      d += query[i + 3]! * rows[at + 3]!;
    }
    for (; i < dimensions; i++, at++) a += query[i]! * rows[at]!;
    return a + b + (c + d);
  }

  #newRow(slot: number): number {
    const row = this.#slots.length;
    if ((row + 1) * this.dimensions > this.#rows.length) {
      const more = new Float32Array(this.dimensions * Math.ceil((row + 1) * 1.25));
      more.set(this.#rows);
      this.#rows = more;
    }
    this.#slots.push(slot);
    this.#rowBySlot.set(slot, row);
    return row;
  }
}
