import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keyId, publicPart } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { Plan } from "../../../shared/proposal.ts";
import { ok } from "../../../shared/result.ts";
import type { ProposeCommand, SubmitCommand, TaskContext } from "../../../shared/rpc.ts";
import { openEnvelope, type Envelope } from "../../../shared/signing.ts";
import { testKeys } from "../keys.ts";
import { bundleOf, digestOfBundle, release } from "./release.ts";
import { accepts, answerWith, as, calls, lastCall, refuses, seedTenants, send, viewOf } from "./world.ts";

const bundle = bundleOf("desk", { planner: "agent", playbook: null });
beforeAll(async () => {
  await seedTenants();
  await release(bundle);
  await release(bundleOf("mail"));
});

const TASK = "tsk_eu_1_aaaaaaaaaaaaaaaaaaaaaaaaaa";
const INPUT = { customer: "c-1", email: "ada@example.com" };
const view = viewOf({
  task: TASK,
  automation: "desk",
  release: digestOfBundle(bundle),
  region: "eu",
  principal: { key: "key_app", role: "app", member: null, sod: "not-evaluable" },
});
const context: TaskContext = {
  task: view,
  input: INPUT,
  purpose: null,
  inputCommitment: "c".repeat(43),
  nextRound: 1,
  stepIds: [],
  records: [],
  results: {},
  fromEvent: false,
} as TaskContext;
const script = (more: Partial<TaskContext> = {}) => ({
  context: async () => ok({ ...context, ...more }),
  propose: async () => ok({ view, duplicate: false }),
  submit: accepts,
});
beforeEach(() => answerWith(script()));

const step = (more: object = {}) => ({
  id: "one",
  capability: "mail.send",
  args: { to: "ada@example.com", topic: "hello" },
  ...more,
});
const propose = (body: object) => send(as("agent"), "/v1/proposals", { body });
const openPlan = async (envelope: Envelope) => {
  const key = publicPart(testKeys.workers.proposalKey);
  const opened = await openEnvelope(envelope, {
    payloadType: PAYLOAD_TYPES.plan,
    keys: new Map([[keyId(key), key]]),
    schema: Plan,
  });
  if (!opened.ok) throw new Error(opened.problem.code);
  return opened.value.payload;
};

