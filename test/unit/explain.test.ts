import { describe, expect, it } from "vitest";
import { explain } from "../../intent-manager/insight/explain.ts";
import { toMarkdown } from "../../intent-manager/insight/markdown.ts";
import { toBase64, utf8 } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { Attestation } from "../../shared/attestation.ts";
import type { Reversal } from "../../shared/reversal.ts";
import { whyDenied, type Policy } from "../../shared/policy/index.ts";
import type { StepView, TaskEventView, TaskView } from "../../shared/views.ts";

const TASK = "tsk_eu_1_aaaaaaaaaaaaaaaaaaaaaaaaaa";
const REVIEW = `rev_${TASK.slice(4)}_1_0_1`;
const AT = "2026-01-01T00:00:00.000Z";
const KID = "K".repeat(43);
const decision = {
  answer: "review" as const,
  final: true,
  rules: ["large"],
  reviews: [{ rule: "large", role: "lead", quorum: 1 }],
  errors: [],
  deferred: [],
  byDefault: false,
};
const step: StepView = {
  id: "pay",
  round: 1,
  proposal: "prp_x",
  action: "act_x",
  reversibleUntil: null,
  undo: null,
  undoes: null,
  capability: "billing.refund",
  status: "applied",
  after: [],
  args: { note: "```\n# not a heading" },
  provenance: { note: "content" },
  decision,
  review: REVIEW,
  waitsFor: null,
  resolved: null,
  attempts: 1,
  result: { ok: true },
  problem: null,
  outcome: null,
  premises: [{ resource: "order:1", version: 3, class: "same-transaction" }],
  tags: ["order:1"],
  appliedAt: AT,
  receipt: null,
};
const view: TaskView = {
  id: TASK,
  automation: "refunds",
  release: "sha256:0",
  region: "eu",
  status: "succeeded",
  settled: true,
  why: null,
  principal: { key: "key_a", role: "app", member: "ada", sod: "evaluable" },
  input: {},
  round: 1,
  openedAt: AT,
  updatedAt: AT,
  deadlineAt: AT,
  executor: "acme/eu/1",
  seq: 9,
  recorded: true,
  steps: [step],
};
const attestation: Attestation = {
  version: 1,
  id: `att_${"a".repeat(26)}`,
  tenant: "acme",
  task: TASK,
  step: "pay",
  review: REVIEW,
  subject: `sha256:${"0".repeat(64)}`,
  decision: "approve",
  reason: "checked `twice`",
  atMs: 1,
  expiresMs: 2,
};
const envelope = (payload: object) => ({
  payloadType: "application/vnd.countersign.attestation.v1+json",
  payload: toBase64(utf8(canonicalize(payload))),
  signatures: [{ keyid: KID, sig: toBase64(new Uint8Array(64)) }],
});
const events: TaskEventView[] = [
  {
    seq: 7,
    at: AT,
    event: {
      type: "attested",
      step: "pay",
      review: REVIEW,
      attestation: attestation.id,
      member: "grace",
      roles: ["lead"],
      decision: "approve",
      envelope: envelope(attestation),
      chain: [],
    },
  },
  { seq: 8, at: AT, event: { type: "event-of-tomorrow" } },
];
const sources = { view, events, entries: [{ index: 4, id: "evt_x" }], checkpointSize: 12, missing: [] };

