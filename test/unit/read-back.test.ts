/** Reading back what an action left (executors/read-back.ts): bounded, and never more than an answer that is not there. */
import { expect, it } from "vitest";
import type { Capability } from "../../executors/adapters/types.ts";
import { readBack } from "../../executors/read-back.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { APPLIED, REGISTRY, TaskCore } from "../support/task-core.ts";

/** Reads with these answers in turn: "throws", "silent", or a reading. Timers fire at once, the longest last. */
async function reading(...answers: (Result<JsonObject> | "throws" | "silent")[]) {
  const core = new TaskCore([{ id: "a", capability: "test.watched", expect: { state: "done" } }]);
  core.answer("a", APPLIED);
  const asked: number[] = [];
  const observe = async (): Promise<Result<JsonObject>> => {
    const answer = answers[asked.push(1) - 1]!;
    if (answer === "throws") throw new Error("gone");
    return answer === "silent" ? new Promise(() => {}) : answer;
  };
  const registry = new Map(REGISTRY).set("test.watched", { ...REGISTRY.get("test.watched")!, observe } as Capability);
  const result = await readBack(
    core.state,
    core.state.steps.get("a")!,
    { ...core.deps(), registry },
    {
      nowMs: () => core.nowMs,
      setTimer: (ms, fire) => {
        const timer = setTimeout(fire, ms === LIMITS.observeTimeoutMs ? 5 : 0);
        return () => clearTimeout(timer);
      },
    },
  );
  return [result.ok ? result.value : result.problem.code, asked.length];
}
const refused = err(problem("answer-invalid", "No."));

it("asks again while the target throws, is silent or refuses, and takes the first answer", async () => {
  expect(await reading("throws", "silent", ok({ state: "done" }))).toEqual([{ state: "done" }, 3]);
});

it("gives up after a few, with the reason of the last", async () => {
  expect(await reading("silent", "throws", refused, ok({}))).toEqual(["answer-invalid", LIMITS.observeAsks]);
});

it("asks nobody where the capability is not there any more", async () => {
  const core = new TaskCore([{ id: "a", capability: "test.watched", expect: { state: "done" } }]);
  core.answer("a", APPLIED);
  const deps = { ...core.deps(), registry: new Map() };
  expect(
    await readBack(core.state, core.state.steps.get("a")!, deps, { nowMs: () => 0, setTimer: () => () => {} }),
  ).toMatchObject({
    problem: { code: "not-observable" },
  });
});
