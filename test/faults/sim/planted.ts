/** Bugs of the kind that such systems have, each as a change of the product's source. The simulator has to find every one. */
import type { Patch } from "./patches.ts";

export const PLANTED: { readonly [bug: string]: readonly Patch[] } = {
  /** The effect is done while the target is read, before anything of it is recorded. */
  "claim-after-effect": [
    {
      file: "executors/effects.ts",
      from: "() => prepare(args, context),",
      to: `async () => {
        const read = await prepare(args, context);
        if (read.ok && read.value.outcome.kind === "write") await capability.apply(args, read.value, context);
        return read;
      },`,
    },
  ],
  /** Each attempt has an effect key of its own, so nothing recognises what an earlier one did. */
  "skipped-dedupe": [
    {
      file: "executors/effects.ts",
      from: "const context = actionContext(state, step, deps.value, resumed);",
      to: "const context = { ...actionContext(state, step, deps.value, resumed), action: `${step.action}${this.#deps.platform.nowMs()}` };",
    },
  ],
  /** A review can be decided at any time. */
  "forgotten-expiry": [
    {
      file: "executors/task/decide.ts",
      from: `if (!GUARDS["review-in-time"](review, deps.nowMs))`,
      to: "if (deps.nowMs < 0)",
    },
  ],
  /** Records count as delivered before the ledger has them. */
  "non-atomic-outbox": [
    {
      file: "executors/outbox.ts",
      from: "answer = await this.#deps.ledger.append(command);",
      to: "journal.markDelivered(last.seq);\n      answer = await this.#deps.ledger.append(command);",
    },
  ],
  /** A task that has ended can end again. */
  "double-settle": [
    {
      file: "executors/task/decide.ts",
      from: "export function cancelTask(draft: Draft, by: string, deps: TaskDeps): Result<null> {\n  if (draft.state.settled !== null)",
      to: "export function cancelTask(draft: Draft, by: string, deps: TaskDeps): Result<null> {\n  if (draft.state.settled?.status === 'expired')",
    },
    {
      file: "executors/task/advance.ts",
      from: /(?<=export function advance\(draft: Draft, deps: TaskDeps\): void \{\n)[\s\S]{0,600}?settle\(draft, deps\);/,
      to: "  settle(draft, deps);",
    },
  ],
  /** A compensation takes the first change back first. */
  "forward-compensation": [
    {
      file: "executors/task/undo.ts",
      from: "seqOf(b) - seqOf(a) || b.index - a.index",
      to: "seqOf(a) - seqOf(b) || a.index - b.index",
    },
  ],
  /** What was taken back cannot be done again. */
  "unraised-generation": [
    {
      file: "executors/adapters/effect-statements.ts",
      from: "...(undoes === undefined ? [] : [raiseGeneration(undoes.action, guard)]),",
      to: "...(undoes === undefined || raiseGeneration(undoes.action, guard) !== null ? [] : []),",
    },
  ],
  /** A doubt that is settled can be settled again. */
  "resolved-twice": [
    {
      file: "executors/task/resolve.ts",
      from: `if (step.phase.at !== "in_doubt" && !isFailedUndo)`,
      to: "if (step.attempts === 0 && !isFailedUndo)",
    },
  ],
  /** An undo runs over whatever was done to the record since. */
  "unchecked-drift": [
    {
      file: "executors/task/undo.ts",
      from: "relies: reliesOn(draft.state, step, request?.takenBack ?? []),",
      to: "relies: [],",
    },
  ],
  /** Whoever looks while a doubt is being written takes it away. */
  "hidden-doubt": [
    {
      file: "executors/resolving.ts",
      from: "if (shard.rounds.isWriting(task)) return [];",
      to: "",
    },
  ],
  /** Nobody remembers to say how an action in doubt ended. */
  "untold-end": [
    {
      file: "executors/tellings.ts",
      from: 'if (!ENDS.has(event.type) || !("step" in event)) return;',
      to: 'if (event.type !== "task-settled" || !("step" in event)) return;',
    },
  ],
};
