/**
 * Guards of the executors: every check by which they refuse, as named pure predicates in one table. True means that the check holds.
 *
 * As in shared/guards.ts: the code calls each through the table, a test replaces each and shows that an attack then gets through, and each
 * says the code that its callers refuse with and what an attacker gains without it. What stands here is the whole of a check, and pure; how
 * it is asked and in which order stands with its callers.
 */
import { ACT_GUARDS } from "./act.ts";
import { EGRESS_GUARDS } from "./egress.ts";
import { PERSON_GUARDS } from "./person.ts";
import { PLAN_GUARDS } from "./plan.ts";
import { TRUST_GUARDS } from "./trust.ts";
import { UNDO_GUARDS } from "./undo.ts";

export const GUARDS = {
  ...PLAN_GUARDS,
  ...PERSON_GUARDS,
  ...TRUST_GUARDS,
  ...ACT_GUARDS,
  ...UNDO_GUARDS,
  ...EGRESS_GUARDS,
};
