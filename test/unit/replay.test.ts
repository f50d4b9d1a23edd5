import { expect, it } from "vitest";
import type { Private } from "../../executors/task/state.ts";
import { replayReleases } from "../../executors/replay-releases.ts";
import { replayTask } from "../../executors/task/replay.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { ChainRecord } from "../../shared/events.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { APPLIED, TaskCore } from "../support/task-core.ts";

const recordsOf = (core: TaskCore): { record: ChainRecord; beside: Private }[] =>
  core.records.map(({ events, seq, atMs, beside }) => ({
    record: { version: 1, executor: "dev/eu/0", seq, prev: "0".repeat(64), atMs, task: core.task, events: [...events] },
    beside,
  }));
const STEPS = [{ id: "one", capability: "test.keyed" }];
const policy = (rules: ReleaseBundle["policy"]["rules"]) => ({ policy: { default: "deny" as const, rules } });

function done(): TaskCore {
  const core = new TaskCore(STEPS);
  core.answer("one", APPLIED);
  return core;
}

it("under its own release every decision comes out as it was recorded", () => {
  const core = done();
  const answer = replayTask(recordsOf(core), core.release.compiled)!;
  expect(answer).toMatchObject({ task: core.task, same: true, plan: null });
  expect(answer.decisions.map(({ step, taken, outcome }) => [step, taken, outcome])).toContainEqual([
    "one",
    "at-admission",
    "same",
  ]);
  expect(answer.decisions.every(({ facts }) => facts?.startsWith("sha256:"))).toBe(true);
});

it("a decision that the record has otherwise than the facts give it is found", () => {
  const core = done();
  const records = recordsOf(core);
  const [first] = records;
  const events = first!.record.events.map((event) =>
    event.type === "plan-admitted"
      ? { ...event, decisions: { one: { ...event.decisions["one"]!, rules: ["another"] } } }
      : event,
  );
  const changed = [{ ...first!, record: { ...first!.record, events } }, ...records.slice(1)];
  expect(replayTask(changed, core.release.compiled)).toMatchObject({
    same: false,
    decisions: [{ outcome: "different" }],
  });
});

it("another release answers with what differs, in the words of the rules that make the difference", () => {
  const core = done();
  const stricter = new TaskCore(
    STEPS,
    policy([{ id: "no-ones", when: "args.n == 1", then: "deny", message: "One is too few." }]),
  );
  const answer = replayTask(recordsOf(core), stricter.release.compiled)!;
  expect(answer.same).toBe(false);
  expect(answer.decisions[0]).toMatchObject({
    outcome: "different",
    recorded: { answer: "allow" },
    replayed: { answer: "deny" },
  });
  expect(answer.decisions[0]!.words).toEqual([
    "It was allow; this release says deny.",
    "no-ones now decides: One is too few.",
    "all decided then and is not a rule of this release.",
  ]);
});

it("a release is compiled once for however many replays, and the least used leaves first", () => {
  let compiled = 0;
  const releases = replayReleases((text) => {
    compiled++;
    return { ok: true, value: { digest: text } as CompiledRelease };
  });
  const held = { ready: () => undefined, bundleOf: (digest: string) => (digest === "gone" ? null : digest) };
  for (let i = 0; i < 3; i++) releases.given("a");
  for (let i = 0; i < 3; i++) releases.held(held, "b");
  expect(compiled).toBe(2);
  expect(releases.held(held, "gone")).toMatchObject({ ok: false, problem: { code: "release-needed" } });
  for (let i = 0; i < LIMITS.replayReleases; i++) releases.given(`other ${i}`);
  releases.given("a");
  expect(compiled).toBe(3 + LIMITS.replayReleases);
});

it("a playbook that stands in for models derives nothing where a model planned", () => {
  const model = {
    prompt: "p",
    small: { name: "small-1", inputCents: 1, outputCents: 1, maxOutputTokens: 100, timeoutMs: 100 },
    fallback: ["small" as const, "playbook" as const],
    budget: { run: { calls: 1, tokens: 1, microCents: 1 }, day: { calls: 1, tokens: 1, microCents: 1 } },
  };
  const step = { id: "instead", capability: "test.keyed", args: { n: 1 } };
  const core = new TaskCore(STEPS, { planner: "model", model, playbook: { version: 1, steps: [step] } });
  core.answer("one", APPLIED);
  expect(replayTask(recordsOf(core), core.release.compiled)).toMatchObject({ same: true, plan: null });
});

it("erased facts answer erased, and nothing is guessed", () => {
  const core = done();
  const nothing: Private = { values: {}, details: {}, requestDigest: null, requestKey: null, erased: true };
  const erased = recordsOf(core).map(({ record }) => ({ record, beside: nothing }));
  const answer = replayTask(erased, core.release.compiled)!;
  expect(answer).toMatchObject({ same: false, plan: null });
  expect(new Set(answer.decisions.map(({ outcome, replayed }) => `${outcome} ${replayed}`))).toEqual(
    new Set(["erased null"]),
  );
});
