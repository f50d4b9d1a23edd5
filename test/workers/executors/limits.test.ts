/** Aggregate limits in the runtime: exact under concurrency and over shards, in doubt kept, released only on proof, people over them. */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { newPrivateKey } from "../../../scripts/lib/keys.ts";
import type { LimitRpc } from "../../../executors/limits/limit.ts";
import { executorName } from "../../../shared/ids.ts";
import { attestation, enrol, newTask } from "../../support/manager.ts";
import { testKeys } from "../keys.ts";
import { inObject, world, type Calls } from "./world.ts";

const one = {
  version: 1 as const,
  steps: [{ id: "a", capability: "journal.note", args: { text: { $cel: "intent.input.text" } } }],
};
const limit = (change = {}) => ({
  id: "notes-a-day",
  when: 'capability.name == "journal.note"',
  count: true as const,
  window: "1d",
  max: 30,
  exceeded: "deny" as const,
  ...change,
});
const policy = (change = {}) => ({
  default: "deny" as const,
  rules: [{ id: "notes", when: 'capability.name == "journal.note"', then: "allow" as const }],
  limits: [limit(change)],
});
const objects = env as unknown as {
  REGIONAL_EXECUTOR: DurableObjectNamespace;
  AGGREGATE_LIMIT: { getByName(name: string): LimitRpc };
};
const executorAt = (tenant: string, region: string, shard: number) =>
  objects.REGIONAL_EXECUTOR.getByName(executorName(tenant, region, shard)) as unknown as Calls;

describe("an aggregate limit", () => {
  it("lets exactly its maximum through of 100 requests at once, over all shards and regions", async () => {
    const w = await world({ playbook: one, policy: policy() });
    const { regions, shards } = testKeys.trust.tenants[w.tenant]!;
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const region = regions[i % regions.length]!;
        const task = newTask(region, shards);
        const command = await w.submission({ text: `note ${i}` }, { task: task.id, region });
        return executorAt(w.tenant, region, task.shard).submit(command);
      }),
    );
    const steps = answers.map((answer) => {
      if (!answer.ok) throw new Error(answer.problem.code);
      return answer.value.view.steps[0]!;
    });
    expect(steps.filter(({ status }) => status === "applied")).toHaveLength(30);
    const denied = steps.filter(({ status }) => status === "denied");
    expect(denied).toHaveLength(70);
    expect(denied[0]).toMatchObject({ decision: { answer: "deny", rules: ["notes-a-day"] } });
  });

  it("is told how each action ended; its rows then leave the executor, and the record names the limit and no value", async () => {
    const w = await world({
      playbook: one,
      policy: policy({ group: "args.text", sum: "12", count: undefined, max: 20 }),
    });
    const answer = await w.executor().submit(await w.submission({ text: "ann@example.com" }));
    expect(answer).toMatchObject({ ok: true, value: { view: { status: "succeeded" } } });
    await vi.waitFor(async () => {
      const rows = await inObject(w.executor(), (_, { storage }) =>
        storage.sql.exec("SELECT * FROM reservations").toArray(),
      );
      expect(rows).toEqual([]);
    });
    const bodies = await inObject(w.executor(), (_, { storage }) =>
      storage.sql
        .exec<{ body: string }>("SELECT body FROM journal")
        .toArray()
        .map(({ body }) => body),
    );
    expect(bodies.join("\n")).toContain('"permits":[{"limit":"notes-a-day","over":false}]');
    expect(bodies.join("\n")).not.toContain("ann@example.com");
    const again = newTask("eu", 1);
    const second = await w.submission({ text: "ann@example.com" }, { task: again.id.replace(/_\d+_/, `_${w.shard}_`) });
    expect(await w.executor().submit(second)).toMatchObject({
      ok: true,
      value: { view: { steps: [{ status: "denied" }] } },
    });
  });

  it("sends what would exceed it to its own reviewers; their approval covers the overrun, and is recorded so", async () => {
    const w = await world({
      playbook: one,
      policy: policy({
        max: 0,
        exceeded: "review",
        reviewers: { role: "lead", quorum: 1 },
        message: "Too many today.",
      }),
    });
    const command = await w.submission({ text: "hello" }, { waitMs: 0 });
    await w.executor().submit(command);
    const waiting = await vi.waitFor(async () => {
      const view = await w.executor().read(command.task);
      if (!view.ok || view.value.steps[0]!.review === null) throw new Error("not yet");
      return view.value;
    });
    expect(waiting.steps[0]!.decision).toMatchObject({ answer: "review", rules: ["notes-a-day"] });
    const review = await w.executor().review(waiting.steps[0]!.review!);
    if (!review.ok) throw new Error(review.problem.code);
    expect(review.value).toMatchObject({
      required: [{ rule: "notes-a-day", role: "lead", quorum: 1 }],
      parts: { shown: { rules: [{ id: "notes-a-day", message: "Too many today." }] } },
    });
    const key = newPrivateKey();
    const chain = [await enrol(w.rootKey, w.tenant, "ada", key, ["lead"])];
    const envelope = await attestation(key, w.tenant, review.value, "approve");
    expect(await w.executor().decide(review.value.id, { envelope, chain })).toMatchObject({ ok: true });
    expect(await w.executor().wait(command.task, 5_000)).toMatchObject({
      ok: true,
      value: { status: "succeeded", steps: [{ status: "applied" }] },
    });
    const events = await w.executor().events(command.task, 0, 0);
    expect(JSON.stringify(events)).toContain('"permits":[{"limit":"notes-a-day","over":true}]');
  });

  it("denies what cannot be counted", async () => {
    const w = await world({ playbook: one, policy: policy({ sum: "int(args.text)", count: undefined }) });
    const answer = await w.executor().submit(await w.submission({ text: "no number" }));
    expect(answer).toMatchObject({
      ok: true,
      value: { view: { steps: [{ status: "denied", decision: { rules: ["notes-a-day"] } }] } },
    });
  });

  it("keeps its count over a restart of its object, and counts a repeated question once", async () => {
    const object = () => objects.AGGREGATE_LIMIT.getByName("t1/notes/restart/x");
    const ask = { turn: 1, amount: 4, max: 10, windowMs: 60_000, approved: false, peek: false };
    expect(await object().reserve({ ...ask, action: "a" })).toMatchObject({ granted: true, used: 0 });
    expect(await object().reserve({ ...ask, action: "a" })).toMatchObject({ granted: true, used: 0 });
    await inObject(object() as unknown as Calls, (_, state) => state.abort("crash")).catch(() => {});
    expect(await object().reserve({ ...ask, action: "b" })).toMatchObject({ granted: true, used: 4 });
    expect(await object().reserve({ ...ask, action: "c" })).toMatchObject({ granted: false, over: true, used: 8 });
    await object().end("b", 1, "released");
    expect(await object().reserve({ ...ask, action: "c" })).toMatchObject({ granted: true, used: 4 });
  });
});
