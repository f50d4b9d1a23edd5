/** Actions that share D1 batches: whatever meets in a batch, rows and answers are those of one after another. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { d1Capability, type D1Definition } from "../../executors/adapters/d1.ts";
import { D1Databases } from "../../executors/adapters/d1-asker.ts";
import type { Database } from "../../executors/adapters/d1-batcher.ts";
import { sql, TENANT } from "../../executors/adapters/sql.ts";
import type { ActionContext, Outcome, Prepared } from "../../executors/adapters/types.ts";
import { NEXT, insert, update } from "../../executors/adapters/writes.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";
import { openBusinessDatabase } from "../support/sqlite-d1.ts";

const TENANTS = ["acme", "other"];
const CARDS = ["card_a", "card_b"];
const BALANCE = 100;

type Args = { readonly card: string; readonly cents: number; readonly versioned: boolean };
/** Takes money from a card. A version that moved is a premise; money that is not there is a rule of the target alone. */
const spend: D1Definition<Args, "card"> = {
  contract: {
    name: "card.spend",
    version: "1.0.0",
    summary: "Takes money from a card.",
    input: {},
    output: {},
    risk: "low",
    effect: "write",
    reversible: false,
    delivery: "exactly-once",
    roles: {},
    tags: [],
  },
  read: ({ card }) => ({ card: sql`SELECT version FROM payment_methods WHERE tenant = ${TENANT} AND id = ${card}` }),
  plan: ({ card, cents, versioned }, rows, { action }) => {
    const version = rows.card[0]!["version"] as number;
    const condition = sql`(SELECT version FROM payment_methods WHERE tenant = ${TENANT} AND id = ${card}) = ${version}`;
    return ok({
      preview: {},
      summary: "Spend.",
      changes: [],
      premises: versioned ? [{ resource: `cards/${card}`, version, condition }] : [],
      statements: [
        update("payment_methods", { balance_cents: sql`balance_cents - ${cents}`, version: NEXT }, sql`id = ${card}`),
        insert("handoffs", { id: action, customer_id: "someone", summary: `${card} ${cents}`, at_ms: 1 }),
      ],
      result: { action },
    });
  },
};

type Effect = {
  readonly tenant: string;
  readonly action: string;
  readonly task: string;
  readonly effectKey: string | null;
  readonly attestations: readonly string[];
  readonly args: Args;
};

/** Some actions, and an order in which they are tried, some of them more than once. What an action does never changes. */
const effects = fc
  .record({
    kinds: fc.array(
      fc.record({
        tenant: fc.constantFrom(...TENANTS),
        effectKey: fc.constantFrom(null, null, "spend:1", "spend:2"),
        attestations: fc.subarray(["att_1", "att_2", "att_3"]),
        args: fc.record({
          card: fc.constantFrom(...CARDS),
          cents: fc.constantFrom(10, 30, 60),
          versioned: fc.boolean(),
        }),
      }),
      { minLength: 10, maxLength: 10 },
    ),
    tries: fc.array(fc.nat(9), { minLength: 2, maxLength: 14 }),
  })
  .map(({ kinds, tries }) =>
    tries.map((number): Effect => ({ ...kinds[number]!, action: `act_${number}`, task: `tsk_${number}` })),
  );

const contextOf = ({ tenant, action, task, effectKey, attestations }: Effect): ActionContext => ({
  tenant,
  region: "eu",
  task,
  step: "spend",
  capability: "card.spend",
  action,
  attempt: 1,
  effectKey,
  attestations,
  premises: [],
  resumed: false,
  traceparent: null,
  deadlineMs: 2_000,
  nowMs: 1_000,
});

/** A database with a card of each kind for each tenant, counting its batches. */
function world(send: (batch: Database["batch"]) => Database["batch"] = (batch) => batch) {
  const { d1, sqlite } = openBusinessDatabase();
  for (const tenant of TENANTS) {
    sqlite.exec(`INSERT INTO customers VALUES ('${tenant}', 'someone', 'A', 'B', 'c@d', '', '', '', '', '', '', 1)`);
    for (const card of CARDS)
      sqlite.exec(
        `INSERT INTO payment_methods VALUES ('${tenant}', '${card}', 'someone', 'gift_card', NULL, NULL, ${BALANCE}, 1)`,
      );
  }
  let batches = 0;
  const batch = send(d1.batch);
  const counted: Database = {
    prepare: d1.prepare,
    batch: (statements) => {
      batches++;
      return batch(statements);
    },
  };
  let nonces = 0;
  const databases = new D1Databases({
    databaseOf: () => counted,
    newNonce: () => `nonce_${++nonces}`,
    // Pauses are short here; only an answer is waited for as long as it takes.
    setTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms >= LIMITS.effectAskMs ? ms : 1);
      return () => clearTimeout(timer);
    },
  });
  const capability = d1Capability(spend, databases);
  if (capability.kind !== "external") throw new Error("a capability over D1 is external");
  const { prepare, apply } = capability;
  return {
    batches: () => batches,
    prepare: async (effect: Effect): Promise<Prepared> => {
      const prepared = await prepare!(effect.args, contextOf(effect));
      if (!prepared.ok) throw new Error(prepared.problem.code);
      return prepared.value;
    },
    apply: (effect: Effect, prepared: Prepared | null) => apply(effect.args, prepared, contextOf(effect)),
    rows: () =>
      [
        "SELECT * FROM payment_methods",
        "SELECT * FROM handoffs",
        "SELECT tenant, action, effect_key, generation, task, status, result FROM countersign_effects WHERE status = 'applied'",
        "SELECT * FROM countersign_attestations",
      ].map((text) => sqlite.prepare(`${text} ORDER BY 1, 2`).all()),
  };
}

