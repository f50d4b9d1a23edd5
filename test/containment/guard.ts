/**
 * The policies of both suites. They allow every tool that the release names, and then ask a person wherever an argument of a guarded role
 * does not come from whoever asks, or from a trusted record that their words name. Nothing in them is about an attack.
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

export const policyOf = ({ roles }: Guard): ReleaseBundle["policy"] => ({
  default: "deny",
  rules: [
    { id: "tools", when: "true", then: "allow" },
    ...roles.map((role) => ({
      id: `${role}-not-named`,
      when: `capability.effect == "write" && roles.${role} in ["content", "model"]`,
      then: "review" as const,
      reviewers: { role: "lead", quorum: 1 },
    })),
  ],
});
