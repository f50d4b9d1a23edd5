/** Predicted against actual: what an expectation may say, and what becomes of a step that has one (executors/task/prediction.ts, O4 to O6). */
import { describe, expect, it } from "vitest";
import { stepObserved } from "../../executors/task/prediction.ts";
import { taskView } from "../../executors/task/view.ts";
import { bindExpectation, differences, Expectation } from "../../shared/expectation.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { resolveRefs } from "../../shared/references.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { APPLIED, TaskCore, type TestStep } from "../support/task-core.ts";

describe("an expectation", () => {
  it("holds values and what refers to the action or to earlier results, and nothing else of the protocol", () => {
    const accepted = (expect: unknown) => Expectation.safeParse(expect).success;
    expect(accepted({ a: 1, b: [{ $arg: "n" }, { $result: "" }], c: { d: { $ref: "steps.a.result#/x" } } })).toBe(true);
    expect(
      [
        {},
        { "not a name": 1 },
        { a: { $cel: "1" } },
        { a: { $commit: "x" } },
        { a: { $arg: "n", b: 1 } },
        { a: { $result: "x" } },
        { a: { $ref: "lookup" } },
        Object.fromEntries(Array.from({ length: LIMITS.expectedFields + 1 }, (_, i) => [`f${i}`, i])),
      ].filter(accepted),
    ).toEqual([]);
  });

  it("is bound to the arguments, the result and earlier results; what is not there cannot be expected", () => {
    const from = { args: { n: 1 }, result: { v: [7] }, results: { look: { at: null } } };
    const bound = (value: JsonObject) => bindExpectation({ a: value }, from);
    expect(
      bindExpectation({ a: { $arg: "n" }, b: [{ $result: "/v/0" }], c: { $ref: "steps.look.result#/at" } }, from),
    ).toEqual(ok({ a: 1, b: [7], c: null }));
    for (const gone of [
      { $arg: "m" },
      { $result: "/w" },
      { $ref: "steps.look.result#/of" },
      { $ref: "steps.x.result#" },
    ])
      expect(bound(gone)).toMatchObject({ problem: { code: "reference-unresolved" } });
  });

  it("refers to a large value as often as it likes, and is not bound to more than is compared", () => {
    const large = { text: "x".repeat(10_000) };
    const many = { a: Array.from({ length: 10_000 }, () => ({ $result: "" })) };
    expect(bindExpectation(many, { args: {}, result: large, results: {} })).toMatchObject({
      problem: { code: "task-limit" },
    });
  });

  it("differs by value, and in what was not read", () => {
    expect(differences({ b: 1, a: { x: 1, y: 2 }, c: null }, { b: 2, a: { y: 2, x: 1 } })).toEqual(["b", "c"]);
    expect(differences({ constructor: 1 }, {})).toEqual(["constructor"]);
  });
});

const watched = (expect: JsonObject, ...after: TestStep[]) =>
  new TaskCore([{ id: "a", capability: "test.watched", expect }, ...after]);
const read = (core: TaskCore, reading: Result<JsonObject>) => core.decide((draft) => stepObserved(draft, "a", reading));
const outcome = (core: TaskCore) => taskView(core.state, "dev/eu/0", 0, new Map()).steps[0]!.outcome;
const failed = err(problem("target-unavailable", "No."));

it("arguments that refer to a large result again and again are refused before they are made into a text", () => {
  const refs = (times: number) => ({ a: Array.from({ length: times }, () => ({ $ref: "steps.a.result#" })) });
  const results = { a: "x".repeat(200_000) };
  expect(resolveRefs(refs(2), results).ok).toBe(true);
  expect(resolveRefs(refs(800), results)).toMatchObject({ problem: { code: "task-limit" } });
});

describe("a step that predicts", () => {
  it("is applied at once; it is read back beside the steps after it, and the task ends with the verdict", () => {
    const core = watched({ state: "done", n: { $arg: "n" } }, { id: "b", capability: "test.keyed", after: ["a"] });
    expect(outcome(core)).toMatchObject({ verdict: "pending", expected: { n: { $arg: "n" } } });
    core.answer("a", APPLIED);
    core.goOn();
    expect(core.effects()).toEqual([
      { kind: "observe", step: "a" },
      { kind: "apply", step: "b" },
    ]);
    core.answer("b", APPLIED);
    expect(core.state.settled).toBeNull();
    // After a crash the same is still to be done.
    expect(core.folded()).toEqual(core.state);
    read(core, ok({ state: "done", n: 1, other: "not asked for" }));
    core.wait(0);
    expect(core.state.settled).toMatchObject({ status: "succeeded" });
    expect(outcome(core)).toMatchObject({
      verdict: "matched",
      fields: [],
      observed: { state: "done", n: 1 },
      code: null,
    });
    expect(core.folded()).toEqual(core.state);
  });

  it("has one verdict: what is read later changes nothing", () => {
    const core = watched({ state: "done" });
    core.answer("a", APPLIED);
    read(core, ok({ state: "broken" }));
    read(core, ok({ state: "done" }));
    expect(core.types().filter((type) => type === "outcome-observed")).toHaveLength(1);
    expect(outcome(core)).toMatchObject({ verdict: "mismatched", fields: ["state"], observed: { state: "broken" } });
    core.wait(0);
    expect(core.state.settled).toMatchObject({ status: "succeeded" });
  });

  it("needs no further reading where the effect was read with it", () => {
    const core = watched({ state: "done" });
    core.answer("a", { ...APPLIED, observed: { state: "done", n: 1 } } as typeof APPLIED);
    expect(core.types().slice(-3)).toEqual(["step-applied", "outcome-observed", "task-settled"]);
  });

  it.each([
    ["the target cannot be read", { state: "done" }, failed, "target-unavailable"],
    ["the target says more than is compared", { state: "done" }, ok({ state: "x".repeat(2_000_000) }), "task-limit"],
    ["it refers to what is not there", { state: { $result: "/state" } }, ok({ state: "done" }), "reference-unresolved"],
  ] as const)("is unobserved where %s", (_, expected, reading, why) => {
    const core = watched(expected);
    core.answer("a", APPLIED);
    read(core, reading as Result<JsonObject>);
    expect(outcome(core)).toMatchObject({ verdict: "unobserved", code: why, observed: null });
    expect(core.events().at(-1)).toMatchObject({ values: null, fields: [] });
  });

  it("is unobserved at once where its capability reads nothing back, and has no outcome where it was not applied", () => {
    const blind = new TaskCore([{ id: "a", capability: "test.keyed", expect: { state: "done" } }]);
    blind.answer("a", APPLIED);
    expect([outcome(blind), blind.state.settled]).toMatchObject([
      { verdict: "unobserved", code: "not-observable" },
      {},
    ]);
    const never = watched({ state: "done" });
    never.answer("a", { kind: "refused", problem: problem("effect-refused", "No."), retry: false });
    expect([outcome(never), never.state.settled?.status]).toEqual([null, "failed"]);
  });
});
