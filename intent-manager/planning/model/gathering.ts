/**
 * Tasks that wait for each other before a model is asked: the first opens a group, which goes when it is full, when its time is over, or when
 * another text would make it too long. Time is passed in.
 *
 * G1  Nobody waits longer than `waitMs` for company.
 * G2  Each one that joined gets an answer or an error, once. What fails as a whole fails for each.
 */
import { LIMITS } from "../../../shared/limits.ts";
import type { ModelSpec } from "../../../shared/model.ts";
import type { Called } from "./call-model.ts";
import type { SharedAsk, SharedPart } from "./call-shared.ts";

export type Joining = SharedAsk & { readonly batch: NonNullable<ModelSpec["batch"]> };
export interface BatchesRpc {
  /** This task's part of a call for several; null where it has to ask alone. */
  ask(ask: Joining, part: SharedPart): Promise<Called | null>;
}

/** Name of the object for tasks of one release in one region that wait for one tier. */
export const batchName = (tenant: string, region: string, release: string, tier: string): string =>
  `${tenant}/${region}/${release}/${tier}`;

type Waiting = {
  readonly part: SharedPart;
  readonly resolve: (called: Called | null) => void;
  readonly reject: (cause: unknown) => void;
};
type Group = { readonly ask: Joining; readonly waiting: Waiting[]; chars: number };

export class Gathering {
  #open: Group | null = null;
  readonly #call: (ask: SharedAsk, parts: readonly SharedPart[]) => Promise<readonly (Called | null)[]>;
  readonly #later: (ms: number, then: () => void) => void;

  constructor(
    call: (ask: SharedAsk, parts: readonly SharedPart[]) => Promise<readonly (Called | null)[]>,
    later: (ms: number, then: () => void) => void,
  ) {
    this.#call = call;
    this.#later = later;
  }

  /** Null: ask alone. A task that waits here already asks alone too. */
  join(ask: Joining, part: SharedPart): Promise<Called | null> {
    const chars = part.prompt.length + ENTRY_CHARS;
    if (ask.system.length + chars > LIMITS.modelPromptChars) return Promise.resolve(null);
    if (this.#open?.waiting.some((other) => other.part.task === part.task)) return Promise.resolve(null);
    if (this.#open !== null && this.#open.chars + chars > LIMITS.modelPromptChars) this.#send(this.#open);
    const group = this.#open ?? this.#begin(ask);
    return new Promise((resolve, reject) => {
      group.waiting.push({ part, resolve, reject });
      group.chars += chars;
      if (group.waiting.length >= ask.batch.most) this.#send(group);
    });
  }

  #begin(ask: Joining): Group {
    const group: Group = { ask, waiting: [], chars: ask.system.length };
    this.#open = group;
    this.#later(ask.batch.waitMs, () => this.#send(group)); // G1
    return group;
  }

  #send(group: Group): void {
    if (this.#open !== group) return;
    this.#open = null;
    const { ask, waiting } = group;
    this.#call(
      ask,
      waiting.map(({ part }) => part),
    ).then(
      (called) => waiting.forEach(({ resolve }, i) => resolve(called[i] ?? null)),
      (cause: unknown) => waiting.forEach(({ reject }) => reject(cause)), // G2
    );
  }
}

/** What stands around a text beside its fence. */
const ENTRY_CHARS = 100;
