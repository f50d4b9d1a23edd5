import { describe, expect, it } from "vitest";
import { blankOf, propertiesOf } from "../../../console/src/lib/result-shape.ts";
import { resolvingObstacle } from "../../../console/src/signing/obstacles.ts";
import type { Standing } from "../../../console/src/signing/enrolment.ts";
import { EMPTY_DRAFT, foundIn, signResolution, type Found } from "../../../console/src/signing/resolution.ts";
import { openCommitment } from "../../../shared/commitments.ts";
import { actionId } from "../../../shared/ids.ts";
import { generateKeyPair } from "../../../shared/keys.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { Resolution } from "../../../shared/resolution.ts";
import { openEnvelope } from "../../../shared/signing.ts";
import type { DoubtView } from "../../../shared/views.ts";

const NOW = Date.parse("2026-11-20T12:00:00.000Z");
const TASK = `tsk_eu_0_${"a".repeat(26)}`;
const doubt = {
  task: TASK,
  step: "refund",
  action: actionId(TASK, 1, 0),
  digest: `sha256:${"1".repeat(64)}`,
  attempt: 2,
  nextAskAt: null,
  roles: ["operator"],
  requesters: ["mei"],
} as unknown as DoubtView;
const applied: Found = { outcome: "applied", retry: false, reason: "seen", result: { value: { id: "rf_1" } } };
const random = (seed: number) => (bytes: number) => new Uint8Array(bytes).fill(seed);

describe("a word on an effect in doubt", () => {
  it("states the attempt that was shown and commits to the result that is sent beside it", async () => {
    const signer = await generateKeyPair({ extractable: false });
    const kept = await signResolution(doubt, "dev", signer, applied, null, NOW, random(1));
    const opened = await openEnvelope(kept.envelope, {
      payloadType: PAYLOAD_TYPES.resolution,
      keys: new Map([[signer.kid, signer.publicJwk]]),
      schema: Resolution,
    });
    const payload = opened.ok ? opened.value.payload : null;
    expect(payload).toMatchObject({
      tenant: "dev",
      task: TASK,
      step: "refund",
      action: doubt.action,
      digest: doubt.digest,
      attempt: 2,
      outcome: "applied",
      retry: false,
      reason: "seen",
      expiresMs: NOW + LIMITS.personSignatureMs,
    });
    expect(openCommitment(payload!.result!, kept.finding.result!)).toBe(true);
  });

  it("is the same bytes when it is given again, and another word when anything differs", async () => {
    const signer = await generateKeyPair({ extractable: false });
    const first = await signResolution(doubt, "dev", signer, applied, null, NOW, random(1));
    const again = (found: Found, about = doubt, nowMs = NOW) =>
      signResolution(about, "dev", signer, found, first, nowMs, random(2));
    expect((await again(applied)).envelope).toBe(first.envelope);
    const changes: [Found, DoubtView?, number?][] = [
      [{ ...applied, reason: "guessed" }],
      [{ ...applied, result: null }],
      [{ ...applied, result: { value: { id: "rf_2" } } }],
      [{ outcome: "not-applied", retry: true, reason: "seen", result: null }],
      [applied, { ...doubt, attempt: 3 }],
      [applied, doubt, first.expiresMs],
    ];
    for (const change of changes) expect((await again(...change)).envelope).not.toEqual(first.envelope);
  });

  it("is complete with an outcome and a reason; a result goes with what happened, another try with what did not", () => {
    const draft = { ...EMPTY_DRAFT, reason: " seen ", result: '{"a":1}', retry: true };
    const codeOf = (change: object) => {
      const found = foundIn({ ...draft, ...change });
      return found.ok ? found.value : found.problem.code;
    };
    expect(codeOf({})).toBe("invalid-request");
    expect(codeOf({ outcome: "applied", reason: " " })).toBe("invalid-request");
    expect(codeOf({ outcome: "applied", result: "{a:1}" })).toBe("invalid-json");
    expect(codeOf({ outcome: "applied" })).toEqual({ ...applied, result: { value: { a: 1 } } });
    expect(codeOf({ outcome: "not-applied" })).toEqual({
      outcome: "not-applied",
      retry: true,
      reason: "seen",
      result: null,
    });
  });
});

describe("what keeps a person from saying what happened", () => {
  const standing = (roles: string[], member = "ada") =>
    ({ state: "enrolled", enrolment: { member, roles } }) as unknown as Standing;
  const situation = { doubt, role: "approver", hasKey: true, standing: standing(["operator"]), member: null };
  it("is nothing, for an enrolled key with the role", () => expect(resolvingObstacle(situation)).toBeNull());
  it.each([
    ["a target that is still being asked", { doubt: { ...doubt, nextAskAt: new Date(NOW).toISOString() } }],
    ["an API key that may not sign", { role: "auditor" }],
    ["a device without a key", { hasKey: false }],
    ["a missing role", { standing: standing(["approver"]) }],
    ["having asked for it", { standing: standing(["operator"], "mei") }],
  ])("is %s", (_, change) => expect(resolvingObstacle({ ...situation, ...change })).not.toBeNull());
});

it("a blank result has the required names of the contract's schema", () => {
  const schema = {
    type: "object",
    properties: { id: { type: "string" }, n: { type: "integer" }, note: { type: "string" } },
    required: ["id", "n"],
  };
  expect(JSON.parse(blankOf(schema))).toEqual({ id: "", n: 0 });
  expect(propertiesOf(schema).map(({ isRequired }) => isRequired)).toEqual([true, true, false]);
  expect(propertiesOf(true)).toEqual([]);
});
