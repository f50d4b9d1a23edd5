/** Outcomes that are reported later: in the task's chain, in its view, and in the figures. */
import { describe, expect, it } from "vitest";
import { judgeSample, reportOutcome } from "../../executors/task/reported.ts";
import { taskView } from "../../executors/task/view.ts";
import { reportedFigures } from "../../ledger/read-models/figures-reported.ts";
import type { TaskEvent } from "../../shared/events.ts";
import { FIGURE_BUCKET_MS, type FigureRow } from "../../shared/figures/names.ts";
import { reportOf } from "../../shared/figures/report.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Result } from "../../shared/result.ts";
import { SAMPLE_UNIT } from "../../shared/sampling.ts";
import { TaskCore } from "../support/task-core.ts";

const APPLIED = { kind: "applied", result: {}, replayed: false } as const;
const SAID = { correct: true, label: null, source: "returns-desk", occurredMs: null, note: null, by: "key_app" };

function settled(): TaskCore {
  const core = new TaskCore([{ id: "a", capability: "test.keyed" }]);
  core.goOn();
  core.answer("a", APPLIED);
  return core;
}
function say(core: TaskCore, change: Partial<Parameters<typeof reportOutcome>[1]> = {}): string {
  let answer: Result<null> | null = null;
  core.decide((draft, deps) => (answer = reportOutcome(draft, { ...SAID, ...change }, deps)));
  const { ok, problem } = answer as unknown as { ok: boolean; problem?: { code: string } };
  return ok ? "ok" : problem!.code;
}
const viewed = (core: TaskCore) => taskView(core.state, "dev/eu/0", 0, new Map()).reported;
const words = (core: TaskCore) => core.types().filter((type) => type === "outcome-reported").length;

describe("a reported outcome", () => {
  it("stands in the chain of a task that has settled, and changes nothing else", () => {
    const core = settled();
    const before = core.state;
    expect(viewed(core)).toBeUndefined();
    expect(say(core, { note: "the parcel came" })).toBe("ok");
    expect({ ...core.state, reported: [], lastSeq: 0, updatedMs: 0 }).toEqual({ ...before, lastSeq: 0, updatedMs: 0 });
    expect(viewed(core)).toMatchObject([
      { source: "returns-desk", correct: true, note: "the parcel came", superseded: false },
    ]);
    expect(JSON.stringify(core.records.map(({ events }) => events))).not.toContain("the parcel came");
    expect(core.folded()).toEqual(core.state);
  });

  it("counts once for each source: the same word is no news, a later one supersedes it and both stand", () => {
    const core = settled();
    for (const change of [{}, {}, { correct: false, label: "refunded-twice" }, { source: "audit" }])
      expect(say(core, change)).toBe("ok");
    expect(words(core)).toBe(3);
    expect(viewed(core)!.map(({ source, correct, superseded }) => [source, correct, superseded])).toEqual([
      ["returns-desk", true, true],
      ["returns-desk", false, false],
      ["audit", true, false],
    ]);
  });

  it("is known when it is reported, and there is room for a fixed number", () => {
    const core = settled();
    expect(say(core, { occurredMs: core.nowMs + LIMITS.clockSkewMs + 1 })).toBe("invalid-request");
    for (let n = 0; n < LIMITS.taskOutcomes; n++) expect(say(core, { source: `s${n}` })).toBe("ok");
    expect([say(core, { source: "another" }), say(core, { source: "s0" })]).toEqual(["outcome-limit", "ok"]);
    expect(words(core)).toBe(LIMITS.taskOutcomes);
  });
});

describe("a judgement of a sampled action", () => {
  it("has its own room: outcomes that others report leave no sampled action without one", () => {
    const core = new TaskCore([{ id: "a", capability: "test.keyed" }], {
      sampling: { rate: SAMPLE_UNIT, everyMs: 60_000 },
    });
    core.goOn();
    core.answer("a", APPLIED);
    for (let n = 0; n < LIMITS.taskOutcomes; n++) expect(say(core, { source: `s${n}` })).toBe("ok");
    const judged = Array.from({ length: LIMITS.stepJudgements + 1 }, (_, n) => {
      const said = { step: "a", correct: n % 2 === 0, label: null, note: null, member: "bob", by: "key_bob" };
      const answer = core.decide((draft, deps) => judgeSample(draft, said, deps));
      return answer.ok ? "ok" : answer.problem.code;
    });
    expect(judged).toEqual([...Array.from({ length: LIMITS.stepJudgements }, () => "ok"), "outcome-limit"]);
    expect(core.folded()).toEqual(core.state);
  });
});

type Reported = Extract<TaskEvent, { type: "outcome-reported" }>;
const event = (change: Partial<Reported>): Reported => ({
  type: "outcome-reported",
  automation: "refunds",
  capabilities: ["orders.refund"],
  correct: true,
  label: null,
  source: "audit",
  by: "key_app",
  occurredMs: null,
  note: null,
  supersedes: null,
  ...change,
});

describe("decision accuracy", () => {
  const AT = 20 * FIGURE_BUCKET_MS;
  const LATER = AT + FIGURE_BUCKET_MS;
  const rows = [
    ...reportedFigures(event({}), AT, "eu"),
    ...reportedFigures(event({ source: "desk", correct: false }), AT, "eu"),
    ...reportedFigures(event({ correct: false, supersedes: { correct: true, atMs: AT + 5 } }), LATER, "eu"),
  ];
  const accuracy = (of: readonly FigureRow[]) => {
    const [{ decisions, steps } = { decisions: null, steps: [] }] = reportOf(of, 1);
    return [decisions, steps.map(({ capability, decisions: own }) => [capability, own])];
  };

  it("is what is right of the words that stand, for the automation and each of its capabilities", () => {
    const one = { correct: 0, incorrect: 2, accuracy: 0 };
    expect(accuracy(rows)).toEqual([one, [["orders.refund", one]]]);
    const half = { correct: 1, incorrect: 1, accuracy: 0.5 };
    expect(accuracy(rows.slice(0, 4))).toEqual([half, [["orders.refund", half]]]);
  });

  it("of a window after the first word holds only what was said in it", () => {
    const one = { correct: 0, incorrect: 1, accuracy: 0 };
    expect(accuracy(rows.filter(({ atMs }) => atMs >= LATER))).toEqual([one, [["orders.refund", one]]]);
  });
});
