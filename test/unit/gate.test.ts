/** The gate over random histories: what it promises holds whatever is asked, reported, lost and repeated. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exchange, leaseMs, NEW_GATE, type GateState } from "../../executors/gate/core.ts";
import type { GateAnswer } from "../../executors/gate/types.ts";
import type { GateSettings } from "../../shared/gate-settings.ts";

const HOLD_MS = 2_000;
const BREAKER = { failurePercent: 50, windowMs: 1_000, minCalls: 4, openMs: 500, probes: 2 };

class World {
  state: GateState = NEW_GATE;
  nowMs = 1_000_000;
  readonly settings: GateSettings;
  constructor(settings: GateSettings) {
    this.settings = settings;
  }
  ask(want: number, report?: { lease: string; ended: number; succeeded?: number; failed?: number }): GateAnswer {
    const reports = report === undefined ? [] : [{ succeeded: 0, failed: 0, ...report }];
    const { state, answer } = exchange(
      this.state,
      { settings: this.settings, holdMs: HOLD_MS, want, reports },
      this.nowMs,
    );
    this.state = state;
    return answer;
  }
}

const steps = fc.array(
  fc.record({
    wait: fc.integer({ min: 0, max: 700 }),
    want: fc.integer({ min: 0, max: 6 }),
    end: fc.option(fc.nat(20)),
    twice: fc.boolean(),
  }),
  { minLength: 5, maxLength: 60 },
);

describe("the gate", () => {
  it("never has more permits out than its concurrency, whatever is lost or reported twice", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (history, concurrency) => {
        const world = new World({ concurrency });
        const out: { lease: string; left: number; ended: number; untilMs: number }[] = [];
        for (const { wait, want, end, twice } of history) {
          world.nowMs += wait;
          const ended = end === null ? undefined : out[end % Math.max(1, out.length)];
          let report;
          if (ended !== undefined && ended.left > 0) {
            ended.left--;
            ended.ended++;
            report = { lease: ended.lease, ended: ended.ended, succeeded: 1 };
          }
          const { lease, granted, validMs } = world.ask(want, report);
          if (report !== undefined && twice) world.ask(0, report);
          if (granted > 0) out.push({ lease, left: granted, ended: 0, untilMs: world.nowMs + validMs + HOLD_MS });
          const held = out.filter((one) => world.nowMs < one.untilMs).reduce((sum, { left }) => sum + left, 0);
          expect(held).toBeLessThanOrEqual(concurrency);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never lets more than the rate be used in any window, used as late as a lease allows", () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom(100, 640, 3_000),
        (history, actions, perMs) => {
          const settings = { rate: { actions, perMs } };
          const world = new World(settings);
          const used: number[] = [];
          for (const { wait, want } of history) {
            world.nowMs += wait;
            const { granted } = world.ask(want);
            // Half at once, half at the last moment.
            for (let i = 0; i < granted; i++) used.push(world.nowMs + (i % 2 === 0 ? 0 : leaseMs(settings)));
          }
          for (const from of used)
            expect(used.filter((at) => at >= from && at < from + perMs).length).toBeLessThanOrEqual(actions);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("grants the rate again once its window and the lease are over", () => {
    const world = new World({ rate: { actions: 3, perMs: 1_000 } });
    expect(world.ask(5)).toMatchObject({ granted: 3, validMs: 100, refused: { code: "rate-exceeded" } });
    const wait = world.ask(1).refused!.retryAfterMs;
    expect(wait).toBe(1_100);
    world.nowMs += wait - 1;
    expect(world.ask(1).granted).toBe(0);
    world.nowMs += 1;
    expect(world.ask(5).granted).toBe(3);
  });

  it("opens when calls bring no answer, lets probes through after its time, and closes when they succeed", () => {
    const world = new World({ breaker: BREAKER });
    const { lease } = world.ask(1);
    world.ask(0, { lease, ended: 3, succeeded: 2, failed: 1 });
    expect(world.state.breaker.at).toBe("closed");
    world.ask(0, { lease, ended: 4, failed: 1 });
    expect(world.state.breaker.at).toBe("open");
    expect(world.ask(1)).toMatchObject({ granted: 0, refused: { code: "breaker-open", retryAfterMs: 500 } });
    world.nowMs += 500;
    const probes = world.ask(9);
    expect(probes.granted).toBe(2);
    expect(world.ask(1).granted).toBe(0);
    world.ask(0, { lease: probes.lease, ended: 1, succeeded: 1 });
    expect(world.state.breaker.at).toBe("half-open");
    world.ask(0, { lease: probes.lease, ended: 2, succeeded: 1 });
    expect(world.state.breaker.at).toBe("closed");
    expect(world.ask(1).granted).toBeGreaterThan(1);
  });

  it("opens again, for twice as long, when a probe fails; what an older lease reports does not count", () => {
    const world = new World({ breaker: BREAKER });
    const old = world.ask(1).lease;
    world.ask(0, { lease: old, ended: 4, failed: 4 });
    world.nowMs += 500;
    const probe = world.ask(1).lease;
    world.ask(0, { lease: old, ended: 5, succeeded: 1 });
    expect(world.state.breaker).toMatchObject({ at: "half-open", passed: 0 });
    world.ask(0, { lease: probe, ended: 1, failed: 1 });
    expect(world.ask(1).refused).toEqual({ code: "breaker-open", retryAfterMs: 1_000 });
  });

  it("sends another probe where one was lost", () => {
    const world = new World({ breaker: { ...BREAKER, probes: 1 } });
    const { lease } = world.ask(1);
    world.ask(0, { lease, ended: 4, failed: 4 });
    world.nowMs += 500;
    const probe = world.ask(1);
    expect(probe.granted).toBe(1);
    expect(world.ask(1).granted).toBe(0);
    world.nowMs += probe.validMs + HOLD_MS;
    expect(world.ask(1).granted).toBe(1);
  });

  it("grants nothing while open and at most its probes while half open, over any history", () => {
    const history = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 900 }), want: fc.nat(5), good: fc.nat(2), bad: fc.nat(2) }),
      { minLength: 10, maxLength: 60 },
    );
    fc.assert(
      fc.property(history, (events) => {
        const world = new World({ breaker: BREAKER });
        let lease = world.ask(1).lease;
        let ended = 0;
        for (const { wait, want, good, bad } of events) {
          world.nowMs += wait;
          ended += good + bad;
          const answer = world.ask(want, { lease, ended, succeeded: good, failed: bad });
          if (world.state.breaker.at === "open") expect(answer.granted).toBe(0);
          if (world.state.breaker.at === "half-open") expect(answer.granted).toBeLessThanOrEqual(BREAKER.probes);
          if (answer.granted > 0) [lease, ended] = [answer.lease, 0];
        }
      }),
      { numRuns: 300 },
    );
  });

  it("keeps a bounded state however long it runs", () => {
    const world = new World({ rate: { actions: 100_000, perMs: 60_000 }, concurrency: 10, breaker: BREAKER });
    for (let i = 0; i < 5_000; i++) {
      world.nowMs += 37;
      const { lease, granted } = world.ask(1);
      if (granted > 0 && i % 7 !== 0) world.ask(0, { lease, ended: granted, succeeded: 1 });
    }
    expect(world.state.grants.length).toBeLessThanOrEqual(70);
    expect(world.state.leases.length).toBeLessThanOrEqual(10);
    expect(world.state.calls.length).toBeLessThanOrEqual(11);
  });
});
