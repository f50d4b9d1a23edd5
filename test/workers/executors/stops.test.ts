/** Stops and pressure in the middle of load: what is claimed after the answer, and what is refused before anything is written. */
import { describe, expect, it, vi } from "vitest";
import * as reversing from "../../../executors/reversing.ts";
import * as signalling from "../../../executors/signalling.ts";
import * as stopping from "../../../executors/stopping.ts";
import type { Shard } from "../../../executors/shard.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { StopKind, StopMode } from "../../../shared/events.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { TaskView } from "../../../shared/views.ts";
import { sign } from "../../support/manager.ts";
import { testKeys } from "../keys.ts";
import { applied, settled, stepOf, withShard } from "./own-shard.ts";

const stopOf = (kind: StopKind, target: string, mode: StopMode, letter = "a") => ({
  kind,
  target,
  mode,
  stop: `stp_${letter.repeat(26)}`,
  by: "key_op",
  reason: "test",
});
type Record = { readonly seq: number; readonly events: readonly { readonly type: string; readonly step?: string }[] };
const recordsOf = (shard: Shard): Record[] =>
  shard.sql
    .exec<{ body: string }>("SELECT body FROM journal ORDER BY seq")
    .toArray()
    .map(({ body }) => JSON.parse(body) as Record);
const settle = () => new Promise((resolve) => setTimeout(resolve, 4));

describe("a stop in the middle of load", () => {
  it.each<[StopKind, (shard: Shard) => string]>([
    ["capability", () => "test.call"],
    ["automation", () => "notes"],
    ["key", () => "key_app"],
    ["tenant", (shard) => shard.tenant],
  ])("of a %s: no action is claimed after the answer, which lists what was claimed before", async (kind, targetOf) => {
    const call = async () => (await settle(), applied);
    await withShard({ concurrency: 4 }, call, async (submit, shard) => {
      const views = await Promise.all(Array.from({ length: 30 }, submit));
      await vi.waitFor(() => expect(views.some((view) => stepOf(shard, view).status === "applied")).toBe(true));
      const answer = await stopping.stop(shard, stopOf(kind, targetOf(shard), "stop-all"));
      if (!answer.ok) throw new Error(answer.problem.code);
      await settled(shard, views);
      const records = recordsOf(shard);
      const stopSeq = records.find(({ events }) => events[0]!.type === "stop-set")!.seq;
      const claims = records.filter(({ events }) => events.some(({ type }) => type === "step-claimed"));
      expect(claims.filter(({ seq }) => seq > stopSeq)).toEqual([]);
      expect(claims.length).toBeGreaterThan(0);
      expect(claims.length).toBeLessThan(30);
      const statuses = views.map((view) => stepOf(shard, view).status);
      expect(statuses.filter((status) => status === "applied")).toHaveLength(claims.length);
      // What was claimed and had not ended when the stop was set, with its action and since when.
      expect(answer.value.alreadyClaimed.length).toBeLessThanOrEqual(4);
      for (const claim of answer.value.alreadyClaimed)
        expect(claim).toMatchObject({ step: "a", capability: "test.call", action: expect.stringMatching(/^act_/) });
      await expect(submit()).rejects.toThrow("stopped");
    });
  });

  it("of mode stop-new lets what is in flight finish and takes nothing new; a stricter one then replaces it", async () => {
    const call = async () => (await settle(), applied);
    await withShard({ concurrency: 4 }, call, async (submit, shard) => {
      const views = await Promise.all(Array.from({ length: 12 }, submit));
      await stopping.stop(shard, stopOf("capability", "test.call", "stop-new"));
      await expect(submit()).rejects.toThrow("stopped");
      await settled(shard, views);
      expect(views.map((view) => stepOf(shard, view).status)).toEqual(Array(12).fill("applied"));
      const stricter = stopOf("capability", "test.call", "stop-all", "b");
      expect(await stopping.stop(shard, stricter)).toMatchObject({ ok: true, value: { stop: stricter.stop } });
      const weaker = stopOf("capability", "test.call", "stop-new", "c");
      expect(await stopping.stop(shard, weaker)).toMatchObject({ ok: true, value: { stop: stricter.stop } });
    });
  });
});

