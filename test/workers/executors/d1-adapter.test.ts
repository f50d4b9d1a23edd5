/** The D1 adapter over a real D1: whatever is lost on the way, an action happens once, and the answer says what happened. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { Database } from "../../../executors/adapters/d1-batcher.ts";
import type { ActionContext, Outcome, Prepared } from "../../../executors/adapters/types.ts";
import { registry } from "../../../executors/capabilities/index.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { actionContext } from "../../support/action-context.ts";

const d1 = env.BUSINESS_EU;
const CUSTOMER = "mina_okafor_101";
const ORDER = "#W1000001";
const ARGS = { customerId: CUSTOMER, orderId: ORDER, reason: "no longer needed" };

let tenant: string;
let counter = 0;

beforeEach(async () => {
  tenant = `t${++counter}`;
  await fill(tenant);
});

/** One customer with a gift card, who paid a pending order of two items with it. */
async function fill(name: string): Promise<void> {
  const insert = (table: string, row: Record<string, string | number | null>) =>
    d1
      .prepare(
        `INSERT INTO ${table} (tenant, ${Object.keys(row).join(", ")}) VALUES (?, ${Object.keys(row)
          .map(() => "?")
          .join(", ")})`,
      )
      .bind(name, ...Object.values(row));
  const address = { address1: "1 Quay", address2: "", city: "Cork", state: "", country: "Ireland", zip: "T12" };
  await d1.batch([
    insert("customers", {
      id: CUSTOMER,
      first_name: "Mina",
      last_name: "Okafor",
      email: `${name}@example.test`,
      ...address,
    }),
    insert("payment_methods", {
      id: "gift_card_1000001",
      customer_id: CUSTOMER,
      kind: "gift_card",
      balance_cents: 500,
    }),
    insert("orders", { id: ORDER, customer_id: CUSTOMER, position: 0, status: "pending", ...address }),
    insert("payments", {
      order_id: ORDER,
      position: 0,
      kind: "payment",
      amount_cents: 3000,
      method_id: "gift_card_1000001",
    }),
  ]);
}

const context = (overrides: Partial<ActionContext> = {}): ActionContext =>
  actionContext({
    tenant,
    step: "cancel",
    capability: "orders.cancel",
    effectKey: `cancel:order:${ORDER}`,
    ...overrides,
  });

function capability(database: Database = d1) {
  const found = registry({
    databaseOf: () => database,
    newNonce: () => crypto.randomUUID(),
    setTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms);
      return () => clearTimeout(timer);
    },
  }).get("orders.cancel")!;
  if (found.kind !== "external") throw new Error("orders.cancel is external");
  return {
    prepare: (c = context()) => found.prepare!(ARGS, c),
    apply: (prepared: Prepared | null, c = context()) => found.apply(ARGS, prepared, c),
    observe: (c = context()) => found.observe!(ARGS, RESULT, c),
  };
}

async function prepared(c = context()): Promise<Prepared> {
  const result = await capability().prepare(c);
  if (!result.ok) throw new Error(result.problem.detail);
  return result.value;
}

/** What stands in the tenant: the order's status, the gift card's balance, payments, effects. */
async function rows() {
  const first = <T>(text: string, column: string) => d1.prepare(text).bind(tenant).first<T>(column);
  return {
    status: await first("SELECT status FROM orders WHERE tenant = ?", "status"),
    balance: await first("SELECT balance_cents AS b FROM payment_methods WHERE tenant = ?", "b"),
    payments: await first("SELECT count(*) AS n FROM payments WHERE tenant = ?", "n"),
    effects: await first("SELECT count(*) AS n FROM countersign_effects WHERE tenant = ? AND status = 'applied'", "n"),
  };
}
const ONCE = { status: "cancelled", balance: 3500, payments: 2, effects: 1 };
const NOTHING = { status: "pending", balance: 500, payments: 1, effects: 0 };
const LEFT = { status: "cancelled", cancelReason: "no longer needed", itemCount: 0, paidCents: 0, version: 2 };
const RESULT = {
  orderId: ORDER,
  status: "cancelled",
  refunds: [{ paymentMethodId: "gift_card_1000001", amountCents: 3000 }],
  version: 2,
};

const codeOf = (outcome: Outcome) => (outcome.kind === "applied" ? "applied" : outcome.problem.code);

