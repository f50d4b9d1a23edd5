/**
 * The guard of roles, which holds without a rule: where a write would happen, and an argument with a role (destination, target, amount,
 * disclosure) comes neither from a principal nor from a trusted record that they name, a person decides.
 *
 * G1  The guard only makes an answer stricter: allow and notify become review; deny and review stay what the rules say.
 * G2  A role is left out only where an `unguarded` entry of the policy names it and its condition is true. One that fails or
 *     cannot be answered yet leaves the guard up.
 * G3  An undo is exempt: its arguments come from the release and from the action that it takes back.
 */
import { type Role, ROLES } from "../capability.ts";
import { atLeast } from "../provenance-order.ts";
import type { CompiledPolicy } from "./compile.ts";
import type { Decision } from "./evaluate.ts";
import type { Expression } from "./expression.ts";
import { type CapabilityDeclaration, type Facts, FactView, provenanceOfAll, rolesOf } from "./facts.ts";
import type { Reviewers, Unguarded } from "./schema.ts";

export type CompiledUnguarded = { readonly entry: Unguarded; readonly expression: Expression };

/** Ids under which the guard stands in decisions; no rule may have them. */
export const GUARD_ID = /^unnamed-/;
const idOf = (role: Role): string => `unnamed-${role}`;
const APPROVER: Reviewers = { role: "approver", quorum: 1 };

/** What the guard makes of what the rules answered. */
export function guardRoles(
  compiled: CompiledPolicy,
  capability: CapabilityDeclaration,
  facts: Facts,
  view: FactView,
  decision: Decision,
): Decision {
  const { policy } = compiled;
  if (decision.answer === "deny" || decision.answer === "review") return decision;
  if (capability.contract.effect !== "write" || facts.undo !== undefined) return decision;
  const roles = rolesOf(capability.contract, provenanceOfAll(facts));
  const unnamed = ROLES.filter((role) => {
    const provenance = roles[role];
    return provenance !== "none" && !atLeast(provenance, "record");
  });
  if (unnamed.length === 0) return decision;
  const open = new Set<Role>();
  const deferred: string[] = [];
  for (const { entry, expression } of compiled.unguarded) {
    if (!entry.roles.some((role) => unnamed.includes(role))) continue;
    const holds = expression.evaluate(view) === true;
    if (FactView.takeMissed(view) && !holds) deferred.push(entry.id);
    if (holds) for (const role of entry.roles) open.add(role);
  }
  const guarded = unnamed.filter((role) => !open.has(role));
  if (guarded.length === 0) return decision;
  const reviewers = policy.guardReviewers ?? policy.defaultReviewers ?? APPROVER;
  return {
    ...decision,
    answer: "review",
    final: decision.final && deferred.length === 0,
    rules: guarded.map((role) => ({ id: idOf(role), then: "review" })),
    reviews: guarded.map((role) => ({ rule: idOf(role), ...reviewers })),
    deferred: [...decision.deferred, ...deferred].toSorted(),
    byDefault: false,
  };
}

/** What a person is told of a guard that sent something to them; undefined for any other id. */
export const guardMessage = (id: string): string | undefined => {
  const role = ROLES.find((one) => idOf(one) === id);
  return role === undefined
    ? undefined
    : `neither whoever asks nor a record that they name says this ${role}; it comes from a document, a message or a model.`;
};
