/** The gate in the runtime: a shard of the shipped code over a capability of the test's own, beside real gate objects. */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { Capability, Outcome } from "../../../executors/adapters/types.ts";
import { configOf } from "../../../executors/config.ts";
import type { GateAnswer, GateAsk } from "../../../executors/gate/types.ts";
import * as intake from "../../../executors/intake.ts";
import { workersPlatform } from "../../../executors/platform.ts";
import { Shard } from "../../../executors/shard.ts";
import type { GateSettings } from "../../../shared/gate-settings.ts";
import { executorName } from "../../../shared/ids.ts";
import type { ObjectStorage } from "../../../shared/platform.ts";
import { problem } from "../../../shared/problems.ts";
import type { TaskView } from "../../../shared/views.ts";
import { newTask } from "../../support/manager.ts";
import { object } from "../../support/release.ts";
import { inObject, world, type Calls } from "./world.ts";

const bindings = env as unknown as {
  CAPABILITY_GATE: DurableObjectNamespace;
  AGGREGATE_LIMIT: DurableObjectNamespace;
};
type Gate = { exchange(ask: GateAsk): Promise<GateAnswer> };
const gateObject = (name: string) => bindings.CAPABILITY_GATE.getByName(name) as unknown as Gate;

const contractOf = (gate: GateSettings) => ({
  name: "test.call",
  version: "1.0.0",
  summary: "Calls a target of the test.",
  input: object({ text: { type: "string" } }),
  output: object({}),
  risk: "low" as const,
  effect: "write" as const,
  reversible: false,
  delivery: "idempotent" as const,
  roles: {},
  tags: [],
  retry: { attempts: 1, totalMs: 0 },
  gate,
});
const playbook = {
  version: 1 as const,
  steps: [{ id: "a", capability: "test.call", args: { text: { $cel: "intent.input.text" } } }],
};
const policy = { default: "deny" as const, rules: [{ id: "all", when: "true", then: "allow" as const }] };

/** Runs with a shard whose one capability does what `apply` says. */
async function withShard(
  gate: GateSettings,
  apply: () => Promise<Outcome>,
  run: (submit: () => Promise<TaskView>, shard: Shard) => Promise<void>,
  gateOf: (name: string) => Gate = gateObject,
): Promise<void> {
  const contract = contractOf(gate);
  const w = await world({ playbook, policy, capabilities: { "test.call": contract } });
  const capability: Capability = { contract, kind: "external", prepare: null, apply, reconcile: null };
  const host = bindings.AGGREGATE_LIMIT.getByName(`host ${w.tenant}`) as unknown as Calls;
  await inObject(host, async (_, { storage }) => {
    const config = configOf(env as unknown as Env);
    if (!config.ok) throw new Error(config.problem.detail);
    const shard = new Shard({
      name: executorName(w.tenant, "eu", w.shard),
      platform: workersPlatform,
      storage: withoutAlarms(storage),
      config: config.value,
      registry: new Map([["test.call", capability]]),
      ledger: { append: () => new Promise(() => {}) },
      gateOf,
      limitOf: () => ({ reserve: () => new Promise(() => {}), end: () => Promise.resolve() }),
    });
    await run(async () => {
      const id = newTask("eu", 1).id.replace(/_\d+_/, `_${w.shard}_`);
      const answer = await intake.submit(shard, await w.submission({ text: "x" }, { task: id, waitMs: 0 }));
      if (!answer.ok) throw new Error(answer.problem.code);
      return answer.value.view;
    }, shard);
  });
}

const applied: Outcome = { kind: "applied", result: {}, replayed: false };
const down: Outcome = { kind: "refused", problem: problem("not-running", "It is down."), retry: false };
const stepOf = (shard: Shard, { id }: TaskView) => shard.view(shard.tasks.get(id)!).steps[0]!;
const settled = (shard: Shard, views: readonly TaskView[]) =>
  vi.waitFor(() => expect(views.map((view) => shard.view(shard.tasks.get(view.id)!).settled)).not.toContain(false), {
    timeout: 10_000,
  });

/** The host's class has no alarm of a shard; the tests call it. */
const withoutAlarms = (storage: DurableObjectStorage): ObjectStorage => ({
  sql: storage.sql,
  transactionSync: (run) => storage.transactionSync(run),
  sync: () => storage.sync(),
  getAlarm: () => Promise.resolve(null),
  setAlarm: () => Promise.resolve(),
  deleteAlarm: () => Promise.resolve(),
});
const storedState = (gate: Gate): Promise<string> =>
  inObject(
    gate as never,
    (_, { storage }) => storage.sql.exec<{ state: string }>("SELECT state FROM gate").toArray()[0]?.state ?? "",
  );
const appliedInTime = (shard: Shard, view: TaskView) =>
  vi.waitFor(
    async () => {
      await shard.tend();
      expect(stepOf(shard, view).status).toBe("applied");
    },
    { timeout: 15_000, interval: 100 },
  );

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
