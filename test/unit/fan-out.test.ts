/** What becomes of a task whose playbook fans out, as its core decides it and as a verifier checks it; and features in the record. */
import { describe, expect, it } from "vitest";
import { failedElements, isLeftOut } from "../../shared/fan-out.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { decideStep } from "../../shared/facts.ts";
import { featuresOf } from "../../shared/features.ts";
import type { Playbook } from "../../shared/playbook.ts";
import { replayTask } from "../../executors/task/replay.ts";
import { codeOf, value } from "../support/release.ts";
import { APPLIED, refusal, TaskCore } from "../support/task-core.ts";

/** Two elements of `items`, and a step after them. */
const fanned = (mayFail: number) =>
  new TaskCore(
    [
      ...[0, 1, 2].map((index) => ({
        id: `items_${index}`,
        capability: "test.keyed",
        ...(mayFail === 0 ? {} : { fanOut: { of: "items", index, mayFail } }),
      })),
      { id: "last", capability: "test.keyed", after: ["items_0", "items_1", "items_2"] },
    ],
    {},
  );
const run = (mayFail: number, ...failing: number[]) => {
  const core = fanned(mayFail);
  for (const i of [0, 1, 2]) core.answer(`items_${i}`, failing.includes(i) ? refusal(false) : APPLIED);
  core.goOn();
  if (core.effects().some(({ step }) => step === "last")) core.answer("last", APPLIED);
  return core;
};

describe("a fan-out of which elements may fail", () => {
  it("lets what stands after it go on, and the task succeeds in part", () => {
    const core = run(1, 1);
    expect(core.phase("last").at).toBe("applied");
    expect(core.state.settled).toEqual({ status: "succeeded", why: "partial" });
    expect(core.folded()).toEqual(core.state);
  });

  it("fails the task where more failed than may", () => {
    const core = run(1, 0, 2);
    expect([core.phase("last").at, core.state.settled?.status]).toEqual(["skipped", "failed"]);
  });

  it("fails the task with the first element where none may", () => {
    expect(run(0, 2).state.settled).toEqual({ status: "failed", why: "items_2" });
  });

  it("counts an element once, however many of its steps failed", () => {
    const of = (name: string, ...indexes: number[]) => indexes.map((index) => ({ of: name, index }));
    expect(failedElements({ of: "a" }, [...of("a", 0, 0, 1), ...of("b", 2), null])).toBe(2);
    expect(["condition", "no-element", "reference", "dependency", "cancelled"].map(isLeftOut)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

const bundle = {
  version: 1,
  automation: "notes",
  summary: "Notes.",
  owner: "test",
  tier: 3,
  planner: "playbook",
  region: { rule: "fixed", region: "eu" },
  input: {
    type: "object",
    properties: {
      text: { type: "string", "x-origin": "principal", "x-subject": "customer" },
      cents: { type: "integer" },
    },
    required: ["text"],
    additionalProperties: false,
  },
  features: {
    large: { version: "1.2.0", type: "boolean", value: "has(input.cents) && input.cents > 1000" },
    words: { version: "1.0.0", type: "integer", value: "size(input.text)" },
  },
  gates: [{ id: "short", check: "features.words < 50", onFail: "refuse" }],
  playbook: {
    version: 1,
    steps: [{ id: "note", capability: "test.note", args: { text: { $cel: "intent.input.text" } } }],
  } as Playbook,
  policy: { default: "deny", rules: [{ id: "small", when: "!features.large", then: "allow" }] },
  capabilities: {
    "test.note": {
      name: "test.note",
      version: "1.0.0",
      summary: "Notes",
      input: {
        type: "object",
        properties: { text: { type: "string" } },
        required: ["text"],
        additionalProperties: false,
      },
      output: { type: "object", properties: {}, additionalProperties: false },
      risk: "low",
      effect: "write",
      reversible: false,
      delivery: "idempotent",
      roles: {},
      tags: [],
    },
  },
  deadlines: { taskMs: 3_600_000, reviewMs: 3_600_000 },
};
const compile = (change: object = {}) => compileRelease(canonicalize({ ...bundle, ...change } as never));

describe("features", () => {
  it("are values of the input with their version and the fields that they come from", () => {
    const { declarations } = value(compile());
    expect(featuresOf(declarations, { text: "hello", cents: 5 })).toEqual([
      { name: "large", version: "1.2.0", from: ["/cents"], value: false },
      { name: "words", version: "1.0.0", from: ["/text"], value: 5 },
    ]);
  });

  it("decide in rules and gates", () => {
    const release = value(compile());
    const answer = (input: { text: string; cents?: number }) =>
      decideStep(
        release,
        {
          task: "t",
          region: "eu",
          input,
          purpose: null,
          principal: { key: "k", role: "app", member: null, sod: "not-evaluable" },
        },
        {
          round: 1,
          planner: "playbook",
          agent: "playbook",
          capability: "test.note",
          args: { text: "x" },
          provenance: { text: "principal" },
          claimedConfidence: null,
        },
        { args: true, preview: true, results: true },
        0,
      );
    expect(answer({ text: "a" })).toMatchObject({ answer: "allow", rules: ["small"] });
    expect(answer({ text: "a", cents: 1001 })).toMatchObject({ answer: "deny", byDefault: true });
    expect(answer({ text: "a".repeat(50) })).toMatchObject({ answer: "deny", rules: ["gate-short"] });
  });

  it("are an error where they have another type than they say, which denies", () => {
    const wrong = { large: { ...bundle.features.large, type: "string" }, words: bundle.features.words };
    const { declarations } = value(compile({ features: wrong }));
    expect(featuresOf(declarations, { text: "a" })[0]!.value).toBeNull();
  });

  it.each<[string, object]>([
    [
      "features-invalid",
      { features: { ...bundle.features, other: { version: "1.0.0", type: "string", value: "input.none" } } },
    ],
    [
      "features-invalid",
      { features: { ...bundle.features, other: { version: "1.0.0", type: "string", value: "'x'" } } },
    ],
    [
      "features-invalid",
      { features: { ...bundle.features, other: { version: "1.0.0", type: "string", value: "intent.region" } } },
    ],
    ["policy-invalid", { policy: { default: "deny", rules: [{ id: "a", when: "features.none", then: "allow" }] } }],
    ["gates-invalid", { gates: [{ id: "short", check: "features.none", onFail: "refuse" }] }],
  ])("are refused with %s where what they name is not there", (code, change) => {
    expect(codeOf(compile(change))).toBe(code);
  });
});

it("a task with elements that failed is replayed bit for bit", () => {
  const core = run(1, 1);
  const records = core.records.map(({ events, seq, atMs, beside }) => ({
    record: { version: 1, seq, task: core.task, atMs, events: [...events], prev: "" } as never,
    beside: { ...beside, requestDigest: null, requestKey: null },
  }));
  expect(replayTask(records, core.release.compiled)).toMatchObject({ task: core.task, same: true });
});
