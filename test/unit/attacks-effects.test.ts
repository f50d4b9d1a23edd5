/** A target that changes while an action is under way: what is applied is what was decided, and nothing that was read beside it. */
import { expect, it } from "vitest";
import type { Capability, Prepared } from "../../executors/adapters/types.ts";
import { Effects } from "../../executors/effects.ts";
import { workersPlatform } from "../../executors/platform.ts";
import type { Rounds } from "../../executors/rounds.ts";
import { admitPlan } from "../../executors/task/admit.ts";
import { NO_SUBJECTS } from "../../executors/task/deps.ts";
import { openTask } from "../../executors/task/decide.ts";
import type { TaskDeps } from "../../executors/task/deps.ts";
import { Draft } from "../../executors/task/draft.ts";
import type { TaskState } from "../../executors/task/state.ts";
import { commit } from "../../shared/commitments.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import { ok, type Result } from "../../shared/result.ts";
import { newSalt, newTask, planOf, release } from "../support/manager.ts";

const contract: CapabilityContract = {
  name: "account.close",
  version: "1.0.0",
  summary: "Closes an account and pays out its balance.",
  input: { type: "object", properties: {}, additionalProperties: false },
  output: { type: "object", properties: {}, additionalProperties: false },
  preview: { type: "object", properties: { amountCents: { type: "integer" } }, additionalProperties: false },
  risk: "high",
  effect: "write",
  reversible: false,
  delivery: "exactly-once",
  roles: {},
  tags: [],
};

/** An account whose balance is whatever `balances` says next, each reading answered when the test lets it. */
function account() {
  const readings: ((prepared: Result<Prepared>) => void)[] = [];
  const applied: unknown[] = [];
  const capability: Capability = {
    kind: "external",
    contract,
    prepare: () => new Promise((resolve) => readings.push(resolve)),
    apply: async (_args, prepared) => {
      applied.push(prepared?.preview ?? null);
      return { kind: "applied", result: {}, replayed: false };
    },
    reconcile: null,
  };
  const reading = (version: number, amountCents: number): Result<Prepared> =>
    ok({
      preview: { amountCents },
      premises: [{ resource: "accounts/1", version, class: "same-transaction" }],
      summary: "Close the account.",
      changes: [],
      outcome: { kind: "write", plan: { amountCents } },
    });
  return { capability, readings, applied, reading };
}

/** The machine over one task, with rounds that happen when the test says. */
function machine(capability: Capability) {
  const steps = [{ id: "close", capability: contract.name, args: {} }];
  const made = release(new Map([[contract.name, contract]]), {
    playbook: { version: 1, steps },
    policy: { default: "deny", rules: [{ id: "small", when: "preview.amountCents <= 100", then: "allow" }] },
  });
  const nowMs = Date.now();
  const deps: TaskDeps = {
    tenant: "acme",
    region: "eu",
    executor: "acme/eu/0",
    release: made.compiled,
    registry: new Map([[contract.name, capability]]),
    nowMs,
    stoppedBy: () => null,
    ...NO_SUBJECTS,
  };
  const { id: task } = newTask("eu", 1);
  const input = { salt: newSalt(), value: { text: "x" } };
  const inputCommitment = commit(input.salt, input.value);
  let seq = 0;
  let state: TaskState | null = null;
  const draftOf = () => new Draft(state, { task, seq: ++seq, atMs: nowMs }, newSalt, seq);
  const principal = { key: "key_app", role: "app", member: null, sod: "not-evaluable" } as const;
  const facts = { task, region: "eu", input: input.value, purpose: null, principal };
  const plan = planOf("acme", task, "eu", made, inputCommitment, "playbook", steps, 1, true);
  const signed = { envelope: { payloadType: "x", payload: "", signatures: [] }, disclosures: {} };
  const request = { requestKey: "k", requestDigest: "d" };
  const admitted = admitPlan(
    plan,
    signed,
    request,
    { ...facts, automation: "notes", release: made.digest, inputCommitment, openedByAgent: false, records: [] },
    made.compiled,
    { ...deps, proposalKeys: new Map() },
  );
  if (!admitted.ok) throw new Error(admitted.problem.code);
  const first = draftOf();
  const opening = {
    ...facts,
    automation: "notes",
    release: made.digest,
    input,
    inputCommitment,
    requestDigest: "d",
    trigger: null,
    traceparent: null,
  };
  openTask(first, opening, admitted.value, deps);
  state = first.state;

  const queue: (() => void)[] = [];
  const rounds = {
    run: ({ decide }: { decide: (draft: Draft, existing: TaskState | null, nowMs: number) => Result<unknown> }) =>
      new Promise((resolve) => {
        queue.push(() => {
          const draft = draftOf();
          const result = decide(draft, state, nowMs);
          if (draft.events.length > 0) {
            state = draft.state;
            effects.start(state);
          }
          resolve(result);
        });
      }),
  } as unknown as Rounds;
  const platform = { ...workersPlatform, nowMs: () => nowMs };
  const effects: Effects = new Effects({
    rounds,
    stateOf: () => state,
    depsOf: () => ok(deps),
    platform,
    // Nothing here has a gate or a limit.
    permits: null as never,
    executor: "dev/eu/0",
    subscribe: async () => ok(null),
  });
  return {
    effects,
    state: () => state!,
    /** Lets promises settle, then commits what waits. */
    round: async () => {
      await settled();
      for (const commitOne of queue.splice(0)) commitOne();
      await settled();
    },
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

it("applies the plan that policy saw, though the target was read again before the claim was written", async () => {
  const { capability, readings, applied, reading } = account();
  const m = machine(capability);
  m.effects.start(m.state());
  readings[0]!(reading(1, 100));
  await settled();
  // The answer waits for its round; another commit of the same task, or the alarm, looks at the task once more.
  m.effects.start(m.state());
  await m.round();
  expect(m.state().steps.get("close")!.phase.at).toBe("applying");
  // A second reading that was under way comes back with what nobody has decided about.
  readings[1]?.(reading(2, 1_000_000));
  await m.round();
  m.effects.start(m.state());
  await m.round();
  expect(applied).toEqual([{ amountCents: 100 }]);
  expect(m.state().steps.get("close")!.premises).toMatchObject([{ resource: "accounts/1", version: 1 }]);
});
