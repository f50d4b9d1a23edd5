/** Attacks with the proposal key in hand: plans that are truly signed and should not run. */
import { openPlan, admitPlan, type AdmitDeps, type AdmitTask } from "../../../executors/task/admit.ts";
import { NO_SUBJECTS } from "../../../executors/task/deps.ts";
import { cancelTask, openTask, proposePlan, type AdmittedPlan } from "../../../executors/task/decide.ts";
import { Draft } from "../../../executors/task/draft.ts";
import type { TaskState } from "../../../executors/task/state.ts";
import type { CapabilityContract } from "../../../shared/capability.ts";
import type { CapabilityRegistry } from "../../../executors/adapters/types.ts";
import { note } from "../../../executors/capabilities/journal.ts";
import * as intake from "../../../executors/intake.ts";
import { commit, type Disclosures } from "../../../shared/commitments.ts";
import type { StopKind } from "../../../shared/events.ts";
import { planId, proposalId } from "../../../shared/ids.ts";
import { keyId } from "../../../shared/keys.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Plan } from "../../../shared/proposal.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import { publicPart } from "../../../scripts/lib/keys.ts";
import { newSalt, planOf, release, signedPlan, submission, type TestRelease } from "../manager.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";
import { Desk, keys, must, SHARDS, taskOn, TENANT } from "./shard.ts";

const contract = (name: string, change: Partial<CapabilityContract> = {}): CapabilityContract => ({
  ...note.contract,
  name,
  ...change,
});
const person = {
  type: "object",
  properties: { who: { type: "string", maxLength: 50, "x-subject": "customer" } },
  required: ["who"],
  additionalProperties: false,
};
const contracts = new Map(
  [
    note.contract,
    contract("test.greet", { input: person }),
    contract("test.undo"),
    contract("test.do", { undo: { capability: "test.undo", args: { text: { $arg: "text" } } } }),
  ].map((one) => [one.name, one]),
);
const registry: CapabilityRegistry = new Map([...contracts].map(([name, made]) => [name, { ...note, contract: made }]));
const allowing: ReleaseBundle["policy"] = { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] };
const reviewing: ReleaseBundle["policy"] = {
  default: "deny",
  rules: [{ id: "ask", when: "true", then: "review", reviewers: { role: "lead", quorum: 1 } }],
};
const byAgent = {
  planner: "agent",
  playbook: null,
  capabilities: Object.fromEntries(contracts),
  policy: allowing,
} as const;
const agents = release(contracts, byAgent);
const reviewed = release(contracts, { ...byAgent, policy: reviewing });
const playbook = release(contracts);

type Step = Parameters<typeof planOf>[6][number];
const step = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  capability: "journal.note",
  args: { text: "x" },
  ...more,
});

const TASK = taskOn(0);
const OTHER_TASK = taskOn(0);
const input = { text: "x" };
const inputSalt = newSalt();
const inputCommitment = commit(inputSalt, input);

type Case = {
  readonly made?: TestRelease;
  readonly steps?: readonly Step[];
  readonly task?: string;
  readonly plan?: (plan: Plan) => Plan;
  readonly of?: Partial<AdmitTask>;
  readonly stop?: StopKind;
  readonly registry?: CapabilityRegistry;
  readonly disclosures?: Disclosures;
  readonly round?: number;
  readonly last?: boolean;
};

/** Signs the plan, opens it and admits it. */
async function admit({ made = agents, steps = [step("a")], of = {}, stop, round = 1, last = true, ...more }: Case) {
  const bare = planOf(TENANT, more.task ?? TASK, "eu", made, inputCommitment, "agent", steps, round, last);
  const signed = {
    ...(await signedPlan(keys.proposal, more.plan?.(bare) ?? bare)),
    disclosures: more.disclosures ?? {},
  };
  const deps: AdmitDeps = {
    tenant: TENANT,
    region: "eu",
    registry: more.registry ?? registry,
    proposalKeys: new Map([[keyId(keys.proposal), publicPart(keys.proposal)]]),
    nowMs: Date.now(),
    stoppedBy: (kind) => (kind === stop ? "stp_test" : null),
  };
  const task: AdmitTask = {
    task: TASK,
    automation: "notes",
    release: made.digest,
    region: "eu",
    input,
    inputCommitment,
    purpose: null,
    principal: { key: "key_app", role: "app", member: null, sod: "not-evaluable" },
    openedByAgent: false,
    records: [],
    ...of,
  };
  const opened = await openPlan(signed, deps);
  const request = { requestKey: `sha256:${round}`, requestDigest: "sha256:x" };
  return opened.ok ? admitPlan(opened.value, signed, request, task, made.compiled, deps) : opened;
}
const admitted = async (one: Case) => codeOf(await admit(one));
const tampered = (change: (plan: Plan) => Partial<Plan>) => () =>
  admitted({ plan: (plan) => ({ ...plan, ...change(plan) }) });
