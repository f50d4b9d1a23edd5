/**
 * Taking back, through the public interface: reversals inside their window with dependents, drift and people; automations that compensate; and
 * what an attacker with the intent-manager's key gets. The record of all of it verifies offline.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { DEMO } from "../../scripts/demo-data.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import { executorName, parseTaskId } from "../../shared/ids.ts";
import type { JsonObject } from "../../shared/json.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { Playbook } from "../../shared/playbook-schema.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import type { Reversal } from "../../shared/reversal.ts";
import type { ExecutorRpc } from "../../shared/rpc.ts";
import { commandLine, type CommandLine } from "../support/cli.ts";
import { release, sign } from "../support/manager.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { decide, openShop, reviewer, until } from "./people.ts";
import { download, effects, findings, verify } from "./record.ts";

let system: Countersign;
let cli: CommandLine;
let keys: Countersign["tenants"][string]["apiKeys"];
beforeAll(async () => {
  system = await startCountersign({ tenants: { dev: {}, acme: {} } });
  const dev = system.tenants["dev"]!;
  keys = dev.apiKeys;
  cli = commandLine({ ...dev, url: system.url, trust: system.trust });
  await openShop(system);
  const order = { customerId: cel("customerId"), orderId: cel("orderId") };
  await publish("move-and-cancel", {
    onFailure: "compensate",
    reversal: { windowMs: 3_600_000 },
    playbook: {
      version: 1,
      steps: [
        { id: "move", capability: "orders.modify_address", args: { ...order, address: elsewhere } },
        { id: "cancel", capability: "orders.cancel", args: { ...order, reason: "no longer needed" }, after: ["move"] },
        // The order is not pending any more: this is refused, and the two before are taken back.
        { id: "again", capability: "orders.modify_address", args: { ...order, address: elsewhere }, after: ["cancel"] },
      ],
    },
  });
  await publish("move", {
    reversal: { windowMs: 3_600_000 },
    playbook: {
      version: 1,
      steps: [{ id: "move", capability: "orders.modify_address", args: { ...order, address: elsewhere } }],
    },
  });
  await publish("brief", {
    reversal: { windowMs: 1_000 },
    playbook: {
      version: 1,
      steps: [{ id: "move", capability: "orders.modify_address", args: { ...order, address: elsewhere } }],
    },
  });
  await publish("watched", {
    tier: 2,
    tierReason: "New; the addresses can be put back.",
    owner: "orders",
    sampling: { rate: 10_000, everyMs: 86_400_000 },
    reversal: { windowMs: 3_600_000 },
    playbook: {
      version: 1,
      steps: [{ id: "move", capability: "orders.modify_address", args: { ...order, address: elsewhere } }],
    },
  });
  await publish("reinstate-directly", {
    playbook: {
      version: 1,
      steps: [{ id: "act", capability: "orders.reinstate", args: { ...order, charges: [] } }],
    },
    policy: {
      default: "deny",
      rules: [
        { id: "undo", when: 'capability.name == "orders.reinstate" && undo.of == "orders.cancel"', then: "allow" },
      ],
    },
  });
});
afterAll(async () => {
  cli?.remove();
  await system?.stop();
});

const { ada, grace } = DEMO;
const cel = (field: string) => ({ $cel: `intent.input.${field}` });
const elsewhere = {
  address1: "1 Elsewhere Street",
  address2: "",
  city: "Lund",
  state: "LU",
  country: "SE",
  zip: "22100",
};
async function publish(name: string, change: Partial<ReleaseBundle> & { playbook: Playbook }) {
  const names = [
    ...change.playbook.steps.flatMap(({ capability }) => capability ?? []),
    "orders.reinstate",
    "orders.modify_address",
  ];
  const { text, digest, compiled } = release(contracts, {
    automation: name,
    region: { rule: "hash", field: "/customerId", among: ["eu", "us"] },
    input: {
      type: "object",
      additionalProperties: false,
      required: ["customerId", "orderId"],
      properties: {
        customerId: { type: "string", "x-origin": "principal" },
        orderId: { type: "string", "x-origin": "principal" },
      },
    },
    policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
    capabilities: Object.fromEntries(names.map((one) => [one, contracts.get(one)!])),
    ...change,
  });
  const client = createClient({ baseUrl: system.url, key: keys.operator, fetch: (to, init) => fetch(to, init) });
  await publishOne(client, system.tenants["dev"]!, { name, bundle: compiled.bundle, text, digest, advice: [] });
}
/** A task that has ended, or waits. */
async function run(automation: string, orderId: string, change: JsonObject = {}) {
  const input = { customerId: ada.customerId, orderId, ...change };
  const body = { automation, input, idempotencyKey: crypto.randomUUID() };
  const answer = await system.call(keys.app, "/v1/intents", { body, headers: { prefer: "wait=10" } });
  return { id: answer.body.id ?? answer.body.task, ...answer.body };
}
const cancel = (orderId: string) => run("order-cancellation", orderId, { reason: "no longer needed", confirmed: true });
const path = (task: string, step: string) => `/v1/tasks/${task}/steps/${step}/reverse`;
const reverse = async (task: string, step: string, change: object = {}, key = keys.operator) => {
  const { status, body } = await system.call(key, path(task, step), {
    body: { reason: "asked by the customer", ...change },
    headers: { prefer: "wait=10" },
  });
  return { status, code: body.code ?? "ok", body };
};
const preview = async (task: string, step: string) => (await system.call(keys.app, path(task, step))).body;
const delivered = () =>
  until(
    async () => (await system.call(keys.operator, "/v1/overview")).body,
    ({ executors }) => executors.every(({ head, delivered: sent }: any) => head === sent),
  );
