/** Which roles a command that enrols a key should name. A suggestion that an admin reads; it decides nothing. */
import type { EnrolmentPage } from "./api.ts";
import { MemberRole } from "./members.ts";

/**
 * Those of the member's other keys in force, so that a new device can do what the old one does. For a new member those that people hold
 * here, because a policy asks for its own roles and not for `approver` alone. Never `admin`, which only the root gives.
 */
export function suggestedRoles(member: string, page: EnrolmentPage, nowMs: number): readonly string[] {
  const inForce = page.enrolments.filter((one) => one.revokedAt === null && Date.parse(one.expiresAt) > nowMs);
  const rolesOf = (enrolments: typeof inForce) =>
    enrolments.flatMap(({ roles }) => roles).filter((role) => role !== "admin" && MemberRole.safeParse(role).success);
  const own = rolesOf(inForce.filter((one) => one.member === member));
  return [...new Set(own.length > 0 ? own : ["approver", ...rolesOf(inForce)])];
}
