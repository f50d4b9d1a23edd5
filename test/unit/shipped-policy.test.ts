/**
 * The shipped automations: they load, and the policy of customer-operations lets honest requests through, sends the unusual ones to a
 * person and denies what the customer did not confirm or does not concern them.
 */
import { beforeAll, describe, expect, it, test } from "vitest";
import type { ActionContext, CapabilityRegistry } from "../../executors/adapters/types.ts";
import { registry } from "../../executors/capabilities/index.ts";
import { automationNames, loadAutomation } from "../../scripts/load-automation.ts";
import { compileRelease, type CompiledRelease } from "../../shared/compiled-release.ts";
import type { Principal, StepDecision } from "../../shared/events.ts";
import { decideStep } from "../../shared/facts.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { provenanceForAgent, weakest, type RecordView } from "../../shared/provenance.ts";
import { value } from "../support/release.ts";
import { fillTenant, retail, toAction, type RetailTask } from "../support/retail.ts";
import { openBusinessDatabase } from "../support/sqlite-d1.ts";

const data = retail();
const APP: Principal = { key: "key_app", role: "app", member: null, sod: "not-evaluable" };
const AGENT: Principal = { ...APP, key: "key_agent", role: "agent" };

describe("the shipped automations", () => {
  it.each(automationNames())("%s loads, and a type checker has nothing against its policy", (name) => {
    const loaded = value(loadAutomation(name));
    expect(loaded.digest).toMatch(/^sha256:/);
    expect(loaded.advice).toEqual([]);
  });
});