const read = async (task: string) => (await system.call(keys.app, `/v1/tasks/${task}`)).body;
const order = async (id: string) =>
  (
    await system.sql("BUSINESS_EU", "SELECT status, version, address1 FROM orders WHERE tenant = 'dev' AND id = ?", id)
  )[0]!;
/** What the customer has paid for an order in the end, and holds on cards. */
async function money(id: string) {
  const paid = await system.sql(
    "BUSINESS_EU",
    "SELECT COALESCE(SUM(CASE kind WHEN 'payment' THEN amount_cents ELSE -amount_cents END), 0) AS cents, COUNT(*) AS n FROM payments WHERE tenant = 'dev' AND order_id = ?",
    id,
  );
  const cards = await system.sql(
    "BUSINESS_EU",
    "SELECT id, balance_cents FROM payment_methods WHERE tenant = 'dev' AND customer_id = ? ORDER BY id",
    ada.customerId,
  );
  return { paid: paid[0]!["cents"], payments: Number(paid[0]!["n"]), cards };
}
const executorOf = async (task: string): Promise<Omit<ExecutorRpc, never>> => {
  const env = (await system.harness.getWorker("countersign").getEnv()) as { REGIONAL_EXECUTOR: DurableObjectNamespace };
  const { region, shard } = parseTaskId(task)!;
  return env.REGIONAL_EXECUTOR.getByName(executorName("dev", region, shard)) as never;
};
let forgeries = 0;
async function forged(task: string, step: string, change: Partial<Reversal> = {}, key = system.workerKeys.proposalKey) {
  const payload: Reversal = {
    version: 1,
    id: `rvs_${"abcdefgh"[forgeries++]!.repeat(26)}`,
    tenant: "dev",
    region: "eu",
    task,
    step,
    undone: [],
    action: (await read(task)).steps.find((one: any) => one.id === step).action,
    by: { key: "key_forged", role: "operator", member: null },
    reason: "because",
    atMs: Date.now(),
    expiresMs: Date.now() + 60_000,
    ...change,
  };
  return sign(key, PAYLOAD_TYPES.reversal, payload);
}
async function send(task: string, step: string, envelope: Awaited<ReturnType<typeof sign>>): Promise<string> {
  const answer = await (await executorOf(task)).reverse(task, step, envelope, 3_000);
  return answer.ok ? "ok" : answer.problem.code;
}

