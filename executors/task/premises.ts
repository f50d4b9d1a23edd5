/** What a proposal says that it relied on, beside what is there now. */
import { problem, type Problem } from "../../shared/problems.ts";
import type { Prepared } from "../adapters/types.ts";
import { GUARDS } from "../guards/index.ts";
import type { StepState } from "./state.ts";

/** A version that the proposal relied on is no longer the version that is there. */
export function movedPremise(step: StepState, prepared: Prepared): Problem | null {
  for (const { resource, version } of step.expected) {
    const now = prepared.premises.find((premise) => premise.resource === resource);
    if (!GUARDS["premise-holds"](version, now?.version))
      return problem(
        "premise-failed",
        step.undoes === null
          ? `The proposal relied on ${resource} at version ${version}; ${now === undefined ? "the action does not read it" : `it is at ${now.version}`}.`
          : `The action left ${resource} at version ${version}, and it has changed since${now === undefined ? "" : ` to version ${now.version}`}: the undo would take other work back too.`,
        { resource },
      );
  }
  return null;
}