const tamperedStep = (change: (first: Plan["steps"][number]) => object, more: Case = {}) =>
  admitted({ ...more, plan: (plan) => ({ ...plan, steps: plan.steps.map((one) => ({ ...one, ...change(one) })) }) });

async function fromPlaybook(tamper: (plan: Plan) => Plan) {
  const command = await submission({
    tenant: TENANT,
    task: TASK,
    release: playbook,
    input,
    proposalKey: keys.proposal,
  });
  const plan = JSON.parse(Buffer.from(command.plan!.envelope.payload, "base64").toString()) as Plan;
  return admitted({
    made: playbook,
    plan: () => tamper({ ...plan, input: inputCommitment }),
  });
}

const deps = () => ({
  tenant: TENANT,
  region: "eu",
  executor: `${TENANT}/eu/0`,
  release: reviewed.compiled,
  registry,
  nowMs: Date.now(),
  stoppedBy: () => null,
  ...NO_SUBJECTS,
});
const draftOf = (state: TaskState | null): Draft =>
  new Draft(state, { task: TASK, seq: 1, atMs: Date.now() }, newSalt, Number.POSITIVE_INFINITY);

/** A task in its first round, one step of which waits for a person. */
async function underWay(last = false): Promise<TaskState> {
  const draft = draftOf(null);
  const opening = {
    automation: "notes",
    release: reviewed.digest,
    region: "eu",
    input: { salt: inputSalt, value: input },
    inputCommitment,
    requestDigest: "sha256:x",
    principal: { key: "key_app", role: "app" as const, member: null, sod: "not-evaluable" as const },
    trigger: null,
    purpose: null,
    traceparent: null,
  };
  openTask(draft, opening, must(await admit({ made: reviewed, last })), deps());
  return draft.state;
}
const next = async (more: Case = {}): Promise<AdmittedPlan> =>
  must(await admit({ made: reviewed, steps: [step("b")], round: 2, ...more }));
const propose = (state: TaskState, plan: AdmittedPlan) => codeOf(proposePlan(draftOf(state), plan, deps()));

const desk = () => Desk.open({ policy: allowing });