it("tier 2 acts where it can be taken back, tells, and is sampled; people judge the sample, and the record says who", async () => {
  const task = await run("watched", grace.smallOrder, { customerId: grace.customerId });
  expect(task).toMatchObject({
    status: "succeeded",
    steps: [{ decision: { answer: "notify", rules: ["all", "tier-2"] } }],
  });
  const of = (list: { task: string }[]) => list.filter((one) => one.task === task.id);
  const notices = of((await system.call(keys.approver, "/v1/notices")).body.notices);
  expect(notices).toMatchObject([{ step: "move", toldAt: null, dueAt: task.steps[0].reversibleUntil }]);
  const samples = async () => of((await system.call(keys.auditor, "/v1/samples")).body.samples);
  expect(await samples()).toMatchObject([{ step: "move", capability: "orders.modify_address", rate: 10_000 }]);

  const judge = async (body: object, key = keys.approver, step = "move") => {
    const answer = await system.call(key, `/v1/tasks/${task.id}/steps/${step}/judgement`, { body });
    return answer.status === 200 ? answer.body.reported : answer.body.code;
  };
  expect(await judge({ correct: true }, keys.operator)).toBe("forbidden");
  expect(await judge({ correct: true }, keys.approver, "elsewhere")).toBe("not-found");
  expect(await judge({ correct: true })).toMatchObject([
    { source: "audit-sample", judged: { step: "move", member: "ada" } },
  ]);
  expect(await judge({ correct: true })).toHaveLength(1);
  expect(await judge({ correct: false, label: "wrong-address" })).toMatchObject([
    { superseded: true },
    { correct: false },
  ]);
  expect(await samples()).toEqual([]);
  const calibration = await until(
    async () => (await system.call(keys.auditor, "/v1/automations/watched/calibration?error=0.1")).body,
    ({ tables }) => tables[0]?.error?.share === 1,
  );
  expect(calibration).toMatchObject({
    wantedError: 0.1,
    tables: [{ by: "playbook", error: { share: 1 }, threshold: { state: "not-enough-data", needed: 35 } }],
  });
  const { autonomy } = (await system.call(keys.auditor, `/v1/tasks/${task.id}/explain`)).body;
  expect(autonomy).toEqual({ tier: 2, reason: "New; the addresses can be put back.", owner: "orders" });
  const report = { correct: true, source: "audit-sample" };
  const posed = await system.call(keys.app, `/v1/tasks/${task.id}/outcome`, { body: report });
  expect(posed.body.code).toBe("invalid-request");
});