type Fault = "failed" | "persisted" | "answer";
/** A database whose batches of the given kinds fail, in turn; "persisted" writes before it fails. */
function faulty(faults: readonly Fault[], batches: { count: number } = { count: 0 }): Database {
  const queue = [...faults];
  return {
    prepare: (text) => d1.prepare(text),
    batch: async <T>(statements: D1PreparedStatement[]) => {
      batches.count++;
      const fault = queue.shift() ?? "answer";
      if (fault === "failed") throw new Error("D1_ERROR: Network connection lost.");
      const results = await d1.batch<T>(statements);
      if (fault === "persisted") throw new Error("D1_ERROR: Network connection lost.");
      return results;
    },
  };
}

it("applies an action once, with its key, its result and its statements together", async () => {
  const outcome = await capability().apply(await prepared());
  expect(outcome).toEqual({ kind: "applied", result: RESULT, replayed: false });
  expect(await rows()).toEqual(ONCE);
});

it("reads back what an effect left in the effect's own batch, where somebody expects it", async () => {
  const batches = { count: 0 };
  const outcome = await capability(faulty([], batches)).apply(await prepared(), context({ observes: true }));
  expect([outcome, batches.count]).toMatchObject([{ kind: "applied", observed: LEFT }, 1]);
});

it("applies an effect whose reading back fails, and reads it back by itself: then what others wrote since is there too", async () => {
  const plan = await prepared();
  const outcome = await capability(faulty(["failed"])).apply(plan, context({ observes: true }));
  expect(outcome).toMatchObject({ kind: "applied", result: RESULT });
  expect((outcome as { observed?: unknown }).observed).toBeUndefined();
  expect(await capability().observe()).toMatchObject({ ok: true, value: LEFT });
  await d1.prepare("UPDATE orders SET status = 'delivered' WHERE tenant = ?").bind(tenant).run();
  expect(await capability().observe()).toMatchObject({ ok: true, value: { ...LEFT, status: "delivered" } });
  expect(await capability().observe(context({ tenant: "nobody" }))).toMatchObject({
    ok: false,
    problem: { code: "target-unavailable" },
  });
});

it("answers a repeated action with the first result, and changes nothing", async () => {
  const plan = await prepared();
  await capability().apply(plan);
  expect(await capability().apply(plan)).toEqual({ kind: "applied", result: RESULT, replayed: true });
  expect(await rows()).toEqual(ONCE);
});

it("says after a crash what the earlier attempt did, without a plan", async () => {
  await capability().apply(await prepared());
  expect(await capability().apply(null)).toEqual({ kind: "applied", result: RESULT, replayed: true });
});

it("closes an attempt after a crash before its effect: its batch cannot land any more, the next attempt's can", async () => {
  const plan = await prepared();
  const closed = { kind: "refused", retry: true, problem: { code: "premise-failed" } };
  expect(await capability().apply(null)).toMatchObject(closed);
  // The batch that was on its way when the executor stopped.
  expect(await capability().apply(plan)).toMatchObject(closed);
  expect(await rows()).toEqual(NOTHING);
  const next = context({ attempt: 2 });
  expect(await capability().apply(await prepared(next), next)).toMatchObject({ kind: "applied", replayed: false });
  expect(await rows()).toEqual(ONCE);
});

it("refuses when a record has changed since it was read, names it, and changes nothing", async () => {
  const plan = await prepared();
  await d1.prepare("UPDATE orders SET version = version + 1 WHERE tenant = ?").bind(tenant).run();
  const outcome = await capability().apply(plan);
  expect(outcome).toMatchObject({
    kind: "refused",
    retry: true,
    problem: { code: "premise-failed", facts: { resources: [`orders/${ORDER}`] } },
  });
  expect(await rows()).toEqual(NOTHING);
  expect(await capability().apply(await prepared())).toMatchObject({ kind: "applied", replayed: false });
});

it("lets two racing attempts of one action have one effect and one answer", async () => {
  const plan = await prepared();
  const outcomes = await Promise.all([capability().apply(plan), capability().apply(plan), capability().apply(plan)]);
  expect(outcomes.map((outcome) => outcome.kind === "applied" && outcome.replayed).toSorted()).toEqual([
    false,
    true,
    true,
  ]);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: "applied", result: RESULT });
  expect(await rows()).toEqual(ONCE);
});

