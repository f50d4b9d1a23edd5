/** Task states in memory, a bounded number of them; whatever is not here is folded from the journal. Memory is a cache, never a truth (E4). */
import type { Json } from "../shared/json.ts";
import type { Journal } from "./journal.ts";
import type { StepState, TaskState } from "./task/state.ts";

/** Rough characters of state kept in memory, two bytes each at worst: well below an object's 128 MB, however large the tasks are. */
const KEPT_CHARS = 20_000_000;
/** What a task and each of its steps weigh beside their values. */
const TASK_CHARS = 4_000;
const STEP_CHARS = 2_000;
/** Ids that the journal is known not to hold: a new task is looked for when it arrives and again in its round. */
const KEPT_ABSENT = 1_000;

export class Tasks {
  readonly #journal: Pick<Journal, "load">;
  readonly #keptById = new Map<string, { readonly state: TaskState; readonly chars: number }>();
  readonly #absent = new Set<string>();
  #chars = 0;

  constructor(journal: Pick<Journal, "load">) {
    this.#journal = journal;
  }

  get(id: string): TaskState | null {
    const known = this.#keptById.get(id);
    if (known !== undefined) return known.state;
    // Only a round makes a task, and it puts it here or forgets it: until then what was absent stays so.
    if (this.#absent.has(id)) return null;
    const loaded = this.#journal.load(id);
    if (loaded !== null) this.put(loaded);
    else this.#rememberAbsent(id);
    return loaded;
  }

  /** Keeps a state; those that were put longest ago make room, this one never. */
  put(state: TaskState): void {
    const before = this.#keptById.get(state.id);
    const chars = before === undefined ? charsOf(state) : before.chars + growth(before.state, state);
    this.#drop(state.id);
    this.#absent.delete(state.id);
    this.#keptById.set(state.id, { state, chars });
    this.#chars += chars;
    while (this.#chars > KEPT_CHARS && this.#keptById.size > 1) this.#drop(this.#keptById.keys().next().value!);
  }

  /** The journal is asked again: what a round meant to write may stand there or not. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#drop(id);
      this.#absent.delete(id);
    }
  }

  /** All of the journal is asked again. */
  forgetAll(): void {
    this.#keptById.clear();
    this.#absent.clear();
    this.#chars = 0;
  }

  #drop(id: string): void {
    this.#chars -= this.#keptById.get(id)?.chars ?? 0;
    this.#keptById.delete(id);
  }

  #rememberAbsent(id: string): void {
    if (this.#absent.size >= KEPT_ABSENT) this.#absent.delete(this.#absent.keys().next().value!);
    this.#absent.add(id);
  }
}

function charsOf(state: TaskState): number {
  let chars = TASK_CHARS + sizeOf(state.input.value);
  for (const step of state.steps.values()) chars += stepChars(step);
  return chars;
}

/** What a change of the same task added. A step that did not change is the same object, so each is measured as often as it changes. */
function growth(before: TaskState, after: TaskState): number {
  let chars = 0;
  for (const step of after.steps.values()) {
    const earlier = before.steps.get(step.id);
    if (earlier !== step) chars += stepChars(step) - (earlier === undefined ? 0 : stepChars(earlier));
  }
  return chars;
}

const stepChars = ({ args, resolvedArgs, rationale, phase }: StepState): number =>
  STEP_CHARS +
  sizeOf(args) +
  sizeOf(resolvedArgs) +
  sizeOf(rationale) +
  (phase.at === "applied" ? sizeOf(phase.result.value) : 0);

/** About the length of a value's JSON, without writing it. */
function sizeOf(value: Json): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  let size = 2;
  if (Array.isArray(value)) for (const item of value as readonly Json[]) size += 1 + sizeOf(item);
  else for (const [key, part] of Object.entries(value)) size += 4 + key.length + sizeOf(part);
  return size;
}
