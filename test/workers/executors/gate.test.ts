/** The gate in the runtime. */
import { describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../../executors/adapters/types.ts";
import type { Shard } from "../../../executors/shard.ts";
import type { TaskView } from "../../../shared/views.ts";
import {
  applied,
  appliedInTime,
  down,
  gateObject,
  settled,
  stepOf,
  storedState,
  withShard,
  type Gate,
} from "./own-shard.ts";
import { inObject } from "./world.ts";

describe("a capability with a gate", () => {
  it("never has more of its actions under way than its concurrency, and all of them come to their turn", async () => {
    let under = 0;
    let most = 0;
    const call = async () => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, 5));
      under--;
      return applied;
    };
    await withShard({ concurrency: 3 }, call, async (submit, shard) => {
      const views = await Promise.all(Array.from({ length: 20 }, submit));
      await settled(shard, views);
      expect(most).toBeLessThanOrEqual(3);
      expect(views.map((view) => stepOf(shard, view).status)).toEqual(Array(20).fill("applied"));
      const events = [...shard.journal.recordsOf(views[0]!.id, 0)].flatMap(({ record }) => record.events);
      expect(events.find(({ type }) => type === "step-claimed")).toMatchObject({ permits: [{ gate: "0.1" }] });
    });
  });

  it("claims no more of its actions in a window than its rate", async () => {
    const at: number[] = [];
    const call = async () => (at.push(Date.now()), applied);
    await withShard({ rate: { actions: 4, perMs: 300 } }, call, async (submit, shard) => {
      const views = await Promise.all(Array.from({ length: 9 }, submit));
      await settled(shard, views);
      const claims = views.map(({ id }) => shard.tasks.get(id)!.steps.get("a")!.claimedMs!).toSorted((a, b) => a - b);
      for (const from of claims)
        expect(claims.filter((ms) => ms >= from && ms < from + 300).length).toBeLessThanOrEqual(4);
      expect(at).toHaveLength(9);
    });
  });

  it("is left alone while its breaker is open; its steps say why they wait and until when, and go on by themselves", async () => {
    let calls = 0;
    let answer: Outcome = down;
    const breaker = { failurePercent: 50, windowMs: 10_000, minCalls: 3, openMs: 1_500, probes: 1 };
    const call = async () => (calls++, answer);
    await withShard({ breaker }, call, async (submit, shard) => {
      const failing = await Promise.all([submit(), submit(), submit()]);
      await settled(shard, failing);
      const gate = gateObject(`${shard.tenant}/eu/test.call`);
      await vi.waitFor(async () => expect(await storedState(gate)).toContain('"open"'));
      // A lease of before serves for a second at most.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const before = calls;
      const views = await Promise.all([submit(), submit()]);
      await vi.waitFor(() => expect(stepOf(shard, views[0]!).status).toBe("retrying"));
      expect(stepOf(shard, views[1]!)).toMatchObject({
        problem: { code: "breaker-open" },
        waitsFor: { what: "retry" },
      });
      expect(calls).toBe(before);
      answer = applied;
      for (const view of views) await appliedInTime(shard, view);
    });
  });

  it("keeps an open breaker and its permits over a restart of the gate", async () => {
    const name = "t1/eu/test.restart";
    const settings = {
      concurrency: 2,
      breaker: { failurePercent: 1, windowMs: 1_000, minCalls: 1, openMs: 60_000, probes: 1 },
    };
    const ask = { settings, holdMs: 60_000, want: 5, reports: [] };
    const { lease, granted } = await gateObject(name).exchange(ask);
    expect(granted).toBe(2);
    await inObject(gateObject(name) as never, (_, state) => state.abort("crash")).catch(() => {});
    expect(await gateObject(name).exchange(ask)).toMatchObject({ granted: 0, refused: { code: "concurrency-full" } });
    const report = { lease, ended: 2, succeeded: 0, failed: 2 };
    await gateObject(name).exchange({ ...ask, want: 0, reports: [report] });
    await inObject(gateObject(name) as never, (_, state) => state.abort("crash")).catch(() => {});
    expect(await gateObject(name).exchange(ask)).toMatchObject({ granted: 0, refused: { code: "breaker-open" } });
  });

  it("lets steps wait whose gate gives no answer, and loses none", async () => {
    let silent = 2;
    const gateOf = (name: string): Gate => ({
      exchange: (ask) => (silent-- > 0 ? Promise.reject(new Error("lost")) : gateObject(name).exchange(ask)),
    });
    const run = async (submit: () => Promise<TaskView>, shard: Shard) => {
      const view = await submit();
      await vi.waitFor(() => expect(stepOf(shard, view).problem?.code).toBe("permit-unanswered"));
      await appliedInTime(shard, view);
    };
    await withShard({ concurrency: 1 }, async () => applied, run, gateOf);
  });
});