describe("a cancelled order", () => {
  it("is pending and paid again after the reversal; cancelled and reversed again, the money still adds up", async () => {
    const [was, had] = [await order(ada.smallOrder), await money(ada.smallOrder)];
    for (const round of [1, 2]) {
      const { id, status } = await cancel(ada.smallOrder);
      expect(status).toBe("succeeded");
      expect((await order(ada.smallOrder))["status"]).toBe("cancelled");
      expect(await money(ada.smallOrder)).toMatchObject({ paid: 0 });
      const reversed = await reverse(id, "cancel");
      expect(reversed).toMatchObject({ status: 200, body: { status: "reversed", undo: "cancel~undo", cascaded: [] } });
      expect(await order(ada.smallOrder)).toEqual({ ...was, version: Number(was["version"]) + 2 * round });
      expect(await money(ada.smallOrder)).toEqual({ ...had, payments: had.payments + 2 * round });
      // Again is free: what was taken back is not taken back twice.
      expect(await reverse(id, "cancel")).toMatchObject({ status: 200, body: { status: "reversed" } });
      expect(await money(ada.smallOrder)).toMatchObject({ payments: had.payments + 2 * round });
      await delivered();
    }
  });

  it("that changed since is not touched, whoever changed it", async () => {
    const { id } = await cancel(ada.smallOrder);
    await system.sql(
      "BUSINESS_EU",
      "UPDATE orders SET version = version + 1 WHERE tenant = 'dev' AND id = ?",
      ada.smallOrder,
    );
    const [was, had] = [await order(ada.smallOrder), await money(ada.smallOrder)];
    const drifted = await reverse(id, "cancel");
    expect(drifted.body).toMatchObject({ status: "applied", undo: "cancel~undo" });
    expect(drifted.body.task.steps.find((step: any) => step.id === "cancel~undo").problem.code).toBe("premise-failed");
    expect([await order(ada.smallOrder), await money(ada.smallOrder)]).toEqual([was, had]);
    await system.sql(
      "BUSINESS_EU",
      "UPDATE orders SET version = version - 1 WHERE tenant = 'dev' AND id = ?",
      ada.smallOrder,
    );
    expect((await reverse(id, "cancel")).body).toMatchObject({ status: "reversed", undo: "cancel~undo2" });
    await delivered();
  });

  it("of a large amount waits for the person whom policy names, and goes on when that person agrees", async () => {
    const lead = await reviewer(system, "lea", ["support-lead"]);
    const { id } = await cancel(ada.largeOrder);
    const approve = async (step: string) => {
      const waiting = await until(
        () => read(id),
        ({ steps }) => steps.find((one: any) => one.id === step)?.status === "awaiting_review",
      );
      const review = waiting.steps.find((one: any) => one.id === step).review;
      const shown = (await system.call(keys.approver, `/v1/reviews/${review}`)).body;
      expect((await decide(system, lead, shown, "approve")).status).toBe(200);
    };
    await approve("cancel");
    await until(
      () => read(id),
      ({ status }) => status === "succeeded",
    );
    expect(await reverse(id, "cancel")).toMatchObject({ status: 202, body: { status: "undoing" } });
    expect((await order(ada.largeOrder))["status"]).toBe("cancelled");
    await approve("cancel~undo");
    await until(
      () => read(id),
      ({ steps }) => steps.find((one: any) => one.id === "cancel").status === "reversed",
    );
    expect((await order(ada.largeOrder))["status"]).toBe("pending");
    await delivered();
  });

  it("is reversed by nobody without the right, and is unknown to other tenants", async () => {
    const { id } = await cancel(ada.smallOrder);
    for (const key of [keys.agent, keys.auditor, keys.approver])
      expect((await reverse(id, "cancel", {}, key)).status).toBe(403);
    expect((await reverse(id, "cancel", {}, system.tenants["acme"]!.apiKeys.operator)).status).toBe(404);
    expect((await reverse(id, "order")).code).toBe("not-reversible");
    expect((await reverse(id, "nothing")).status).toBe(404);
    expect((await reverse(id, "cancel")).body.status).toBe("reversed");
    await delivered();
  });
});

describe("what depends on an action", () => {
  it("is shown, keeps it from being reversed, and is taken back before it on request, the newest first", async () => {
    const was = await order(ada.smallOrder);
    const moved = await run("move", ada.smallOrder);
    const cancelled = await cancel(ada.smallOrder);
    expect([moved.status, cancelled.status, cancelled.steps?.[1]?.problem]).toEqual(["succeeded", "succeeded", null]);
    await delivered();
    const seen = await until(
      () => preview(moved.id, "move"),
      ({ dependents }) => dependents.length > 0,
    );
    expect(seen).toMatchObject({ status: "applied", undo: null, dependents: [{ task: cancelled.id, step: "cancel" }] });
    expect(seen.dependents[0].tags).toContain(`order:${ada.smallOrder}`);
    const refused = await reverse(moved.id, "move");
    expect([refused.status, refused.code]).toEqual([409, "has-dependents"]);
    expect((await order(ada.smallOrder))["status"]).toBe("cancelled");
    expect((await cli.run("reverse", moved.id, "move", "--preview")).out).toContain(cancelled.id);
    const cascade = await cli.run("reverse", moved.id, "move", "--cascade", "--reason", "a drill", "--json");
    expect(cascade.json).toMatchObject({
      status: "reversed",
      cascaded: [{ task: cancelled.id, step: "cancel", status: "reversed" }],
    });
    const explained = await cli.run("explain", moved.id);
    expect(explained.out).toContain("asked for it: “a drill”");
    expect((await cli.run("watch", moved.id)).out).toContain("move~undo");
    const now = await order(ada.smallOrder);
    expect([now["status"], now["address1"]]).toEqual(["pending", was["address1"]]);
    await delivered();
  });

  it("keeps nothing from being taken back once it was taken back itself, by whichever request", async () => {
    const was = await order(ada.smallOrder);
    const moved = await run("move", ada.smallOrder);
    const cancelled = await cancel(ada.smallOrder);
    expect((await reverse(cancelled.id, "cancel")).body).toMatchObject({ status: "reversed" });
    await delivered();
    const reversed = await reverse(moved.id, "move", { cascade: true });
    expect(reversed.body).toMatchObject({ status: "reversed" });
    expect((await order(ada.smallOrder))["address1"]).toBe(was["address1"]);
    await delivered();
  });
});