export const plans: Suite = {
  honest: [
    () => admitted({}),
    () => admitted({ steps: [step("a"), step("b", { capability: "test.do", after: ["a"] })] }),
    () => fromPlaybook((plan) => plan),
    async () => propose(await underWay(), await next()),
    async () => {
      const it = await desk();
      return codeOf(await intake.submit(it.shard, await it.command()));
    },
  ],
  attacks: attacks({
    "plan-size": () => {
      const text = "x".repeat(500);
      return admitted({
        steps: Array.from({ length: LIMITS.planSteps }, (_, i) => step(`s${i}`, { args: { text } })),
        plan: (plan) => plan,
      });
    },
    "plan-tenant": tampered(() => ({ tenant: "other" })),
    "plan-region": tampered(() => ({ region: "us" })),
    "plan-task": () => admitted({ task: OTHER_TASK }),
    "plan-automation": () => admitted({ of: { automation: "refunds" } }),
    "plan-input": tampered(() => ({ input: commit(newSalt(), { text: "y" }) })),
    "plan-begun": tampered(() => ({ notBeforeMs: Date.now() + 60_000, expiresMs: Date.now() + 90_000 })),
    "plan-not-over": tampered(() => ({ notBeforeMs: Date.now() - 60_000, expiresMs: Date.now() - 1 })),
    "plan-lifetime": tampered(() => ({ expiresMs: Date.now() + LIMITS.planLifetimeMs + 60_000 })),
    "plan-release": tampered(() => ({ release: playbook.digest })),
    "release-automation": () =>
      admitted({ of: { automation: "refunds" }, plan: (plan) => ({ ...plan, automation: "refunds" }) }),
    "plan-planner": tampered((plan) => ({ agent: { ...plan.agent, planner: "playbook" } })),
    "plan-not-stopped": () => admitted({ stop: "automation" }),
    "plan-not-stopped agent": () => admitted({ stop: "agent" }),
    "release-not-stopped": () => admitted({ stop: "release" }),
    "capability-not-stopped": () => admitted({ stop: "capability" }),
    "plan-id": tampered(() => ({ plan: planId(TASK, 2) })),
    "plan-not-empty": () => admitted({ steps: [], last: false }),
    "step-named-once": () => admitted({ steps: [step("a"), step("a")] }),
    "proposal-id": () => tamperedStep(() => ({ proposal: proposalId(TASK, 1, 7) })),
    "step-order": () => admitted({ steps: [step("a", { after: ["b"] }), step("b", { after: ["a"] })] }),
    "reference-awaited": () =>
      admitted({ steps: [step("a"), step("b", { args: { text: { $ref: "steps.a.result#/noted" } } })] }),
    "contract-signed": () => tamperedStep(() => ({ contract: `sha256:${"0".repeat(64)}` })),
    "contract-deployed": () =>
      admitted({
        registry: new Map(registry).set("journal.note", {
          ...note,
          contract: contract("journal.note", { risk: "high" }),
        }),
      }),
    "undo-of-release": () =>
      tamperedStep(({ contract: digest }) => ({
        undo: { capability: "test.do", contract: digest, args: {}, windowMs: null },
      })),
    "undo-deployed": () =>
      admitted({
        steps: [step("a", { capability: "test.do" })],
        registry: new Map([...registry].filter(([name]) => name !== "test.undo")),
      }),
    "disclosure-asked-for": () => {
      const salt = newSalt();
      return admitted({ disclosures: { [commit(salt, "x")]: { salt, value: "x" } } });
    },
    "rationale-text": () => {
      const [salt, value] = [newSalt(), { toString: "x" }];
      const rationale = commit(salt, value);
      return tamperedStep(() => ({ rationale: { $commit: rationale } }), {
        disclosures: { [rationale]: { salt, value } },
      });
    },
    "prediction-opens": () => {
      const predicted = commit(newSalt(), { on: true });
      return tamperedStep(() => ({ predicted: { $commit: predicted } }), {
        disclosures: { [predicted]: { salt: newSalt(), value: { on: false } } },
      });
    },
    "transcript-opens": () => {
      const transcript = commit(newSalt(), "what was said");
      const call = {
        purpose: "plan",
        tier: "small",
        model: "small-1",
        startMs: 1,
        endMs: 2,
        inputTokens: 1,
        outputTokens: 1,
        microCents: 1,
        usage: "reported",
        outcome: "ok",
        transcript: { $commit: transcript },
      } as const;
      return admitted({
        plan: (plan) => ({ ...plan, model: [call] }),
        disclosures: { [transcript]: { salt: newSalt(), value: "what was not" } },
      });
    },
    "prediction-form": () => {
      const [salt, value] = [newSalt(), { on: { $cel: "true" } }];
      const predicted = commit(salt, value);
      return tamperedStep(() => ({ predicted: { $commit: predicted } }), {
        disclosures: { [predicted]: { salt, value } },
      });
    },
    "personal-committed": () => admitted({ steps: [step("a", { capability: "test.greet", args: { who: "Ada" } })] }),
    "arguments-fit": () => admitted({ steps: [step("a", { args: { text: "x".repeat(501) } })] }),
    "plan-of-playbook": () =>
      fromPlaybook((plan) => ({ ...plan, steps: plan.steps.map((one) => ({ ...one, args: { text: "other" } })) })),

    "features-of-input": () => {
      const salt = newSalt();
      const value = { large: false };
      const $commit = commit(salt, value);
      const features = { of: [{ name: "large", version: "1.0.0", from: ["/text"] }], values: { $commit } };
      return admitted({ plan: (plan) => ({ ...plan, features }), disclosures: { [$commit]: { salt, value } } });
    },

    "task-takes-plans": async () => {
      const draft = draftOf(await underWay());
      must(cancelTask(draft, "key_app", deps()));
      return propose(draft.state, await next());
    },
    "task-not-complete": async () => propose(await underWay(true), await next()),
    "round-not-used": async () => {
      const again = await next({ round: 1 });
      return propose(await underWay(), { ...again, requestKey: "sha256:other" });
    },
    "round-next": async () => propose(await underWay(), await next({ round: 3 })),
    "steps-limited": async () => {
      const state = await underWay();
      const steps = Array.from(
        { length: LIMITS.taskSteps },
        (_, i) => [`a${i}`, { ...state.steps.get("a")!, id: `a${i}` }] as const,
      );
      return propose({ ...state, steps: new Map(steps) }, await next());
    },
    "step-new": async () => propose(await underWay(), await next({ steps: [step("a")] })),

    "task-routed-here": async () => {
      const it = await desk();
      return codeOf(await intake.submit(it.shard, await it.command({}, taskOn(SHARDS - 1))));
    },
    "request-same": async () => {
      const it = await desk();
      const command = await it.command();
      must(await intake.submit(it.shard, command));
      return codeOf(await intake.submit(it.shard, { ...command, requestDigest: `sha256:${"1".repeat(64)}` }));
    },
    "signer-not-revoked": async () => {
      const it = await desk();
      await it.shard.onExecutor((nowMs) => ({
        ok: true,
        value: it.shard.trusted.revoke({ kid: keyId(keys.proposal), by: "ada", reason: "stolen" }, nowMs),
      }));
      return codeOf(await intake.submit(it.shard, await it.command()));
    },
  }),
};
