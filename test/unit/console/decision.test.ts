import { describe, expect, it } from "vitest";
import {
  attestationFor,
  checkSubject,
  isSameDecision,
  signDecision,
  type Decision,
} from "../../../console/src/signing/decision.ts";
import { Attestation, subjectDigest } from "../../../shared/attestation.ts";
import { generateKeyPair } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { openEnvelope } from "../../../shared/signing.ts";
import type { ReviewView } from "../../../shared/views.ts";

const NOW = Date.parse("2026-11-20T12:00:00.000Z");
const TASK = `tsk_eu_0_${"a".repeat(26)}`;
const APPROVE: Decision = { decision: "approve", reason: null };
const random = (seed: number): Uint8Array => new Uint8Array(16).fill(seed);

function review(change: Partial<ReviewView> = {}): ReviewView {
  const parts = {
    challenge: "c",
    step: `sha256:${"1".repeat(64)}`,
    args: { orderId: "#W1" },
    premises: [],
    shown: { summary: "Cancel #W1", changes: [], askedBy: "app", rationale: null, rules: [], provenance: {} },
  };
  return {
    id: `rev_eu_0_${"a".repeat(26)}_1_0_1`,
    task: TASK,
    step: "cancel",
    automation: "orders",
    capability: "orders.cancel",
    region: "eu",
    status: "waiting",
    requestedAt: new Date(NOW - 1_000).toISOString(),
    expiresAt: new Date(NOW + 60_000).toISOString(),
    required: [{ rule: "r", role: "approver", quorum: 1, approvedBy: [] }],
    requester: null,
    subject: subjectDigest(parts),
    parts,
    ...change,
  };
}

const codeOf = (result: ReturnType<typeof attestationFor>) => (result.ok ? "ok" : result.problem.code);

describe("a decision", () => {
  it("states exactly what was shown, for as long as the review lasts", async () => {
    const signer = await generateKeyPair({ extractable: false });
    const signed = await signDecision(review(), "dev", signer, APPROVE, null, NOW, random(1));
    if (!signed.ok) throw new Error(signed.problem.code);
    const opened = await openEnvelope(signed.value.envelope, {
      payloadType: PAYLOAD_TYPES.attestation,
      keys: new Map([[signer.kid, signer.publicJwk]]),
      schema: Attestation,
    });
    expect(opened.ok && opened.value.payload).toEqual({
      version: 1,
      id: "att_aeaqcaibaeaqcaibaeaqcaibae",
      tenant: "dev",
      task: TASK,
      step: "cancel",
      review: review().id,
      subject: review().subject,
      decision: "approve",
      reason: null,
      atMs: NOW,
      expiresMs: NOW + 60_000,
    });
  });

  it.each([
    ["other arguments", { args: { orderId: "#W2" } }],
    ["another summary", { shown: { ...review().parts.shown, summary: "Nothing of importance" } }],
    ["other premises", { premises: [{ resource: "orders/#W1", version: 9 }] }],
    ["another challenge", { challenge: "d" }],
  ])("is not signed when %s are shown than were asked about", (_, change) => {
    const shown = review({ parts: { ...review().parts, ...change } as ReviewView["parts"] });
    expect(checkSubject(shown).matches).toBe(false);
    expect(codeOf(attestationFor(shown, "dev", APPROVE, NOW, random(1)))).toBe("attestation-mismatch");
  });

  it("is not signed under the id of another task's review", () => {
    const other = review({ task: `tsk_eu_0_${"b".repeat(26)}` });
    expect(codeOf(attestationFor(other, "dev", APPROVE, NOW, random(1)))).toBe("attestation-mismatch");
  });

  it.each([
    ["a review that was decided", { status: "approved" as const }, APPROVE, NOW, "review-not-waiting"],
    ["a review whose deadline passed", {}, APPROVE, NOW + 60_000, "review-expired"],
    ["a rejection without a reason", {}, { decision: "reject", reason: " \n" } as Decision, NOW, "invalid-request"],
  ])("is refused for %s", (_, change, decision, nowMs, code) => {
    expect(codeOf(attestationFor(review(change), "dev", decision, nowMs, random(1)))).toBe(code);
  });

  it("is the same signature when it is asked for again, and another one when anything differs", async () => {
    const signer = await generateKeyPair({ extractable: false });
    const sign = async (decision: Decision, kept: Parameters<typeof signDecision>[4], nowMs = NOW) => {
      const signed = await signDecision(review(), "dev", signer, decision, kept, nowMs, random(nowMs % 251));
      if (!signed.ok) throw new Error(signed.problem.code);
      return signed.value;
    };
    const first = await sign(APPROVE, null);
    expect((await sign(APPROVE, first, NOW + 5)).envelope).toEqual(first.envelope);
    const rejection: Decision = { decision: "reject", reason: "no" };
    expect((await sign(rejection, first, NOW + 5)).envelope).not.toEqual(first.envelope);
    const other = review({ subject: `sha256:${"2".repeat(64)}` });
    expect(isSameDecision(first, other, signer.kid, APPROVE, NOW)).toBe(false);
    expect(isSameDecision(first, review(), "another-key", APPROVE, NOW)).toBe(false);
    expect(isSameDecision(first, review(), signer.kid, APPROVE, NOW + 60_000)).toBe(false);
  });
});
