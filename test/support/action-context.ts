/** What an adapter is told about an action, in tests: a first attempt of one step, with whatever the test wants otherwise. */
import type { ActionContext, Outcome } from "../../executors/adapters/types.ts";

export const actionContext = (change: Partial<ActionContext> = {}): ActionContext => ({
  tenant: "t",
  region: "eu",
  task: "tsk_a",
  step: "s",
  capability: "things.do",
  action: "act_a",
  attempt: 1,
  effectKey: null,
  attestations: [],
  premises: [],
  resumed: false,
  traceparent: null,
  deadlineMs: 1_000_000,
  nowMs: 1_000,
  ...change,
});

/** An outcome as a word and its code: `in-doubt effect-in-doubt`. */
export const said = (outcome: Outcome): string =>
  outcome.kind === "applied" ? "applied" : `${outcome.kind} ${outcome.problem.code}`;
