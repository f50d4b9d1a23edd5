/**
 * The policies of both suites. They allow every tool that the release names; what stands against an attack is the guard of roles, which holds
 * without a rule. The weaker ones leave roles out of it. Nothing in them is about an attack.
 */
import { ROLES, type Role } from "../../shared/capability.ts";
import type { ReleaseBundle } from "../../shared/release.ts";

export type Guard = { readonly name: string; readonly roles: readonly Role[] };

/** Guards of which each holds more; the last is what holds where a policy says nothing of roles. */
export const GUARDS: readonly Guard[] = [
  { name: "destinations", roles: ["destination"] },
  { name: "with amounts and targets", roles: ["destination", "amount", "target"] },
  { name: "all roles (default)", roles: ROLES },
];
export const ALL_ROLES = GUARDS[2]!;

export const policyOf = ({ roles }: Guard): ReleaseBundle["policy"] => {
  const left = ROLES.filter((role) => !roles.includes(role));
  return {
    default: "deny",
    rules: [{ id: "tools", when: "true", then: "allow" }],
    guardReviewers: { role: "lead", quorum: 1 },
    ...(left.length === 0 ? {} : { unguarded: [{ id: "left-out", when: "true", roles: left }] }),
  };
};
