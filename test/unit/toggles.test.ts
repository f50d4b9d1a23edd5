import { expect, it } from "vitest";
import { replayTask } from "../../executors/task/replay.ts";
import { contracts } from "../../executors/capabilities/index.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import type { ChainRecord } from "../../shared/events.ts";
import { decideStep } from "../../shared/facts.ts";
import { Gates } from "../../shared/gates/schema.ts";
import { leftOutNow } from "../../shared/playbook-derive.ts";
import { derivePlan } from "../../shared/playbook.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { togglesFor, type Toggles } from "../../shared/toggles.ts";
import { release } from "../support/manager.ts";
import { codeOf, value } from "../support/release.ts";
import { APPLIED, MADE, refusal, TaskCore } from "../support/task-core.ts";

const { bundle: base } = release(contracts).compiled;
const compile = (change: Partial<ReleaseBundle>) => compileRelease(canonicalize({ ...base, ...change }));
const note = (id: string, more: object = {}) => ({ id, capability: "journal.note", args: { text: id }, ...more });
const ruled = (when: string) => compile({ policy: { default: "deny", rules: [{ id: "notes", when, then: "allow" }] } });

it("a release knows the toggles that its rules, limits and conditions look at, by constant names alone", () => {
  const limits = [
    { id: "few", when: "toggles.limited", window: "1h", count: true as const, max: 1, exceeded: "deny" as const },
  ];
  const found = value(
    compile({
      policy: {
        ...base.policy,
        limits,
        rules: [{ id: "notes", when: "has(toggles.on) && toggles.on", then: "allow" }],
      },
      playbook: { version: 1, steps: [note("a", { when: 'toggles["late"] == 3' })] },
    }),
  );
  expect([found.toggles, value(compile({})).toggles]).toEqual([["late", "limited", "on"], []]);
  for (const when of ["toggles == {}", "toggles[intent.automation]", "toggles.a.b", "toggles.all(t, true)"])
    expect(codeOf(ruled(when))).toBe("policy-invalid");
  const step = (more: object) => compile({ playbook: { version: 1, steps: [note("a", more)] } });
  expect(codeOf(step({ when: "toggles[intent.region] == 1" }))).toBe("playbook-invalid");
  expect(codeOf(step({ args: { text: { $cel: "toggles.word" } } }))).toBe("playbook-invalid");
  const many = Array.from({ length: 21 }, (_, i) => `toggles.t${i}`).join(" || ");
  expect(codeOf(ruled(many))).toBe("policy-invalid");
});

it("a rule that looks at a toggle which nobody set denies, and one that asks whether it is set does not", () => {
  const answer = (when: string, toggles: Toggles | undefined) => {
    const compiled = value(ruled(when));
    const facts = {
      round: 1,
      planner: "playbook" as const,
      agent: "playbook",
      capability: "journal.note",
      args: { text: "x" },
      provenance: { text: "principal" as const },
      claimedConfidence: null,
      toggles,
    };
    const principal = { key: "k", role: "app", member: null, sod: "not-evaluable" } as const;
    const task = { task: "t", region: "eu", input: { text: "x" }, purpose: null, principal };
    const available = { args: true, preview: true, results: true };
    const { answer, errors } = decideStep(compiled, task, facts, available, 0);
    return [answer, errors.length];
  };
  expect(answer("toggles.fast", { fast: true })).toEqual(["allow", 0]);
  expect(answer("toggles.fast", { fast: false })).toEqual(["deny", 0]);
  expect(answer("toggles.fast", {})).toEqual(["deny", 1]);
  expect(answer("toggles.fast", undefined)).toEqual(["deny", 1]);
  expect(answer("!has(toggles.fast)", {})).toEqual(["allow", 0]);
  expect(answer('toggles.share > 3 && toggles.word == "a"', { share: 4, word: "a" })).toEqual(["allow", 0]);
});