describe("into a task that another principal opened", () => {
  it("of another shape is told what is wrong with the shape that it comes closest to", async () => {
    const steps = Array.from({ length: 33 }, (_, i) => step({ id: `s${i}` }));
    const { body } = await propose({ task: TASK, steps });
    expect([body.code, body.facts.issues.length]).toEqual(["invalid-request", 1]);
    expect(body.detail).toMatch(/^\/steps: /);
  });

  it("the executor says where the task stands and admits a signed plan of that round", async () => {
    answerWith(script({ nextRound: 3, stepIds: ["earlier"] }));
    const answer = await propose({
      task: TASK,
      steps: [step({ claimedConfidence: 0.9, rationale: "because", expect: { state: "noted" } })],
      last: true,
    });
    expect(answer.status).toBe(202);
    expect(calls.map(({ method, executor }) => [method, executor])).toEqual([
      ["context", "acme/eu/1"],
      ["propose", "acme/eu/1"],
    ]);
    const command = lastCall<ProposeCommand>("propose");
    const plan = await openPlan(command.plan.envelope);
    expect(plan).toMatchObject({ round: 3, last: true, agent: { planner: "agent" }, input: "c".repeat(43) });
    expect(plan.agent.id).toMatch(/^key_/);
    expect(plan.steps[0]).toMatchObject({ claimedConfidence: 0.9, rationale: { $commit: expect.any(String) } });
    expect(plan.steps[0]!.predicted).toEqual({ $commit: expect.any(String) });
    expect(JSON.stringify(plan)).not.toMatch(/ada@example\.com|because|noted/);
    const disclosed = Object.values(command.plan.disclosures).map(({ value }) => value);
    expect(disclosed).toHaveLength(3);
    expect(disclosed).toEqual(expect.arrayContaining(["ada@example.com", "because", { state: "noted" }]));
  });

  it("the same proposal has the same digest, so that repeating it is harmless; another one does not", async () => {
    const digests: string[] = [];
    for (const body of [
      { task: TASK, steps: [step()] },
      { steps: [step()], task: TASK },
      { task: TASK, steps: [step({ id: "two" })] },
    ]) {
      await propose(body);
      digests.push(lastCall<ProposeCommand>("propose").requestDigest);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe(digests[2]);
  });

  it("a repeated proposal finds its own steps in the task and is no conflict with itself", async () => {
    const own = { ...view, steps: [{ id: "one", round: 1 }] } as unknown as typeof view;
    answerWith(script({ task: own, stepIds: ["one"], nextRound: 1 }));
    expect((await propose({ task: TASK, steps: [step()] })).status).toBe(202);
  });

  it.each([
    ["a name that the task has used", { stepIds: ["one"] }, [step()], "plan-invalid"],
    ["the same name twice", {}, [step(), step()], "plan-invalid"],
    ["waiting for a step that comes later", {}, [step({ after: ["two"] }), step({ id: "two" })], "plan-invalid"],
    [
      "a reference to a step that is not in the proposal",
      {},
      [step({ args: { to: { $ref: "steps.none.result#/x" }, topic: "hello" } })],
      "plan-invalid",
    ],
    ["another reserved key", {}, [step({ args: { to: { $commit: "x" }, topic: "hello" } })], "plan-invalid"],
    ["a capability outside the release", {}, [step({ capability: "bank.wire" })], "capability-not-in-release"],
    ["arguments that break the contract", {}, [step({ args: { to: 1, topic: "hello" } })], "contract-violation"],
    ["no steps and more to follow", {}, [], "plan-invalid"],
  ])("%s is refused before it is signed", async (_, more, steps, code) => {
    answerWith(script(more as Partial<TaskContext>));
    expect((await propose({ task: TASK, steps })).body.code).toBe(code);
    expect(calls.some(({ method }) => method === "propose")).toBe(false);
  });

  it("a reference waits for the step that it reads", async () => {
    const reading = step({ id: "two", args: { to: { $ref: "steps.one.result#/id" }, topic: "hello" } });
    await propose({ task: TASK, steps: [step(), reading] });
    const plan = await openPlan(lastCall<ProposeCommand>("propose").plan.envelope);
    expect(plan.steps[1]).toMatchObject({ after: ["one"], args: { to: { $ref: "steps.one.result#/id" } } });
  });

  it("a playbook's automation takes no agent", async () => {
    const playbook = { ...view, automation: "mail", release: digestOfBundle(bundleOf("mail")) };
    answerWith(script({ task: playbook }));
    expect((await propose({ task: TASK, steps: [step()] })).body.code).toBe("forbidden");
  });

  it("what the executor refuses is passed on", async () => {
    answerWith({ ...script(), propose: () => refuses("round-closed") });
    expect((await propose({ task: TASK, steps: [step()] })).status).toBe(409);
  });
});

describe("opening a task itself", () => {
  const opening = { automation: "desk", request: INPUT, steps: [step()] };

  it("one call opens the task with the agent as its principal and carries the plan", async () => {
    expect((await propose(opening)).status).toBe(202);
    expect(calls.map(({ method }) => method)).toEqual(["submit"]);
    const command = lastCall<SubmitCommand>("submit");
    expect(command.principal).toMatchObject({ role: "agent", member: null, sod: "not-evaluable" });
    expect((await openPlan(command.plan!.envelope)).agent.planner).toBe("agent");
  });

  it("the same key with other steps is another request", async () => {
    const digests: string[] = [];
    for (const steps of [[step()], [step()], [step({ id: "other" })]]) {
      await propose({ ...opening, steps, idempotencyKey: "a" });
      digests.push(`${lastCall<SubmitCommand>("submit").task} ${lastCall<SubmitCommand>("submit").requestDigest}`);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]!.split(" ")[0]).toBe(digests[2]!.split(" ")[0]);
    expect(digests[0]).not.toBe(digests[2]);
  });

  it("an agent cannot take the place of an app's task by guessing its idempotency key", async () => {
    await propose({ ...opening, idempotencyKey: "order-1" });
    const taken = lastCall<SubmitCommand>("submit").task;
    await send(as("app"), "/v1/intents", { body: { automation: "desk", input: INPUT, idempotencyKey: "order-1" } });
    expect(lastCall<SubmitCommand>("submit").task).not.toBe(taken);
  });

  it("a playbook's automation takes no agent", async () => {
    expect((await propose({ ...opening, automation: "mail" })).body.code).toBe("forbidden");
    expect(calls).toEqual([]);
  });
});

it("an app opens a task without a plan where plans come from agents", async () => {
  await send(as("app"), "/v1/intents", { body: { automation: "desk", input: INPUT } });
  expect(lastCall<SubmitCommand>("submit").plan).toBeNull();
});

describe("a task whose automation has a later release", () => {
  it("keeps the contract that the task was opened under when a later release has another", async () => {
    const [mail] = Object.values(bundle.capabilities);
    const input = { ...mail!.input, required: ["to"], properties: { to: { type: "string", maxLength: 100 } } };
    await release({ ...bundle, capabilities: { "mail.send": { ...mail!, version: "2.0.0", input } } }, 2);
    expect((await propose({ task: TASK, steps: [step()] })).status).toBe(202);
    const other = await propose({ task: TASK, steps: [step({ id: "two", args: { to: "ada@example.com" } })] });
    expect(other.body.code).toBe("contract-violation");
  });
});