describe("an explanation", () => {
  it("names who signed, with which key and for what reason", () => {
    const [explained] = explain(sources).steps;
    expect(explained!.attestations).toEqual([
      {
        attestation: attestation.id,
        decision: "approve",
        member: "grace",
        roles: ["lead"],
        kid: KID,
        reason: "checked `twice`",
        at: AT,
      },
    ]);
  });

  it("says what was predicted and what was read back", () => {
    const words = (outcome: NonNullable<StepView["outcome"]>) =>
      toMarkdown(explain({ ...sources, view: { ...view, steps: [{ ...step, outcome }] } }));
    const outcome = { expected: { on: true }, observed: { on: false }, fields: ["on"], code: null, at: AT };
    expect(words({ ...outcome, verdict: "mismatched" })).toContain(
      "- **Left something else than was predicted**: `on` is `false`, expected `true`",
    );
    expect(words({ ...outcome, verdict: "matched", fields: [] })).toContain("- Left what was predicted: `on`");
    expect(words({ ...outcome, verdict: "unobserved", code: "not-observable" })).toContain("`not-observable`");
  });

  it("says which rules decided and whom they asked", () => {
    expect(explain(sources).steps[0]!.because).toBe("Needs a person; decided by large. Asked for: 1 × lead (large).");
    const byDefault = {
      ...step,
      decision: { ...decision, answer: "deny" as const, rules: [], reviews: [], byDefault: true },
    };
    expect(explain({ ...sources, view: { ...view, steps: [byDefault] } }).steps[0]!.because).toBe(
      "Denied; no rule matched, so the policy's default decided.",
    );
  });

  it("gives the words of the rules that denied, once", () => {
    const rules = ["not-confirmed"];
    const denied: StepView = {
      ...step,
      status: "denied",
      decision: { ...decision, answer: "deny", rules, reviews: [] },
      problem: { code: "policy-denied", detail: "not-confirmed: The customer has not\nconfirmed this." },
      appliedAt: null,
    };
    const explained = explain({ ...sources, view: { ...view, steps: [denied] } });
    expect(explained.steps[0]!.because).toBe(`Denied. ${denied.problem!.detail}`);
    expect(
      toMarkdown(explained).match(/^- Denied\. not-confirmed: The customer has not confirmed this\.$/gm),
    ).toHaveLength(1);
    expect(toMarkdown(explained)).not.toContain("policy-denied");
  });

  it("of a denial says the message, the failure, or that nothing allows it", () => {
    const policy: Policy = {
      default: "deny",
      rules: [
        { id: "a", when: "true", then: "deny", message: "Not today." },
        { id: "b", when: "true", then: "deny" },
      ],
    };
    const denial = { rules: [], errors: [], byDefault: false };
    expect(whyDenied({ ...denial, rules: ["a", "b"] }, policy)).toBe("a: Not today. b: this is denied.");
    expect(whyDenied({ ...denial, rules: ["a"], errors: ["a: divides by zero"] }, policy)).toBe(
      "a: the rule failed (divides by zero), and a rule that fails denies.",
    );
    expect(whyDenied({ ...denial, byDefault: true }, policy)).toBe("No rule allows this.");
    expect(whyDenied({ ...denial, errors: ["more than 16 reviews"] }, policy)).toBe("more than 16 reviews");
  });

  it("says where the task stands in the record, and leaves events that it cannot read aside", () => {
    expect(explain(sources).record).toEqual({
      executor: "acme/eu/1",
      seq: 9,
      recorded: true,
      entries: [{ index: 4, id: "evt_x", proof: "/v1/ledger/proof?index=4" }],
      checkpointSize: 12,
      missing: [],
    });
  });

  it("as Markdown shows values from outside as code, whatever they hold", () => {
    const markdown = toMarkdown(explain(sources));
    expect(markdown).toContain("Approved by `grace` (lead) with key");
    expect(markdown).toContain("`` checked `twice` ``");
    // The value's own fence is shorter than the one around it, so it cannot end the block.
    expect(markdown).toContain("````json");
    expect(markdown).not.toMatch(/^# not a heading/m);
  });

  it("as Markdown shows the reason of whoever asked for a reversal as words and not as markup", () => {
    const reason = "as agreed [see here](https://evil.example) <img src=x>";
    const undo = { ...step, id: "pay~undo", undoes: { step: "pay", kind: "reversal", by: "key_b" } } as const;
    const reversal: Reversal = {
      version: 1,
      id: `rvs_${"a".repeat(26)}`,
      tenant: "acme",
      region: "eu",
      task: TASK,
      step: "pay",
      action: "act_x",
      undone: [],
      by: { key: "key_b", role: "app", member: null },
      reason,
      atMs: 1,
      expiresMs: 2,
    };
    const about = { step: "pay", undo: undo.id, kind: "reversal", by: "key_b", member: null, request: reversal.id };
    const event = { type: "undo-started", ...about, args: "A".repeat(43), relies: [], envelope: envelope(reversal) };
    const asked = { seq: 8, at: AT, event } as unknown as TaskEventView;
    const explained = explain({ ...sources, events: [...events, asked], view: { ...view, steps: [step, undo] } });
    expect(explained.steps[1]!.because).toContain(reason);
    const markdown = toMarkdown(explained);
    expect(markdown).toContain("as agreed \\[see here\\](https://evil.example) \\<img");
    expect(markdown).not.toContain("[see here](");
  });
});