it("refuses another task that does the same thing, and names the task that did it", async () => {
  const other = context({ task: "tsk_b", action: "act_b" });
  const plan = await prepared(other);
  await capability().apply(await prepared());
  const outcome = await capability().apply(plan, other);
  expect(outcome).toMatchObject({
    kind: "refused",
    retry: false,
    problem: { code: "effect-conflict", facts: { task: "tsk_a" } },
  });
  expect(await rows()).toEqual(ONCE);
});

it("refuses an approval that another action has used", async () => {
  await d1
    .prepare("INSERT INTO countersign_attestations (tenant, id, action) VALUES (?, 'att_1', 'act_other')")
    .bind(tenant)
    .run();
  const outcome = await capability().apply(await prepared(), context({ attestations: ["att_0", "att_1"] }));
  expect(outcome).toMatchObject({
    kind: "refused",
    retry: false,
    problem: { code: "replayed", facts: { attestation: "att_1" } },
  });
  expect(await rows()).toEqual(NOTHING);
  expect(
    await d1.prepare("SELECT count(*) AS n FROM countersign_attestations WHERE tenant = ?").bind(tenant).first("n"),
  ).toBe(1);
});

it("burns the approvals of an action with its effect", async () => {
  await capability().apply(await prepared(), context({ attestations: ["att_0", "att_1"] }));
  const { results } = await d1
    .prepare("SELECT id, action FROM countersign_attestations WHERE tenant = ? ORDER BY id")
    .bind(tenant)
    .all();
  expect(results).toEqual([
    { id: "att_0", action: "act_a" },
    { id: "att_1", action: "act_a" },
  ]);
});

it("does not reach another tenant's rows", async () => {
  const stranger = context({ tenant: "stranger" });
  const result = await capability().prepare(stranger);
  expect(result).toMatchObject({ ok: false, problem: { code: "not-found" } });
  const outcome = await capability().apply(await prepared(), stranger);
  expect(codeOf(outcome)).toBe("premise-failed");
  expect(await rows()).toEqual(NOTHING);
});

it.each<[string, Fault[], boolean]>([
  ["a batch that failed", ["failed"], false],
  ["a batch that reported failure but was written", ["persisted"], false],
  ["a lost batch and a lost reading", ["failed", "failed"], false],
  ["a written batch and two lost readings", ["persisted", "failed", "failed"], false],
  ["two batches that failed", ["failed", "answer", "failed"], false],
])("applies once in spite of %s", async (_, faults, replayed) => {
  const plan = await prepared();
  expect(await capability(faulty(faults)).apply(plan)).toEqual({ kind: "applied", result: RESULT, replayed });
  expect(await rows()).toEqual(ONCE);
  expect(await capability().apply(plan)).toMatchObject({ kind: "applied", replayed: true });
});

it("is in doubt, within a bounded number of questions, while the database gives no answer; later it says what happened", async () => {
  const plan = await prepared();
  const batches = { count: 0 };
  const outcome = await capability(faulty(["persisted", ...Array<Fault>(50).fill("failed")], batches)).apply(plan);
  expect(outcome).toMatchObject({ kind: "in-doubt", problem: { code: "effect-in-doubt" } });
  expect(batches.count).toBe(1 + LIMITS.effectAsks);
  expect(await capability().apply(plan)).toEqual({ kind: "applied", result: RESULT, replayed: true });
  expect(await rows()).toEqual(ONCE);
});

it("gives an action up when the target refuses without a reason that it can name; a late batch of it cannot land", async () => {
  const plan = await prepared();
  // A rule of the target that no premise speaks of.
  await d1
    .prepare("CREATE TRIGGER no_refunds BEFORE INSERT ON payments BEGIN SELECT RAISE(ABORT, 'closed'); END")
    .run();
  try {
    expect(await capability().apply(plan)).toMatchObject({
      kind: "refused",
      retry: false,
      problem: { code: "effect-refused" },
    });
  } finally {
    await d1.prepare("DROP TRIGGER no_refunds").run();
  }
  expect(await rows()).toEqual(NOTHING);
  expect(await capability().apply(plan)).toMatchObject({
    kind: "refused",
    retry: false,
    problem: { code: "effect-refused" },
  });
  expect(await rows()).toEqual(NOTHING);
  expect(await capability().apply(await prepared(), context({ action: "act_new" }))).toMatchObject({ kind: "applied" });
});

it("prepares nothing while the database is away, and says that it may be asked again", async () => {
  const away = capability(faulty(Array<Fault>(50).fill("failed")));
  expect(await away.prepare()).toMatchObject({ ok: false, problem: { code: "unhealthy" } });
});
