/** Waits, signals, events and doubt in the real object: its alarm, its storage, its neighbours. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { contracts } from "../../../executors/capabilities/index.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { PlaybookStep } from "../../../shared/playbook-schema.ts";
import { inObject, world, type World } from "./world.ts";

const code = (result: { ok: boolean; problem?: { code: string } }) => (result.ok ? "ok" : result.problem!.code);
const then = {
  id: "z",
  capability: "journal.note",
  args: { text: { $ref: "steps.w.result#/payload/text" } },
} satisfies PlaybookStep;

const waiting = (capability: string, args: JsonObject, ...after: PlaybookStep[]): Promise<World> => {
  const steps = [{ id: "w", capability, args }, ...after];
  return world({
    playbook: { version: 1, steps: steps as PlaybookStep[] },
    policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
    capabilities: Object.fromEntries(steps.map((step) => [step.capability, contracts.get(step.capability)!])),
  });
};
const submit = async (w: World): Promise<string> => {
  const command = await w.submission({ text: "x" }, { waitMs: 0 });
  expect(code(await w.executor().submit(command))).toBe("ok");
  return command.task;
};
const read = async (w: World, task: string) => {
  const view = await w.executor().read(task);
  if (!view.ok) throw new Error(view.problem.code);
  return view.value;
};
const settled = async (w: World, task: string) => {
  const view = await w.executor().wait(task, 5_000);
  if (!view.ok) throw new Error(view.problem.code);
  return view.value;
};

describe("a step that waits for a time", () => {
  it("is visible, and ends with the alarm, also after a restart", async () => {
    const w = await waiting("wait.time", { seconds: 1 });
    const task = await submit(w);
    expect(await read(w, task)).toMatchObject({
      status: "waiting",
      steps: [{ status: "applying", waitsFor: { what: "time" } }],
    });
    await inObject(w.executor(), (_, state: DurableObjectState) => state.abort("restart")).catch(() => {});
    expect(await settled(w, task)).toMatchObject({ status: "succeeded", steps: [{ status: "applied" }] });
  });
});

describe("a step that waits for a signal", () => {
  it("gives its payload to later steps; the same signal again is free, another one is late", async () => {
    const w = await waiting("wait.signal", { name: "paid" }, then);
    const task = await submit(w);
    const signal = (id: string, text: string, name = "paid") =>
      w.executor().signal({ task, name, id, payload: { text }, by: "key_app" });
    expect(code(await signal("s0", "no", "shipped"))).toBe("signal-unawaited");
    expect(await signal("s1", "thanks")).toEqual({ ok: true, value: { status: "taken" } });
    expect(await signal("s1", "thanks")).toEqual({ ok: true, value: { status: "duplicate" } });
    expect(code(await signal("s1", "other"))).toBe("idempotency-conflict");
    const view = await settled(w, task);
    expect(view.steps.map(({ args }) => args)).toMatchObject([{ name: "paid" }, { text: "thanks" }]);
    expect(view.steps[1]!.provenance).toEqual({ text: "content" });
    expect(code(await signal("s2", "late"))).toBe("task-settled");
  });
});

describe("a step that waits for an event", () => {
  const correlation = (w: World, key: string) => {
    const namespace = (env as unknown as { CORRELATION: DurableObjectNamespace }).CORRELATION;
    return namespace.getByName(`${w.tenant}/${key}`) as unknown as {
      deliver(key: string, event: object): Promise<any>;
    };
  };
  const paid = { source: "/bank", id: "e1", type: "paid", data: { cents: 5 } };
  const nameOf = async (key: string) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)))]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");

  it("takes one that comes while it waits, once, and one that came before", async () => {
    const w = await waiting("wait.event", { type: "paid", key: "inv-1" });
    const name = await nameOf("inv-1");
    const first = await submit(w);
    await expect
      .poll(
        async () =>
          (await correlation(w, name).deliver("inv-1", paid)).value.duplicate === true && (await read(w, first)).status,
      )
      .toBe("succeeded");
    expect((await read(w, first)).steps[0]!.result).toEqual({
      timedOut: false,
      source: "/bank",
      id: "e1",
      data: { cents: 5 },
    });
    expect(code(await correlation(w, name).deliver("inv-1", { ...paid, data: { cents: 6 } }))).toBe(
      "idempotency-conflict",
    );
    expect(code(await correlation(w, name).deliver("inv-1", { ...paid, id: "e2", type: "sent" }))).toBe("ok");

    const second = await w.submission({ text: "y" }, { waitMs: 0, task: sibling(first) });
    expect(code(await w.executor().submit(second))).toBe("ok");
    expect(await settled(w, second.task)).toMatchObject({ status: "succeeded" });
  });
});

/** Another task id of the same shard. */
const sibling = (task: string): string => `${task.slice(0, -1)}${task.endsWith("a") ? "b" : "a"}`;
