/** An attack on one guard: everything in it is valid and truly signed, except for what that one guard looks at. */
import type { Result } from "../../../shared/result.ts";

export type Attack = {
  /** The one guard that stands in its way. */
  readonly guard: string;
  /** The code of its refusal; `ok` where it got through. It can be made again and again. */
  readonly run: () => string | Promise<string>;
};

/** Attacks of one kind, and the same thing done honestly: it must get through, or a refusal would prove nothing. */
export type Suite = {
  readonly honest: readonly (() => string | Promise<string>)[];
  readonly attacks: readonly Attack[];
};

export const codeOf = (result: Result<unknown>): string => (result.ok ? "ok" : result.problem.code);
/** The attacks of one suite from a map of guard → run. A name may carry a second attack after a space. */
export const attacks = (runs: { readonly [guard: string]: Attack["run"] }): Attack[] =>
  Object.entries(runs).map(([name, run]) => ({ guard: name.split(" ")[0]!, run }));
