import { describe, expect, it } from "vitest";
import { standingOf, type Standing } from "../../../console/src/signing/enrolment.ts";
import { suggestedRoles } from "../../../shared/suggested-roles.ts";
import { obstacles } from "../../../console/src/signing/obstacles.ts";
import type { EnrolmentView } from "../../../shared/api.ts";
import type { ReviewView } from "../../../shared/views.ts";

const NOW = Date.parse("2026-11-20T12:00:00.000Z");
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const enrolment = (change: Partial<EnrolmentView> = {}) =>
  ({
    kid: "k",
    member: "ada",
    roles: ["lead"],
    createdAt: at(-9),
    expiresAt: at(9),
    revokedAt: null,
    ...change,
  }) as EnrolmentView;
const enrolled: Standing = { state: "enrolled", enrolment: enrolment() };
const required = (approvedBy: string[] = []) => [{ rule: "r", role: "lead", quorum: 2, approvedBy }];
const review = { expiresAt: at(60_000), requester: null, required: required() } as unknown as ReviewView;
const situation = {
  review,
  subjectMatches: true,
  role: "approver",
  hasKey: true,
  standing: enrolled,
  member: null,
  nowMs: NOW,
};

describe("what keeps a person from deciding", () => {
  it("is nothing, for an enrolled key with the role", () => {
    expect(obstacles(situation)).toEqual({ approve: null, reject: null });
  });

  it.each([
    ["parts that do not give the subject", { subjectMatches: false }],
    ["a passed deadline", { nowMs: NOW + 60_000 }],
    ["an API key that may not decide", { role: "auditor" }],
    ["a device without a key", { hasKey: false }],
    ["a key that is not known yet", { hasKey: null }],
    ["a key that nobody enrolled", { standing: { state: "none" } as Standing }],
    ["a request that waits", { standing: { state: "requested", member: "ada", at: at(0) } as Standing }],
    ["an expired enrolment", { standing: { state: "expired", enrolment: enrolment() } as Standing }],
    ["a revoked key", { standing: { state: "revoked", enrolment: enrolment() } as Standing }],
    ["having asked for it", { review: { ...review, requester: "ada" } }],
    [
      "having asked for it, as the API key says",
      { review: { ...review, requester: "lin" }, member: "lin", standing: null },
    ],
    [
      "roles that nobody asks for",
      { standing: { state: "enrolled", enrolment: enrolment({ roles: ["other"] }) } as Standing },
    ],
  ])("is %s", (_, change) => {
    const { approve, reject } = obstacles({ ...situation, ...change });
    expect([approve, reject]).not.toContain(null);
  });

  it("is, for approving alone, having approved", () => {
    const { approve, reject } = obstacles({ ...situation, review: { ...review, required: required(["ada"]) } });
    expect([approve === null, reject]).toEqual([false, null]);
  });

  it("is not an enrolment that the server does not show: the executor decides", () => {
    expect(obstacles({ ...situation, standing: null })).toEqual({ approve: null, reject: null });
  });
});

describe("the standing of a key", () => {
  const page = (enrolments: EnrolmentView[], requested = false) => ({
    enrolments,
    requests: requested
      ? [{ kid: "k", member: "ada", key: {} as never, createdAt: at(0), possession: {} as never }]
      : [],
  });
  it.each([
    ["none", page([])],
    ["none", page([enrolment({ kid: "another" })])],
    ["requested", page([], true)],
    ["enrolled", page([enrolment()], true)],
    ["expired", page([enrolment({ expiresAt: at(0) })])],
    ["requested", page([enrolment({ expiresAt: at(0) })], true)],
    ["enrolled", page([enrolment({ expiresAt: at(-1) }), enrolment()])],
    ["revoked", page([enrolment(), enrolment({ revokedAt: at(-1) })])],
  ])("%s", (state, enrolments) => {
    expect(standingOf("k", enrolments, NOW).state).toBe(state);
  });
});

describe("the roles that a new key asks for", () => {
  const of = (...enrolments: EnrolmentView[]) => suggestedRoles("ada", { enrolments, requests: [] }, NOW);
  it("are those of the member's keys in force, never admin", () => {
    expect(of(enrolment({ roles: ["approver", "support-lead", "admin"] }), enrolment({ roles: ["approver"] }))).toEqual(
      ["approver", "support-lead"],
    );
  });
  it("are the plain approver's where no key is in force, or where what the server names is no role", () => {
    expect(of()).toEqual(["approver"]);
    expect(
      of(enrolment({ revokedAt: at(-1), roles: ["lead"] }), enrolment({ expiresAt: at(0), roles: ["lead"] })),
    ).toEqual(["approver"]);
    expect(of(enrolment({ roles: ["a; reboot"] }))).toEqual(["approver"]);
  });
  it("of a new member are those that people hold here", () => {
    const others = [enrolment({ member: "bob", roles: ["lead"] }), enrolment({ member: "eve", roles: ["admin"] })];
    expect(of(...others)).toEqual(["approver", "lead"]);
  });
});