describe("an automation that compensates", () => {
  it("leaves the order and the money as they were when its third step is refused, and cannot be reversed on top", async () => {
    const [was, had] = [await order(ada.smallOrder), await money(ada.smallOrder)];
    const task = await run("move-and-cancel", ada.smallOrder);
    expect(task.status).toBe("compensated");
    const byId = Object.fromEntries(task.steps.map(({ id, status }: any) => [id, status]));
    expect(byId).toEqual({
      move: "compensated",
      cancel: "compensated",
      again: "failed",
      "cancel~undo": "applied",
      "move~undo": "applied",
    });
    const now = await order(ada.smallOrder);
    expect([now["status"], now["address1"]]).toEqual([was["status"], was["address1"]]);
    const after = await money(ada.smallOrder);
    expect(after).toEqual({ ...had, payments: had.payments + 2 });
    expect((await reverse(task.id, "cancel")).body).toMatchObject({ status: "compensated" });
    expect(await money(ada.smallOrder)).toEqual(after);
    const shown = (await cli.run("explain", task.id)).out;
    expect(shown).toContain("Takes cancel back, because the task failed.");
    expect(shown).toContain("Was taken back by cancel~undo");
    await delivered();
  });
});

describe("the window", () => {
  it("closes, and nobody asks for a reversal after it: not the API, not the intent-manager's key", async () => {
    const { id } = await run("brief", ada.smallOrder);
    await until(
      () => read(id),
      ({ steps }) => steps[0].reversibleUntil === null,
    );
    expect((await reverse(id, "move")).code).toBe("reversal-window-closed");
    expect(await send(id, "move", await forged(id, "move"))).toBe("reversal-window-closed");
    await delivered();
    const { entries } = await download(system);
    expect(entries.filter((entry) => entry.includes(id)).join()).toContain("reversal-window-closed");
  });
});

describe("with the intent-manager's key", () => {
  it("a request reverses once, and only the action that it names", async () => {
    const { id } = await cancel(ada.smallOrder);
    const other = await run("move", ada.largeOrder);
    const { rootKey } = system.tenants["dev"]!;
    const attempts = [
      await send(id, "cancel", await forged(id, "cancel", {}, rootKey)),
      await send(id, "cancel", await forged(other.id, "move")),
      await send(id, "cancel", await forged(id, "cancel", { tenant: "acme" })),
      await send(id, "cancel", await forged(id, "cancel", { expiresMs: Date.now() - 1 })),
    ];
    expect(attempts).toEqual(["key-unknown", "audience-mismatch", "audience-mismatch", "expired"]);
    expect((await order(ada.smallOrder))["status"]).toBe("cancelled");
    const good = await forged(id, "cancel");
    expect([await send(id, "cancel", good), await send(id, "cancel", good)]).toEqual(["ok", "ok"]);
    expect(await send(id, "cancel", await forged(id, "cancel"))).toBe("already-undone");
    expect((await order(ada.smallOrder))["status"]).toBe("pending");
    expect((await read(id)).steps.filter(({ undoes }: any) => undoes !== null)).toHaveLength(1);
  });

  it("what takes an action back is denied where it takes nothing back", async () => {
    const task = await run("reinstate-directly", ada.smallOrder);
    expect(task).toMatchObject({ status: "failed", steps: [{ status: "denied" }] });
  });
});

it("the record verifies offline, with every effect in it", async () => {
  const before = await effects(system);
  const report = await verify(system, await download(system), { effects: { before, after: await effects(system) } });
  expect(report.checks.flatMap(({ findings: found }) => found)).toEqual([]);
  expect(findings(report)).toEqual([]);
});

it("every task of it decides the same again from its recorded facts: undos, reviews and compensations too", async () => {
  const { tasks } = (await system.call(keys.auditor, "/v1/tasks?limit=200")).body;
  expect(tasks.length).toBeGreaterThan(5);
  for (const { task } of tasks) {
    const { body } = await system.call(keys.auditor, `/v1/tasks/${task}/replay`, { method: "POST", body: {} });
    expect([task, body.same, body.decisions?.filter(({ outcome }: any) => outcome !== "same")]).toEqual([
      task,
      true,
      [],
    ]);
  }
});

