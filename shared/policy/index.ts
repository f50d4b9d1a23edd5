/**
 * The policy engine: pure, and the same in the intent-manager and in the executor. The linter stands apart (lint.ts), because
 * only publishing needs it.
 */
export { type CompiledPolicy, compilePolicy } from "./compile.ts";
export { ALL_AVAILABLE, type Decision, evaluatePolicy, type ReviewDemand } from "./evaluate.ts";
export { type CompiledLimit, type Demand, limitDemands, mayBeLimited } from "./limits.ts";
export { type Denial, explainDecision, whyDenied } from "./explain.ts";
export {
  type Available,
  type CapabilityDeclaration,
  type Declarations,
  type Facts,
  rolesOf,
  type StepResult,
} from "./facts.ts";
export { guardMessage } from "./role-guard.ts";
export { type Answer, ANSWERS, type Limit, Policy, type Reviewers, type Rule } from "./schema.ts";
