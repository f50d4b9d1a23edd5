/** Task states in memory, a bounded number of them; whatever is not here is folded from the journal. Memory is a cache, never a truth (E4). */
import type { Json } from "../shared/json.ts";
import type { Journal } from "./journal.ts";
import type { TaskState } from "./task/state.ts";

/** Rough characters of state kept in memory, two bytes each at worst: well below an object's 128 MB, however large the tasks are. */
const KEPT_CHARS = 20_000_000;
/** What a task and each of its steps weigh beside their values. */
const TASK_CHARS = 4_000;
const STEP_CHARS = 2_000;

export class Tasks {
  readonly #journal: Pick<Journal, "load">;
  readonly #keptById = new Map<string, { readonly state: TaskState; readonly chars: number }>();
  #chars = 0;

  constructor(journal: Pick<Journal, "load">) {
    this.#journal = journal;
  }

  get(id: string): TaskState | null {
    const known = this.#keptById.get(id);
    if (known !== undefined) return known.state;
    const loaded = this.#journal.load(id);
    if (loaded !== null) this.put(loaded);
    return loaded;
  }

  /** Keeps a state; those that were put longest ago make room, this one never. */
  put(state: TaskState): void {
    this.#drop(state.id);
    const chars = charsOf(state);
    this.#keptById.set(state.id, { state, chars });
    this.#chars += chars;
    while (this.#chars > KEPT_CHARS && this.#keptById.size > 1) this.#drop(this.#keptById.keys().next().value!);
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#drop(id);
  }

  #drop(id: string): void {
    this.#chars -= this.#keptById.get(id)?.chars ?? 0;
    this.#keptById.delete(id);
  }
}

function charsOf(state: TaskState): number {
  let chars = TASK_CHARS + sizeOf(state.input.value);
  for (const { args, resolvedArgs, rationale, phase } of state.steps.values())
    chars +=
      STEP_CHARS +
      sizeOf(args) +
      sizeOf(resolvedArgs) +
      sizeOf(rationale) +
      (phase.at === "applied" ? sizeOf(phase.result.value) : 0);
  return chars;
}

/** Values stay the same objects while a state changes around them, so each is measured once. */
const sizeByValue = new WeakMap<object, number>();

function sizeOf(value: Json): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  const known = sizeByValue.get(value);
  if (known !== undefined) return known;
  const size = JSON.stringify(value).length;
  sizeByValue.set(value, size);
  return size;
}