it("a list that was read is acted on element by element; what is left out says why, and a replay says the same", async () => {
  const named = { customerId: cel("customerId"), orderId: cel("orderId") };
  const names = ["orders.get", "journal.note"];
  await publish("listed", {
    features: { short: { version: "1.0.0", type: "boolean", value: "size(input.orderId) < 5" } },
    capabilities: Object.fromEntries(names.map((one) => [one, contracts.get(one)!])),
    playbook: {
      version: 1,
      playbooks: {
        "tell@1.0.0": {
          params: ["what"],
          steps: [{ id: "note", capability: "journal.note", args: { text: { $param: "what" } } }],
        },
      },
      steps: [
        { id: "order", capability: "orders.get", args: named },
        {
          id: "items",
          for: { each: "results.order.items", as: "line", max: 6, mayFail: 1 },
          when: "line.priceCents > 0",
          use: "tell@1.0.0",
          with: { what: { $each: "/name" } },
        },
        { id: "none", capability: "journal.note", when: "size(results.order.items) == 0", args: { text: "empty" } },
        { id: "brief", capability: "journal.note", when: "features.short", args: { text: "short" } },
      ],
    },
  });
  const view = await run("listed", ada.deliveredOrder);
  expect(view.status).toBe("succeeded");
  const task = view.id;
  const { items } = view.steps[0].result;
  expect(view.features).toEqual([{ name: "short", version: "1.0.0", from: ["/orderId"], value: false }]);
  expect(
    view.steps.map((step: any) => [step.id, step.args.text ?? null, step.problem?.detail.split(":")[0] ?? null]),
  ).toEqual([
    ["order", null, null],
    ...[0, 1, 2, 3, 4, 5].map((i) => [
      `items_${i}_note`,
      items[i]?.name ?? { $ref: `steps.order.result#/items/${i}/name` },
      i < items.length ? null : "no-element",
    ]),
    ["none", "empty", "condition"],
  ]);
  const { leftOut } = (await system.call(keys.auditor, `/v1/tasks/${task}/explain`)).body;
  expect(leftOut).toEqual([{ step: "brief", why: "features.short is false" }]);
  const replayed = await system.call(keys.auditor, `/v1/tasks/${task}/replay`, { body: {} });
  expect(replayed.body).toMatchObject({ same: true, plan: { same: true } });
});

it("the comparison with the databases names a planted effect and one that was removed, and its finding stands in the log", async () => {
  await delivered();
  const span = { to: new Date(Date.now() + 1_000).toISOString() };
  const check = async () =>
    (await system.call(keys.auditor, "/v1/ledger/completeness", { method: "POST", body: span })).body;
  const eu = (answer: any) => answer.regions.find(({ region }: any) => region === "eu");
  expect((await check()).complete).toBe(true);
  const [victim] = await system.sql(
    "BUSINESS_EU",
    "SELECT action FROM countersign_effects WHERE tenant = 'dev' AND status = 'applied' LIMIT 1",
  );
  await system.sql(
    "BUSINESS_EU",
    `INSERT INTO countersign_effects (tenant, action, task, step, capability, nonce, status, result, at_ms)
     SELECT tenant, 'act_planted', task, step, capability, 'n', 'applied', result, at_ms FROM countersign_effects WHERE action = '${victim!["action"]}'`,
  );
  await system.sql("BUSINESS_EU", `DELETE FROM countersign_effects WHERE action = '${victim!["action"]}'`);
  // A row is no finding while its executor still holds records, such as of a checkpoint that it has seen.
  const found = await until(check, (answer) => eu(answer).pending === 0);
  expect([
    found.complete,
    eu(found).extra.map(({ action }: any) => action),
    eu(found).missing.map(({ action }: any) => action),
  ]).toEqual([false, ["act_planted"], [victim!["action"]]]);
  await delivered();
  const { entries } = await download(system);
  expect(entries.some((entry) => entry.includes("completeness-checked") && entry.includes(eu(found).report))).toBe(
    true,
  );
});
