/** Task states in memory, a bounded number of them; whatever is not here is folded from the journal. Memory is a cache, never a truth (E4). */
import type { Journal } from "./journal.ts";
import type { TaskState } from "./task/state.ts";

/** Tasks kept in memory: about 10 KB each, well below an object's 128 MB. */
const KEPT = 2_000;

export class Tasks {
  readonly #journal: Journal;
  readonly #stateById = new Map<string, TaskState>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get(id: string): TaskState | null {
    const known = this.#stateById.get(id);
    if (known !== undefined) return known;
    const loaded = this.#journal.load(id);
    if (loaded !== null) this.put(loaded);
    return loaded;
  }

  put(state: TaskState): void {
    this.#stateById.delete(state.id);
    this.#stateById.set(state.id, state);
    if (this.#stateById.size > KEPT) this.#stateById.delete(this.#stateById.keys().next().value!);
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#stateById.delete(id);
  }
}
