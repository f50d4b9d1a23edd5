/**
 * Playbooks: a fixed list of steps, written by a person, from which a plan is derived by code alone.
 * The intent-manager derives the plan and signs it; the executor derives it again and demands the same bytes.
 * Code that needs only the form imports playbook-schema.ts, which does not bring the expression engine along.
 */
export { type CompiledPlaybook, compilePlaybook } from "./playbook-compile.ts";
export {
  type DerivedStep,
  derivePlan,
  evaluateCondition,
  type FanOutElement,
  keyProvenance,
  type LeftOut,
  leftOutNow,
  leftOutOf,
  type PlaybookIntent,
} from "./playbook-derive.ts";
export { ArgExpr, Playbook, PlaybookEntry, type PlaybookStep } from "./playbook-schema.ts";
export { asReference, type Reference, refsIn, resolveRefs } from "./references.ts";