describe.skipIf(data === null)("the policy of customer-operations, on the retail data", () => {
  let release: CompiledRelease;
  const { d1, sqlite } = openBusinessDatabase();
  const capabilities: CapabilityRegistry = registry({
    databaseOf: () => d1,
    newNonce: () => crypto.randomUUID(),
    setTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms);
      return () => clearTimeout(timer);
    },
  });
  let tenants = 0;

  beforeAll(() => {
    release = value(compileRelease(value(loadAutomation("customer-operations")).text));
  });

  /** One task's conversation: what was read, and the decision about each proposed call that the domain does not refuse. */
  class Conversation {
    readonly tenant = `t${tenants++}`;
    readonly records: RecordView[] = [];
    readonly #input: JsonObject;
    readonly #openedByAgent: boolean;

    constructor(task: RetailTask, { confirmed = true, openedByAgent = false, customerId = task.user } = {}) {
      this.#input = { customerId, request: task.request, confirmed };
      this.#openedByAgent = openedByAgent;
      for (const { text, params } of fillTenant(data!.database, this.tenant, [task.user]))
        sqlite.prepare(text).run(...params);
    }

    #provenance(capability: string, args: JsonObject) {
      return provenanceForAgent({
        args,
        argsContract: release.declarations.capabilities.get(capability)!.input,
        input: this.#input,
        inputContract: release.input,
        records: this.records,
        openedByAgent: this.#openedByAgent,
      });
    }

    #context(capability: string, step: string): ActionContext {
      return {
        tenant: this.tenant,
        region: "eu",
        task: "t",
        step,
        capability,
        action: `act_${step}`,
        attempt: 1,
        effectKey: null,
        attestations: [],
        premises: [],
        resumed: false,
        traceparent: null,
        deadlineMs: 1_000_000,
        nowMs: 1,
      };
    }

    decide(capability: string, args: JsonObject, preview: JsonObject = {}): StepDecision {
      const principal = this.#openedByAgent ? AGENT : APP;
      const task = { task: "t", region: "eu", input: this.#input, purpose: null, principal };
      const provenance = this.#provenance(capability, args);
      const step = {
        round: 1,
        planner: "agent" as const,
        agent: "agent",
        capability,
        args,
        provenance,
        claimedConfidence: null,
        preview,
      };
      return decideStep(release, task, step, { args: true, preview: true, results: true }, 1_700_000_000_000);
    }

    async read(capability: string, args: JsonObject): Promise<Json> {
      const found = capabilities.get(capability)!;
      if (found.kind !== "external") throw new Error("external");
      expect(this.decide(capability, args, {}).answer).toBe("allow");
      const keyProvenance = weakest(Object.values(this.#provenance(capability, args)));
      const prepared = value(await found.prepare!(args, this.#context(capability, "read")));
      if (prepared.outcome.kind !== "read") throw new Error("a read");
      const { result } = prepared.outcome;
      this.records.push({
        step: `r${this.records.length}`,
        capability,
        keyProvenance,
        result,
        outputContract: release.declarations.capabilities.get(capability)!.output,
      });
      return result;
    }

    /** Null where the domain refuses. */
    async propose(capability: string, args: JsonObject, apply = true): Promise<StepDecision | null> {
      const found = capabilities.get(capability)!;
      if (found.kind !== "external") throw new Error("external");
      const context = this.#context(capability, `w${Math.random()}`);
      const prepared = await found.prepare!(args, context);
      if (!prepared.ok) return null;
      const decision = this.decide(capability, args, prepared.value.preview);
      if (apply) expect((await found.apply(args, prepared.value, context)).kind).toBe("applied");
      return decision;
    }
  }

  /** Reads what the calls need, as an agent would: the customer and their orders. */
  async function readAll(conversation: Conversation, task: RetailTask): Promise<void> {
    await conversation.read("customers.get", { customerId: task.user });
    for (const orderId of data!.database.users[task.user]!.orders)
      await conversation.read("orders.get", { customerId: task.user, orderId });
  }

  test("no honest call is denied, and a minority of the tasks needs a person", { timeout: 120_000 }, async () => {
    const because = new Map<string, number>();
    let [automatic, reviewed, refused] = [0, 0, 0];
    for (const task of data!.tasks) {
      const conversation = new Conversation(task);
      await readAll(conversation, task);
      let needsPerson = false;
      for (const call of task.calls) {
        const { capability, args } = toAction(call, task.user);
        const decision = await conversation.propose(capability, args);
        if (decision === null) refused++;
        else {
          expect(`${task.id} ${decision.answer}`).toMatch(/ (?:allow|review)$/);
          needsPerson ||= decision.answer === "review";
          for (const { rule } of decision.reviews) because.set(rule, (because.get(rule) ?? 0) + 1);
        }
      }
      if (needsPerson) reviewed++;
      else automatic++;
    }
    console.info(
      `retail: ${automatic} tasks automatic, ${reviewed} need a person, ${refused} calls refused; rules: ${JSON.stringify([...because])}`,
    );
    expect(refused).toBe(20);
    expect(automatic + reviewed).toBe(520);
    expect(reviewed).toBeGreaterThan(50);
    expect(reviewed).toBeLessThan(200);
  });

  const cancellation = data?.tasks.find(
    (task) => task.calls.length === 1 && task.calls[0]!.name === "cancel_pending_order",
  );

  it("denies what the customer did not confirm", async () => {
    const conversation = new Conversation(cancellation!, { confirmed: false });
    const { capability, args } = toAction(cancellation!.calls[0]!, cancellation!.user);
    expect(await conversation.propose(capability, args, false)).toMatchObject({
      answer: "deny",
      rules: ["not-confirmed"],
    });
  });

  it("denies what concerns another customer", async () => {
    const conversation = new Conversation(cancellation!, { customerId: "somebody_else_1234" });
    const { capability, args } = toAction(cancellation!.calls[0]!, cancellation!.user);
    expect(await conversation.propose(capability, args, false)).toMatchObject({
      answer: "deny",
      rules: ["other-customers"],
    });
  });

  it("sends to a person what an agent wants that opened the task itself", async () => {
    const conversation = new Conversation(cancellation!, { openedByAgent: true });
    const { capability, args } = toAction(cancellation!.calls[0]!, cancellation!.user);
    expect((await conversation.propose(capability, args, false))?.reviews.map(({ rule }) => rule)).toContain(
      "target-not-named",
    );
  });

  it("lets an agent that opened the task itself read nothing of a customer, and look products up", () => {
    const { user } = cancellation!;
    const own = new Conversation(cancellation!, { openedByAgent: true });
    const { email, name, address } = data!.database.users[user]!;
    const reads: [string, JsonObject][] = [
      ["customers.get", { customerId: user }],
      ["customers.find_by_email", { email }],
      ["customers.find_by_name_zip", { firstName: name.first_name, lastName: name.last_name, zip: address.zip }],
      ["orders.get", { customerId: user, orderId: data!.database.users[user]!.orders[0]! }],
    ];
    for (const [capability, args] of reads)
      expect(own.decide(capability, args), capability).toMatchObject({ answer: "review", rules: ["nobody-vouches"] });
    // The conversation is still with one customer alone.
    const other = Object.keys(data!.database.users).find((id) => id !== user)!;
    expect(own.decide("customers.get", { customerId: other }).rules).toEqual(["other-customers"]);
    expect(own.decide("products.get", { productId: Object.keys(data!.database.products)[0]! }).answer).toBe("allow");
    expect(own.decide("products.list", {}).answer).toBe("allow");
    // Every capability that touches a customer is held to it, also one that is added later.
    const touching = Object.keys(release.bundle.capabilities).filter((name) => /^(?:customers|orders)\./.test(name));
    const rule = release.bundle.policy.rules.find(({ id }) => id === "nobody-vouches")!;
    expect(touching.filter((name) => !rule.when.includes(`"${name}"`))).toEqual([]);
  });

  it("sends an address to a person that neither the customer nor a record names", async () => {
    const task = data!.tasks.find(({ calls }) => calls.some(({ name }) => name === "modify_pending_order_address"))!;
    const call = task.calls.find(({ name }) => name === "modify_pending_order_address")!;
    const conversation = new Conversation(task);
    const { args } = toAction(call, task.user);
    const elsewhere = { ...args, address: { ...(args.address as JsonObject), address1: "99 Attacker Lane" } };
    expect(
      (await conversation.propose("orders.modify_address", elsewhere, false))?.reviews.map(({ rule }) => rule),
    ).toContain("destination-not-named");
  });
});
