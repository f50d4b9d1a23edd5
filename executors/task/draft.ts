/**
 * A draft gathers the events of one record while they are decided. Each event is folded in at once, so later decisions of the same
 * round see the state that earlier ones made. Nothing outside the draft changes until the shell commits it.
 */
import { chanceOf } from "../../shared/backoff.ts";
import { commit, type Disclosure } from "../../shared/commitments.ts";
import type { TaskEvent } from "../../shared/events.ts";
import type { Json } from "../../shared/json.ts";
import type { Plan } from "../../shared/proposal.ts";
import { noRecords, type StagedRecords } from "../adapters/resident-records.ts";
import { evolve, type At } from "./evolve.ts";
import type { Wanted } from "./permits.ts";
import type { RecordedFacts, TaskState } from "./state.ts";

export class Draft {
  readonly events: TaskEvent[] = [];
  readonly values: Record<string, Disclosure> = {};
  readonly details: Record<string, string> = {};
  readonly at: At;
  /** Records before this position are durable; what this very round writes is not yet. */
  readonly durableBelow: number;
  /** Facts of this record's decisions that its events do not say. */
  facts: RecordedFacts | null = null;
  requestDigest: string | null = null;
  requestKey: string | null = null;
  plan: Plan | undefined;
  /** Permits that steps need before they can be decided to the end, by step. */
  readonly wanted = new Map<string, Wanted>();
  /** The resident records as this decision sees and changes them. */
  readonly records: StagedRecords;
  #state: TaskState | null;
  readonly #newSalt: () => string;

  constructor(state: TaskState | null, at: At, newSalt: () => string, durableBelow: number, records = noRecords()) {
    this.records = records;
    this.#state = state;
    this.at = at;
    this.#newSalt = newSalt;
    this.durableBelow = durableBelow;
  }

  get state(): TaskState {
    if (this.#state === null) throw new Error("a draft has no state before its first event");
    return this.#state;
  }

  emit(event: TaskEvent): void {
    this.events.push(event);
    this.#state = evolve(this.#state, event, this.at, this);
  }

  /** The step needs permits: asking for them is I/O, and this record says nothing of it. */
  want(step: string, wanted: Wanted): void {
    this.wanted.set(step, wanted);
  }

  /** Commits to a value under a fresh salt and keeps the value beside the record. */
  seal(value: Json): string {
    const salt = this.#newSalt();
    const commitment = commit(salt, value);
    this.values[commitment] = { salt, value };
    return commitment;
  }

  /** A fresh 16-byte random, base64url. */
  random(): string {
    return this.#newSalt();
  }

  /** A random number from 0 to below 1. */
  chance(): number {
    return chanceOf(this.#newSalt());
  }
}
