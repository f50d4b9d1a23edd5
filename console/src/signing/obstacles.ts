/** Why a person cannot decide a review, or say what became of an effect in doubt, here and now, in the order in which it matters. Pure. The executor checks all of it again. */
import { mayDecide } from "../lib/permissions.ts";
import type { DoubtView, ReviewView } from "../../../shared/views.ts";
import type { Standing } from "./enrolment.ts";

/** `at`: "key" where the key page helps, "nowhere" where only somebody else can. */
export type Obstacle = { readonly text: string; readonly at: "key" | "nowhere" };
export type Obstacles = { readonly approve: Obstacle | null; readonly reject: Obstacle | null };

type Situation = {
  readonly review: ReviewView;
  readonly subjectMatches: boolean;
  /** Null while unknown. */
  readonly hasKey: boolean | null;
  /** The role of the API key. */
  readonly role: string;
  /** Null while unknown, or where the server does not say: then the executor's answer decides. */
  readonly standing: Standing | null;
  /** The member that the API key is bound to, where it is. */
  readonly member: string | null;
  readonly nowMs: number;
};

const key = (text: string): Obstacle => ({ text, at: "key" });
const nowhere = (text: string): Obstacle => ({ text, at: "nowhere" });

export function obstacles(situation: Situation): Obstacles {
  const common = forBoth(situation);
  return { approve: common ?? approved(situation), reject: common };
}

function forBoth(situation: Situation): Obstacle | null {
  const { review, subjectMatches, role, nowMs } = situation;
  if (!mayDecide(role)) return nowhere(`An API key of the role ${role} may read reviews, not decide them.`);
  if (!subjectMatches) return nowhere("What is shown is not what the executor asks about: nothing is signed.");
  if (nowMs >= Date.parse(review.expiresAt)) return nowhere("The deadline has passed.");
  return ofKey(situation) ?? forPerson(situation);
}

/** What keeps a person from saying what became of an effect in doubt. */
export function resolvingObstacle({
  doubt,
  ...device
}: Pick<Situation, "role" | "hasKey" | "standing" | "member"> & { readonly doubt: DoubtView }): Obstacle | null {
  if (!mayDecide(device.role)) return nowhere(`An API key of the role ${device.role} may read this, not sign it.`);
  if (doubt.nextAskAt !== null)
    return nowhere("The target is still being asked. A person says what happened when that has brought no answer.");
  const blocked = ofKey(device);
  if (blocked !== null) return blocked;
  const enrolment = device.standing?.state === "enrolled" ? device.standing.enrolment : null;
  const me = enrolment?.member ?? device.member;
  if (me !== null && doubt.requesters.includes(me))
    return nowhere("You asked for this, and whoever asked may not say what became of it.");
  return enrolment === null ? null : lackingRole(enrolment.roles, doubt.roles);
}

/** What this device lacks to sign at all. */
function ofKey({ hasKey, standing }: Pick<Situation, "hasKey" | "standing">): Obstacle | null {
  if (hasKey === null) return nowhere("Looking for this device's key…");
  if (!hasKey) return key("This device has no key yet.");
  switch (standing?.state) {
    case "none":
      return key("This device's key is not enrolled: ask for it first.");
    case "requested":
      return key("This device's key waits for an admin to enrol it.");
    case "expired":
      return key("The enrolment of this device's key has expired.");
    case "revoked":
      return key("This device's key is revoked.");
    case "enrolled":
    case undefined:
      return null;
  }
}

/** Obstacles of the person: the executor refuses a decision, either way, of whoever asked and of whoever lacks the role. */
function forPerson({ review, standing, member }: Situation): Obstacle | null {
  const enrolment = standing?.state === "enrolled" ? standing.enrolment : null;
  const me = enrolment?.member ?? member;
  if (me !== null && me === review.requester)
    return nowhere("You asked for this, and whoever asked may not decide it.");
  if (enrolment === null) return null;
  return lackingRole(enrolment.roles, [...new Set(review.required.map(({ role }) => role))]);
}

const lackingRole = (held: readonly string[], asked: readonly string[]): Obstacle | null =>
  asked.some((role) => held.includes(role) || held.includes("*"))
    ? null
    : nowhere(`This asks for ${asked.join(" or ")}; your key is enrolled as ${held.join(", ")}.`);

function approved({ review, standing }: Situation): Obstacle | null {
  const me = standing?.state === "enrolled" ? standing.enrolment.member : null;
  return me !== null && review.required.some(({ approvedBy }) => approvedBy.includes(me))
    ? nowhere("You have approved. It waits for somebody else.")
    : null;
}