it("conditions of a playbook follow the plan's toggles, when it is derived and when a step is due", () => {
  const steps = [
    note("first"),
    note("now", { when: "toggles.extra" }),
    note("later", { when: "results.first.entry > 0 && toggles.extra" }),
  ];
  const compiled = value(compile({ playbook: { version: 1, steps } }));
  const intent = { automation: "notes", input: { text: "x" }, region: "eu", purpose: "" };
  const derive = (toggles?: Toggles) => derivePlan(compiled.playbook!, intent, { openedByAgent: false }, toggles);
  const ids = (toggles: Toggles) => value(derive(toggles)).map(({ id }) => id);
  expect(ids({ extra: true })).toEqual(["first", "now", "later"]);
  expect(ids({ extra: false })).toEqual(["first", "later"]);
  expect([codeOf(derive({})), codeOf(derive())]).toEqual(["plan-invalid", "plan-invalid"]);
  const due = (toggles?: Toggles) =>
    leftOutNow(
      compiled.playbook!,
      "later",
      intent,
      { first: { capability: "journal.note", result: { entry: 1 } } },
      toggles,
    );
  expect([due({ extra: true }), due({ extra: false })].map(value)).toEqual([null, "condition"]);
  expect(codeOf(due())).toBe("reference-unresolved");
});

const STEPS = [{ id: "one", capability: "test.make" }];
const BOTH = [...STEPS, { id: "two", capability: "test.keyed", after: ["one"] }];
const RULES = { default: "deny" as const, rules: [{ id: "all", when: "toggles.open", then: "allow" as const }] };
const replayed = (core: TaskCore, under = core.release.compiled) =>
  replayTask(
    core.records.map(({ events, seq, atMs, beside }) => ({
      record: { version: 1, executor: "e", seq, prev: "0", atMs, task: core.task, events: [...events] } as ChainRecord,
      beside,
    })),
    under,
  )!;

it("what was decided over toggles is decided again over those of the record, and an undo over those of what it takes back", () => {
  const core = new TaskCore(BOTH, { policy: RULES, toggles: { open: true }, onFailure: "compensate" });
  core.answer("one", MADE);
  core.goOn();
  core.answer("two", refusal(false));
  core.goOn();
  const undo = [...core.state.steps.values()].find(({ undoes }) => undoes !== null)!;
  expect([core.state.toggles, undo.toggles]).toEqual([{ open: true }, { open: true }]);
  core.answer(undo.id, APPLIED);
  expect(core.phase(undo.id)).toMatchObject({ at: "applied" });
  expect(replayed(core)).toMatchObject({ same: true });
  expect(replayed(new TaskCore(STEPS, { policy: RULES, toggles: { open: false } }))).toMatchObject({
    decisions: [{ outcome: "different", replayed: { answer: "deny" } }],
  });
});

it("an input that was unusual when it came in sends each write to the gate's people, with the gate's words", () => {
  const input = {
    type: "object",
    properties: { text: { type: "string" }, n: { type: "integer" } },
    required: ["text"],
    additionalProperties: false,
  };
  const gates = Gates.parse([
    {
      id: "usual",
      anomaly: { field: "/n", deviations: 3, after: 10 },
      onFail: "review",
      reviewers: { role: "clerk", quorum: 1 },
    },
  ]);
  const policy = { default: "deny" as const, rules: [{ id: "all", when: "preview == {}", then: "allow" as const }] };
  const core = new TaskCore(STEPS, { input, gates, policy, unusual: ["usual"], final: false });
  expect(core.phase("one")).toMatchObject({ at: "awaiting_review" });
  const requested = core.events().find((event) => event.type === "review-requested")!;
  expect(requested).toMatchObject({ required: [{ rule: "gate-usual", role: "clerk", quorum: 1 }] });
  const shown = JSON.stringify(core.records.map(({ beside }) => beside.values));
  expect(shown).toContain("/n is far from what came in lately (gate usual).");
});

it("only the toggles that a release looks at travel", () => {
  const all = { a: true, b: 1, c: "x" };
  expect([togglesFor([], all), togglesFor(["b", "z"], all)]).toEqual([undefined, { b: 1 }]);
});
