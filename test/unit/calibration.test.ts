/** Calibration in operation: intervals that cover, samples that stand for what they were drawn from, and thresholds only where the data carry them. */
import { describe, expect, it } from "vitest";
import { calibrationTables } from "../../intent-manager/insight/calibration.ts";
import type { RunStep, RunView } from "../../shared/api/runs.ts";
import { effective, needed, shareRight, wilson } from "../../shared/calibration/intervals.ts";
import {
  calibrationError,
  reliability,
  suggestThreshold,
  suggestWorth,
  type Evidence,
} from "../../shared/calibration/reliability.ts";
import { chanceOf } from "../../shared/classifier/platt.ts";
import { logit, sigmoid } from "../../shared/classifier/exact.ts";
import { dueOf, drawOf, SAMPLE_UNIT } from "../../shared/sampling.ts";
import { seeded } from "../support/mails.ts";
import { someRun } from "../support/some-run.ts";

describe("intervals", () => {
  it("hold the true share in about 95 of 100 draws, also of few answers and rare errors", () => {
    const chance = seeded(3);
    for (const [truth, n] of [
      [0.5, 20],
      [0.05, 60],
      [0.01, 300],
    ] as const) {
      let held = 0;
      for (let i = 0; i < 1_000; i++) {
        let right = 0;
        for (let k = 0; k < n; k++) if (chance() < truth) right++;
        const { low, high } = wilson(right / n, n);
        if (low <= truth && truth <= high) held++;
      }
      expect(held).toBeGreaterThan(910);
    }
    expect(wilson(0, 0)).toEqual({ share: 0, low: 0, high: 1 });
  });

  it("equal weights change nothing, and unequal ones make an answer count for less than their number", () => {
    const answers = Array.from({ length: 40 }, (_, i) => ({ right: i % 4 > 0, weight: 1 }));
    expect(shareRight(answers.map((one) => ({ ...one, weight: 20 })))).toEqual(shareRight(answers));
    expect(effective([...answers, { right: true, weight: 100 }])).toBeLessThan(3);
  });
});

describe("the audit sample", () => {
  const key = new Uint8Array(32).fill(7);

  it("draws the rate that it says, the same action the same again, and another key another sample", () => {
    const drawn = (of: Uint8Array) =>
      new Set(Array.from({ length: 10_000 }, (_, i) => i).filter((i) => drawOf(of, `act_${i}`, "sha256:r") < 500));
    const [first, other] = [drawn(key), drawn(new Uint8Array(32).fill(8))];
    expect(Math.abs(first.size - 500)).toBeLessThan(80);
    expect(drawn(key)).toEqual(first);
    expect([...first].filter((i) => other.has(i)).length).toBeLessThan(60);
  });

  it("is due at the end of the span after the one in which it was drawn", () => {
    expect([0, 999, 1_000].map((ms) => dueOf({ rate: 1, everyMs: 1_000 }, ms))).toEqual([2_000, 2_000, 3_000]);
  });

  it("estimates the error of all automatic actions, although the reviewed ones are worse", () => {
    const chance = seeded(5);
    const estimates = Array.from({ length: 60 }, (_, round) => {
      const all: Evidence[] = [];
      for (let i = 0; i < 2_000; i++) {
        const isReviewed = chance() < 0.1;
        const right = chance() > (isReviewed ? 0.4 : 0.05);
        if (isReviewed) all.push({ value: 0.9, right, weight: 1 });
        else if (drawOf(key, `${round}/${i}`, "") < 2_000) all.push({ value: 0.9, right, weight: SAMPLE_UNIT / 2_000 });
      }
      return 1 - shareRight(all).share;
    });
    const mean = estimates.reduce((a, b) => a + b, 0) / estimates.length;
    expect(Math.abs(mean - (0.1 * 0.4 + 0.9 * 0.05))).toBeLessThan(0.006);
  });
});

