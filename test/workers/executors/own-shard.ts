/** A shard of the shipped code over a capability of the test's own, beside real gate objects. */
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
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
export type Gate = { exchange(ask: GateAsk): Promise<GateAnswer> };
export const gateObject = (name: string) => bindings.CAPABILITY_GATE.getByName(name) as unknown as Gate;

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
export async function withShard(
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
      ledger: { append: () => new Promise(() => {}), chain: () => new Promise(() => {}) },
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

export const applied: Outcome = { kind: "applied", result: {}, replayed: false };
export const down: Outcome = { kind: "refused", problem: problem("not-running", "It is down."), retry: false };
export const stepOf = (shard: Shard, { id }: TaskView) => shard.view(shard.tasks.get(id)!).steps[0]!;
export const settled = (shard: Shard, views: readonly TaskView[]) =>
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
export const storedState = (gate: Gate): Promise<string> =>
  inObject(
    gate as never,
    (_, { storage }) => storage.sql.exec<{ state: string }>("SELECT state FROM gate").toArray()[0]?.state ?? "",
  );
export const appliedInTime = (shard: Shard, view: TaskView) =>
  vi.waitFor(
    async () => {
      await shard.tend();
      expect(stepOf(shard, view).status).toBe("applied");
    },
    { timeout: 15_000, interval: 100 },
  );