const code = (result: { ok: boolean; problem?: { code: string } }) => (result.ok ? "ok" : result.problem!.code);
/** What the intent-manager signs for somebody who wants the first step of a task taken back. */
const reversalOf = (shard: Shard, view: TaskView, key: string, lifetimeMs: number) =>
  sign(testKeys.workers.proposalKey, PAYLOAD_TYPES.reversal, {
    version: 1,
    id: `rvs_${"a".repeat(26)}`,
    tenant: shard.tenant,
    region: shard.region,
    task: view.id,
    step: "a",
    action: stepOf(shard, view).action,
    by: { key, role: "app", member: null },
    reason: "test",
    undone: [],
    atMs: shard.nowMs(),
    expiresMs: shard.nowMs() + lifetimeMs,
  });

describe("what is asked of a task from outside", () => {
  it("a stopped API key neither signals a task nor has an action taken back; another key may ask", async () => {
    await withShard(
      { concurrency: 4 },
      async () => applied,
      async (submit, shard) => {
        const view = await submit();
        await settled(shard, [view]);
        await stopping.stop(shard, stopOf("key", "key_stolen", "stop-new"));
        const reverse = async (key: string, lifetimeMs = LIMITS.planLifetimeMs) =>
          code(await reversing.reverse(shard, view.id, "a", await reversalOf(shard, view, key, lifetimeMs), 0));
        const signal = async (by: string) =>
          code(await signalling.signal(shard, { task: view.id, name: "go", id: "s1", payload: null, by }));
        expect([await reverse("key_stolen"), await signal("key_stolen")]).toEqual(["stopped", "stopped"]);
        expect([await reverse("key_app"), await signal("key_app")]).toEqual(["not-reversible", "task-settled"]);
        // Signed in store: valid for longer than any honest request is.
        expect(await reverse("key_app", LIMITS.planLifetimeMs + 1)).toBe("expired");
      },
    );
  });

  it("a time to wait that is no number is none", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const call = async () => (await held, applied);
    await withShard({ concurrency: 4 }, call, async (submit, shard) => {
      const view = await submit();
      expect((await shard.settledView(view.id, Number.NaN)).settled).toBe(false);
      await shard.undone(view.id, "a", Number.NaN);
      release();
      await settled(shard, [view]);
    });
  });
});

describe("pressure", () => {
  it("an outbox past its limit takes no new task and writes nothing for it; what is in flight finishes", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const call = async () => (await held, applied);
    await withShard({ concurrency: 4 }, call, async (submit, shard) => {
      const view = await submit();
      await vi.waitFor(() => expect(stepOf(shard, view).status).toBe("applying"));
      const full = vi.spyOn(shard.journal, "undelivered", "get").mockReturnValue(LIMITS.outboxRows + 1);
      const before = recordsOf(shard).length;
      await expect(submit()).rejects.toThrow("overloaded");
      expect(recordsOf(shard)).toHaveLength(before);
      release();
      await settled(shard, [view]);
      expect(stepOf(shard, view).status).toBe("applied");
      full.mockRestore();
      await settled(shard, [await submit()]);
    });
  });

  it("past the tasks that one executor admits at a time, further ones are refused before anything is written", async () => {
    await withShard(
      { concurrency: 1_000 },
      async () => applied,
      async (submit, shard) => {
        const admitting = Array.from({ length: LIMITS.admissions }, () => shard.admitting(() => settle()));
        await expect(submit()).rejects.toThrow("overloaded");
        expect(recordsOf(shard).some(({ events }) => events[0]!.type === "task-opened")).toBe(false);
        await Promise.all(admitting);
        await settled(shard, [await submit()]);
      },
    );
  });
});
