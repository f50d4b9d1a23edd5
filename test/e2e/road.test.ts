/** The whole road: an intent becomes a signed, checked, applied and recorded action, through the public surface alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO } from "../../scripts/demo-data.ts";
import { publishAll } from "../../scripts/publish-automations.ts";
import { runsIn, writeAutomation } from "../support/docs.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { decide, openShop, reviewer, until } from "./people.ts";
import { throughProtobuf, withoutDefaults } from "../support/otlp-schema.ts";

let system: Countersign;
let keys: Countersign["tenants"][string]["apiKeys"];
beforeAll(async () => {
  system = await startCountersign();
  keys = system.tenants["dev"]!.apiKeys;
  await openShop(system);
});
afterAll(() => system?.stop());

const ada = DEMO.ada;
const intent = (body: object, prefer?: string) =>
  system.call(keys.app, "/v1/intents", { body, ...(prefer === undefined ? {} : { headers: { prefer } }) });
const cancel = (orderId: string, key: string, change: object = {}) => ({
  automation: "order-cancellation",
  input: { customerId: ada.customerId, orderId, reason: "no longer needed", confirmed: true, ...change },
  idempotencyKey: key,
});
const orderStatus = async (id: string) =>
  (await system.sql("BUSINESS_EU", "SELECT status FROM orders WHERE tenant = 'dev' AND id = ?", id))[0]?.["status"];
const settled = (task: string) =>
  until(
    async () => (await system.call(keys.app, `/v1/tasks/${task}`)).body,
    (view) => view.settled === true,
  );

describe("an intent that needs nobody", () => {
  it("is answered at once with the task and its links, and can be waited for", async () => {
    const accepted = await intent({ automation: "notes", input: { text: "hello" } });
    expect(accepted.status).toBe(202);
    expect(accepted.body.links.self).toBe(`/v1/tasks/${accepted.body.task}`);
    const waited = await intent({ automation: "notes", input: { text: "hello" } }, "wait=10");
    expect([waited.status, waited.body.status]).toEqual([200, "succeeded"]);
  });

  it("is the same task for the same key and body, and a conflict for another body", async () => {
    const first = await intent({ automation: "notes", input: { text: "a" }, idempotencyKey: "k1" }, "wait=10");
    const again = await intent({ automation: "notes", input: { text: "a" }, idempotencyKey: "k1" }, "wait=10");
    expect(again.body.id).toBe(first.body.id);
    const other = await intent({ automation: "notes", input: { text: "b" }, idempotencyKey: "k1" });
    expect([other.status, other.body.code]).toEqual([409, "idempotency-conflict"]);
  });

  it("cancels a small order in the customer's region, once, and says so in the record", async () => {
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => intent(cancel(ada.smallOrder, "small"), "wait=10")),
    );
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    const [task] = answers;
    expect([task!.body.status, task!.body.region, task!.body.steps.map((step: any) => step.status)]).toEqual([
      "succeeded",
      "eu",
      ["applied", "applied"],
    ]);
    expect(await orderStatus(ada.smallOrder)).toBe("cancelled");
    expect(
      await system.sql(
        "BUSINESS_EU",
        "SELECT count(*) AS n FROM countersign_effects WHERE effect_key = ?",
        `cancel:order:${ada.smallOrder}`,
      ),
    ).toEqual([{ n: 1 }]);
    await until(
      async () => (await system.call(keys.app, `/v1/tasks/${task!.body.id}`)).body,
      (view) => view.recorded === true,
    );
    const { body: trace } = await system.call(keys.auditor, `/v1/tasks/${task!.body.id}/trace`);
    expect(throughProtobuf(trace)).toEqual(withoutDefaults(trace));
    const spans = trace.resourceSpans.flatMap((resource: any) => resource.scopeSpans[0].spans);
    expect(spans.find(({ name }: any) => name === "effect orders.cancel").status).toEqual({ code: 0 });
    expect(spans.filter(({ name }: any) => name === "task order-cancellation").length).toBe(1);
    const explained = await system.call(keys.auditor, `/v1/tasks/${task!.body.id}/explain`);
    expect(explained.body.steps.map((step: any) => [step.id, step.status, step.outcome?.verdict])).toEqual([
      ["order", "applied", undefined],
      ["cancel", "applied", "matched"],
    ]);
    const counted = (await system.call(keys.auditor, "/v1/overview")).body.outcomes;
    expect(counted).toEqual([
      { automation: "order-cancellation", capability: "orders.cancel", matched: 1, mismatched: 0, unobserved: 0 },
    ]);
  });

  it("is denied where the customer has not confirmed, and nothing changes", async () => {
    const answer = await intent(cancel(DEMO.ada.deliveredOrder, "unconfirmed", { confirmed: false }), "wait=10");
    expect(answer.body.steps.find((step: any) => step.id === "cancel")).toMatchObject({
      status: "denied",
      decision: { rules: ["not-confirmed"] },
      problem: { code: "policy-denied", detail: expect.stringContaining("has not confirmed the cancellation") },
    });
    const explained = await system.call(keys.auditor, `/v1/tasks/${answer.body.id}/explain`);
    expect(explained.body.steps[1].because).toBe(
      "Denied. not-confirmed: The customer has not confirmed the cancellation.",
    );
  });

  it("is refused where the order is not pending, and nothing changes", async () => {
    const answer = await intent(cancel(ada.deliveredOrder, "delivered"), "wait=10");
    expect([answer.body.status, answer.body.steps[1].status]).toEqual(["failed", "failed"]);
    expect(await orderStatus(ada.deliveredOrder)).toBe("delivered");
  });
});

describe("an intent that needs a person", () => {
  it("waits in the inbox with what will change and why, is approved by an enrolled key, and happens once", async () => {
    const askedMs = Date.now();
    const opened = await intent(cancel(ada.largeOrder, "large"), "wait=20");
    // Only a person moves it now: the answer does not wait for the twenty seconds.
    expect([opened.status, opened.body.status, Date.now() - askedMs < 10_000]).toEqual([202, "waiting", true]);
    const waiting = await until(
      async () => (await system.call(keys.app, `/v1/tasks/${opened.body.task}`)).body,
      (view) => view.status === "waiting",
    );
    expect(await orderStatus(ada.largeOrder)).toBe("pending");
    const inbox = (await system.call(keys.approver, "/v1/reviews")).body.reviews;
    const review = inbox.find((one: any) => one.task === waiting.id);
    expect(review.parts.shown.summary).toContain(ada.largeOrder);
    expect(review.parts.shown.rules[0].id).toBe("large");
    const lead = await reviewer(system, "ada", ["support-lead"]);
    const stranger = await reviewer(system, "bob", ["reader"]);
    expect((await decide(system, stranger, review, "approve")).body.code).toBe("role-missing");
    const decisions = await Promise.all(Array.from({ length: 3 }, () => decide(system, lead, review, "approve")));
    expect(decisions.map((decision) => decision.status).toSorted()[0]).toBe(200);
    expect((await settled(waiting.id)).status).toBe("succeeded");
    expect(await orderStatus(ada.largeOrder)).toBe("cancelled");
    expect(
      await system.sql("BUSINESS_EU", "SELECT count(*) AS n FROM countersign_attestations WHERE tenant = 'dev'"),
    ).toEqual([{ n: 1 }]);
  });

  it("is void when the order changed after it was shown", async () => {
    const { customerId, largeOrder } = DEMO.grace;
    const opened = await intent(cancel(largeOrder, "moved", { customerId }));
    const waiting = await until(
      async () => (await system.call(keys.app, `/v1/tasks/${opened.body.task}`)).body,
      (view) => view.status === "waiting",
    );
    const review = (await system.call(keys.approver, `/v1/reviews/${waiting.steps[1].review}`)).body;
    await system.sql(
      "BUSINESS_US",
      "UPDATE orders SET version = version + 1 WHERE tenant = 'dev' AND id = ?",
      largeOrder,
    );
    await decide(system, await reviewer(system, "ada", ["support-lead"]), review, "approve");
    const view = await settled(waiting.id);
    expect([view.status, view.steps[1].problem.code]).toEqual(["failed", "premise-failed"]);
    expect(
      (await system.sql("BUSINESS_US", "SELECT status FROM orders WHERE tenant = 'dev' AND id = ?", largeOrder))[0]![
        "status"
      ],
    ).toBe("pending");
  });
});

describe("an outside agent", () => {
  it("proposes into a task that an app opened, and may name only what the customer or their records name", async () => {
    const opened = await intent({
      automation: "customer-operations",
      input: {
        customerId: DEMO.grace.customerId,
        request: `Please cancel ${DEMO.grace.smallOrder}, I no longer need it.`,
        confirmed: true,
      },
    });
    const { task } = opened.body;
    const propose = (body: object) =>
      system.call(keys.agent, "/v1/proposals", { body: { task, ...body }, headers: { prefer: "wait=5" } });
    const read = await propose({
      steps: [
        {
          id: "order",
          capability: "orders.get",
          args: { orderId: DEMO.grace.smallOrder, customerId: DEMO.grace.customerId },
        },
      ],
    });
    expect([read.status, read.body.status, read.body.steps[0].status]).toEqual([200, "planning", "applied"]);
    const other = await propose({
      steps: [{ id: "other", capability: "orders.get", args: { orderId: ada.smallOrder, customerId: ada.customerId } }],
    });
    expect(other.body.code ?? "").toBe("");
    const done = await propose({
      last: true,
      steps: [
        {
          id: "cancel",
          capability: "orders.cancel",
          args: { orderId: DEMO.grace.smallOrder, customerId: DEMO.grace.customerId, reason: "no longer needed" },
          claimedConfidence: 0.99,
          rationale: "The customer asked for it.",
        },
      ],
    });
    expect([done.status, done.headers.get("preference-applied")]).toEqual([200, "wait=5"]);
    const view = done.body;
    const byId = Object.fromEntries(view.steps.map((step: any) => [step.id, step]));
    expect(byId["order"].status).toBe("applied");
    expect([byId["other"].status, byId["other"].decision.rules]).toEqual(["denied", ["other-customers"]]);
    expect([byId["cancel"].status, byId["cancel"].provenance.orderId]).toEqual(["applied", "principal"]);
    expect(view.status).toBe("succeeded");
  });

  it("that opens the task itself reads a customer's data only once a person has approved it", async () => {
    const { customerId, smallOrder } = DEMO.grace;
    const askedMs = Date.now();
    const opened = await system.call(keys.agent, "/v1/proposals", {
      body: {
        automation: "customer-operations",
        request: { customerId, request: `Please cancel ${smallOrder}.`, confirmed: true },
        last: true,
        steps: [
          { id: "order", capability: "orders.get", args: { orderId: smallOrder, customerId } },
          { id: "products", capability: "products.list", args: {} },
        ],
      },
      headers: { prefer: "wait=20" },
    });
    expect([opened.status, opened.body.status, Date.now() - askedMs < 10_000]).toEqual([202, "waiting", true]);
    const { body: waiting } = await system.call(keys.app, `/v1/tasks/${opened.body.task}`);
    expect(waiting.steps.map(({ status, result }: any) => [status, result === null])).toEqual([
      ["awaiting_review", true],
      ["applied", false],
    ]);
    const { body: review } = await system.call(keys.approver, `/v1/reviews/${waiting.steps[0].review}`);
    expect(review.parts.shown.rules).toEqual([{ id: "nobody-vouches", message: expect.any(String) }]);
    await decide(system, await reviewer(system, "ada", ["support-lead"]), review, "approve");
    expect((await settled(waiting.id)).steps[0]).toMatchObject({ status: "applied", result: { orderId: smallOrder } });
  });
});

describe("the automation of docs/automations.md", () => {
  it("is published, promoted, and does what the page says", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "countersign-docs-"));
    writeAutomation("docs/automations.md", folder, "order-note");
    await publishAll({ url: system.url, dev: system.tenants["dev"]!, log: () => {}, load: { folder } });
    rmSync(folder, { recursive: true });
    const runs = runsIn("docs/automations.md");
    expect(runs.map(({ name }) => name)).toEqual(["delivered", "comment"]);
    for (const { name, sent, expected } of runs) {
      const answer = await intent(sent, "wait=10");
      const view = (await system.call(keys.app, `/v1/tasks/${answer.body.id ?? answer.body.task}`)).body;
      const steps = Object.fromEntries(view.steps.map(({ id, status }: any) => [id, status]));
      expect({ status: view.status, steps }, name).toEqual(expected);
    }
  });
});
