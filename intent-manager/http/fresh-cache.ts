/**
 * Values read from the control database, trusted for a short time in one isolate. Bounded; the oldest entry leaves first.
 *
 * C1  A value is never used more than `trustMs` after its read began, so a revocation or promotion is felt everywhere by then.
 * C2  While requests keep coming, an entry is renewed in the background at half its time: a warm request waits for no database.
 *
 * Values are kept, not promises: in Workers a promise may not be awaited by another request than the one that made it.
 */
type Entry<V> = { readonly value: V; readonly readAtMs: number; renewing: boolean };

export type Background = (work: Promise<unknown>) => void;

export class FreshCache<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #maxEntries: number;
  readonly #trustMs: number;

  constructor(maxEntries: number, trustMs: number) {
    this.#maxEntries = maxEntries;
    this.#trustMs = trustMs;
  }

  async get(key: string, nowMs: number, background: Background, load: () => Promise<V>): Promise<V> {
    const entry = this.#entries.get(key);
    const ageMs = entry === undefined ? Infinity : nowMs - entry.readAtMs;
    if (entry === undefined || ageMs >= this.#trustMs || ageMs < 0) {
      const value = await load();
      this.#put(key, value, nowMs);
      return value;
    }
    if (ageMs >= this.#trustMs / 2 && !entry.renewing) {
      entry.renewing = true;
      // A renewal that fails leaves the entry to run out; the next request then reads and reports the failure itself.
      background(
        load().then(
          (value) => this.#entries.get(key) === entry && this.#put(key, value, nowMs),
          () => undefined,
        ),
      );
    }
    return entry.value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #put(key: string, value: V, readAtMs: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, { value, readAtMs, renewing: false });
  }
}