const summary = (outcome: Outcome) =>
  outcome.kind === "applied"
    ? { kind: outcome.kind, replayed: outcome.replayed, result: outcome.result }
    : { kind: outcome.kind, code: outcome.problem.code, facts: outcome.problem.facts ?? {} };

const kindOf = (outcome: Outcome) => ({ kind: outcome.kind, replayed: outcome.kind === "applied" && outcome.replayed });

it("gives the rows and the answers of one action after another, whatever shares the batch", async () => {
  await fc.assert(
    fc.asyncProperty(effects, async (list) => {
      const together = world();
      const apart = world();
      const plans = await Promise.all(list.map((effect) => together.prepare(effect)));
      const plansApart = [];
      for (const effect of list) plansApart.push(await apart.prepare(effect));

      const outcomes = await Promise.all(list.map((effect, i) => together.apply(effect, plans[i]!)));
      const expected = [];
      for (const [i, effect] of list.entries()) expected.push(await apart.apply(effect, plansApart[i]!));

      for (const [i, one] of list.entries()) {
        // Where several things forbid an action, the one that is named depends on when the rows are read.
        const only = one.effectKey === null && one.attestations.length === 0;
        expect(only ? summary(outcomes[i]!) : kindOf(outcomes[i]!)).toEqual(
          only ? summary(expected[i]!) : kindOf(expected[i]!),
        );
      }
      expect(together.rows()).toEqual(apart.rows());
    }),
    { numRuns: 150 },
  );
});

it("keeps every promise when batches are lost before or after they were written", async () => {
  const fault = fc.constantFrom("none", "failed", "persisted");
  await fc.assert(
    fc.asyncProperty(effects, fc.array(fault, { maxLength: 12 }), async (list, faults) => {
      const left: string[] = [];
      const w = world((batch) => async (statements) => {
        const what = left.shift() ?? "none";
        if (what === "failed") throw new Error("D1_ERROR: Network connection lost.");
        const results = await batch(statements);
        if (what === "persisted") throw new Error("D1_ERROR: Network connection lost.");
        return results as never;
      });
      const plans = await Promise.all(list.map((effect) => w.prepare(effect)));
      left.push(...faults);
      const outcomes = await Promise.all(list.map((effect, i) => w.apply(effect, plans[i]!)));
      const [cards, spent, rows] = w.rows() as Record<string, string | number>[][];
      // Money moved exactly for the rows that say so, and each answer is what its row says.
      for (const { tenant, id, balance_cents: balance } of cards!) {
        const gone = spent!.filter((row) => row["tenant"] === tenant && String(row["summary"]).startsWith(`${id} `));
        expect(balance).toBe(
          BALANCE - gone.reduce((sum, row) => sum + Number(String(row["summary"]).split(" ")[1]), 0),
        );
      }
      const applied = rows!.map(({ tenant, action }) => `${tenant} ${action}`);
      expect(spent!.map(({ tenant, id }) => `${tenant} ${id}`)).toEqual(applied);
      for (const [i, outcome] of outcomes.entries()) {
        const { tenant, action } = list[i]!;
        if (outcome.kind === "applied") expect(applied).toContain(`${tenant} ${action}`);
        const first = list.findIndex((effect) => effect.tenant === tenant && effect.action === action);
        const doubled = list.some((effect, j) => j !== first && effect.tenant === tenant && effect.action === action);
        if (outcome.kind === "refused" && !doubled) expect(applied).not.toContain(`${tenant} ${action}`);
      }
    }),
    { numRuns: 150 },
  );
});

const effect = (number: number, overrides: Partial<Effect> = {}): Effect => ({
  tenant: "acme",
  action: `act_${number}`,
  task: `tsk_${number}`,
  effectKey: null,
  attestations: [],
  args: { card: "card_a", cents: 1, versioned: false },
  ...overrides,
});

it("reads and writes for many actions with one batch each", async () => {
  const w = world();
  const list = Array.from({ length: 40 }, (_, i) => effect(i));
  const plans = await Promise.all(list.map((one) => w.prepare(one)));
  expect(w.batches()).toBe(1);
  const outcomes = await Promise.all(list.map((one, i) => w.apply(one, plans[i]!)));
  expect(w.batches()).toBe(2);
  expect(outcomes.every(({ kind }) => kind === "applied")).toBe(true);
});

it("lets an action that the target itself refuses fail alone", async () => {
  const w = world();
  const list = [effect(1), effect(2, { args: { card: "card_b", cents: BALANCE + 1, versioned: false } }), effect(3)];
  const plans = await Promise.all(list.map((one) => w.prepare(one)));
  const outcomes = await Promise.all(list.map((one, i) => w.apply(one, plans[i]!)));
  expect(outcomes.map(summary)).toMatchObject([
    { kind: "applied", replayed: false },
    { kind: "refused", code: "effect-refused" },
    { kind: "applied", replayed: false },
  ]);
});

it("does not wait for a batch that hangs", async () => {
  let sent = 0;
  const w = world((batch) => (statements) => (++sent === 2 ? new Promise(() => {}) : batch(statements)));
  const [one, other] = [effect(1), effect(2)];
  const plans = await Promise.all([w.prepare(one), w.prepare(other)]);
  void w.apply(one, plans[0]!);
  await Promise.resolve();
  expect(await w.apply(other, plans[1]!)).toMatchObject({ kind: "applied" });
});

it("refuses a change whose names are more than names", () => {
  expect(() => update("orders; --", { version: NEXT }, sql`id = ${1}`)).toThrow(TypeError);
  expect(() => insert("orders", { "id) --": 1 })).toThrow(TypeError);
});