describe("thresholds", () => {
  const said = (n: number, value: number, wrong: number): Evidence[] =>
    Array.from({ length: n }, (_, i) => ({ value, right: i >= wrong, weight: 1 }));

  it("are suggested where the error's upper end is at most what is wanted, and never hold more errors in the long run", () => {
    const chance = seeded(9);
    let suggested = 0;
    let broken = 0;
    for (let round = 0; round < 60; round++) {
      const all = Array.from({ length: 2_500 }, (): Evidence => {
        const value = chance();
        return { value, right: chance() < value, weight: 1 };
      });
      const { value } = suggestThreshold(all, 0.1);
      if (value === null) continue;
      suggested++;
      // Calibrated by construction: above t the mean error is (1 - t) / 2.
      if ((1 - value) / 2 > 0.1) broken++;
    }
    expect(suggested).toBeGreaterThan(30);
    expect(broken / suggested).toBeLessThan(0.05);
  });

  it("say honestly that there is not enough data, and how much it takes", () => {
    expect(needed(0.05)).toBe(73);
    expect(suggestThreshold([], 0.05)).toMatchObject({ state: "not-enough-data", value: null, needed: 73 });
    expect(suggestThreshold(said(72, 0.95, 0), 0.05).state).toBe("not-enough-data");
    expect(suggestThreshold(said(3, 0.95, 3), 0.05).state).toBe("not-enough-data");
    expect(suggestThreshold(said(80, 0.95, 0), 0.05)).toMatchObject({ state: "suggested", value: 0 });
    expect(suggestThreshold([...said(80, 0.95, 0), ...said(40, 0.35, 20)], 0.05)).toMatchObject({
      state: "suggested",
      value: 0.4,
    });
    expect(suggestThreshold(said(300, 0.995, 100), 0.05).state).toBe("too-many-errors");
  });
});

describe("what claims are worth", () => {
  it("finds an overconfident planner's curve, and asks for more where there is little", () => {
    const chance = seeded(13);
    const all = Array.from({ length: 1_500 }, (): Evidence => {
      const value = 0.5 + chance() / 2.01;
      return { value, right: chance() < sigmoid(0.5 * logit(value)), weight: 3 };
    });
    const worth = suggestWorth(all);
    if (worth.state !== "suggested") throw new Error(worth.state);
    const curve = { slope: worth.slope / 1_024, intercept: worth.intercept / 1_024 };
    expect(Math.abs(chanceOf(curve, logit(0.95)) - sigmoid(0.5 * logit(0.95)))).toBeLessThan(0.05);
    expect(calibrationError(reliability(all))).toBeGreaterThan(0.05);
    expect(suggestWorth(all.slice(0, 30))).toEqual({ state: "not-enough-data", answers: 30, needed: 50 });
  });
});

describe("from runs", () => {
  const step: RunStep = {
    step: "act",
    round: 1,
    action: "act_1",
    capability: "orders.cancel",
    status: "applied",
    undoes: null,
    why: null,
    decision: { answer: "allow", rules: [], byDefault: false, errors: [] },
    args: null,
    result: null,
    tags: [],
    reviews: [],
    claimed: null,
    sampled: null,
    judged: null,
    attempts: 1,
    retries: 0,
    holds: 0,
    asked: 0,
    errors: [],
    resolved: null,
    observed: null,
    startedAt: null,
    endedAt: null,
    durationMs: null,
  };
  const review = { review: "rev", requestedAt: someRun.openedAt, endedAt: someRun.openedAt, tookMs: 1, signed: [] };
  const plan: RunView["plans"][number] = {
    round: 1,
    plan: "pln",
    planner: "playbook",
    agent: "playbook",
    last: true,
    at: someRun.openedAt,
    classified: null,
    model: null,
    used: null,
    memory: [],
  };
  const run = (by: "local" | "small", steps: Partial<RunStep>[], reported: RunView["reported"] = {}): RunView => ({
    ...someRun,
    reported,
    plans: [
      {
        ...plan,
        classified: {
          label: "a",
          by,
          confidence: by === "local" ? 0.93 : 0,
          claimed: by === "local" ? null : 0.8,
          escalated: [],
        },
      },
    ],
    steps: steps.map((change) => ({ ...step, ...change })),
  });

  it("counts reviews for themselves, judged samples for what they stand for, reports apart, and claims as claims", () => {
    const judged = { correct: true, member: "ada" };
    const tables = calibrationTables(
      [
        run("local", [{ reviews: [{ ...review, outcome: "rejected" }] }], { desk: true, shop: false }),
        run("local", [{ sampled: { rate: 500 }, judged }], { desk: true }),
        run("local", [{ sampled: { rate: 500 } }, {}]),
        run("small", [
          { reviews: [{ ...review, outcome: "approved" }] },
          { reviews: [{ ...review, outcome: "waiting" }] },
        ]),
      ],
      new Map(),
      0.05,
    );
    expect(tables).toMatchObject([
      {
        by: "local",
        value: "confidence",
        reviewed: { answers: 1, right: 0 },
        sampled: { answers: 1, right: 1, standFor: 20, waiting: 1 },
        reported: { answers: 2, right: 1 },
        bins: [{ from: 0.9, answers: 2, standsFor: 21, said: 0.93 }],
        threshold: { state: "not-enough-data" },
        worth: null,
      },
      { by: "small", value: "claim", reviewed: { answers: 1, right: 1 }, worth: { state: "not-enough-data" } },
    ]);
    expect(tables[0]!.error!.share).toBeCloseTo(1 / 21, 9);
  });
});
