/** Domain effect keys, over the real D1 and the real claim object: what two tasks may do once, what an undo frees, what doubt keeps. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { d1Capability, type D1Definition } from "../../../executors/adapters/d1.ts";
import { D1Databases } from "../../../executors/adapters/d1-asker.ts";
import { claimingKeys, type ClaimsRpc } from "../../../executors/adapters/claims.ts";
import type { ActionContext, Capability, Outcome } from "../../../executors/adapters/types.ts";
import { insert } from "../../../executors/adapters/writes.ts";
import { workersPlatform } from "../../../executors/platform.ts";
import { undoKey } from "../../../shared/effect-keys.ts";
import { problem } from "../../../shared/problems.ts";
import { ok } from "../../../shared/result.ts";
import { actionContext } from "../../support/action-context.ts";

const KEY = "cancel:order:#W1";
let tenant: string;
let counter = 0;

beforeEach(() => {
  tenant = `claims${++counter}`;
});

const context = (name: string, overrides: Partial<ActionContext> = {}): ActionContext =>
  actionContext({
    tenant,
    task: `tsk_${name}`,
    step: "step",
    capability: "orders.cancel",
    action: `act_${name}`,
    effectKey: KEY,
    deadlineMs: 60_000,
    ...overrides,
  });
/** An action that takes the action `of` back. */
const undoing = (name: string, of: string): ActionContext =>
  context(name, { effectKey: undoKey(`act_${of}`), undoes: { action: `act_${of}`, effectKey: KEY } });

const definition = (capability: "cancel" | "undo"): D1Definition<Record<string, never>, never> => ({
  contract: {
    name: `orders.${capability}`,
    version: "1.0.0",
    summary: "Does it.",
    input: {},
    output: {},
    risk: "low",
    effect: "write",
    reversible: true,
    delivery: "exactly-once",
    roles: {},
    tags: [],
  },
  read: () => ({}),
  plan: (_, __, { action }) =>
    ok({
      preview: {},
      summary: "Do it.",
      changes: [],
      premises: [],
      statements: [insert("products", { id: action, name: capability })],
      result: { action },
    }),
});

type Apply = (context: ActionContext) => Promise<Outcome>;

const inD1: Apply = async (of) => {
  const databases = new D1Databases({
    databaseOf: () => env.BUSINESS_EU,
    newNonce: () => crypto.randomUUID(),
    setTimer: workersPlatform.setTimer,
  });
  const capability = d1Capability(definition("cancel"), databases);
  if (capability.kind !== "external") throw new Error("a capability over D1 is external");
  const prepared = await capability.prepare!({}, of);
  if (!prepared.ok) throw new Error(prepared.problem.code);
  return capability.apply({}, prepared.value, of);
};

const namespace = (env as unknown as { EFFECT_CLAIMS: DurableObjectNamespace }).EFFECT_CLAIMS;
const claimsOf = (of: string, key: string) => namespace.getByName(`${of}/${key}`) as unknown as ClaimsRpc;

/** What a system outside did, and how it answers. */
const outside: { done: string[]; answer: (action: string) => Outcome } = { done: [], answer: () => applied };
const applied: Outcome = { kind: "applied", result: {}, replayed: false };
const refused: Outcome = { kind: "refused", problem: problem("effect-refused", "No."), retry: true };
const doubt: Outcome = { kind: "in-doubt", problem: problem("effect-in-doubt", "?") };

const plain: Capability = {
  kind: "external",
  contract: definition("cancel").contract,
  prepare: null,
  apply: async (_, __, { action }) => {
    const outcome = outside.answer(action);
    if (outcome.kind !== "refused") outside.done.push(action);
    return outcome;
  },
  reconcile: async (_, { action }) => outside.answer(action),
};
const claiming = (of = claimsOf) => {
  const capability = claimingKeys(plain, { claimsOf: of, setTimer: workersPlatform.setTimer });
  if (capability.kind !== "external") throw new Error("it stays external");
  return capability;
};
const inObject: Apply = (of) => claiming().apply({}, null, of);

beforeEach(() => {
  outside.done = [];
  outside.answer = () => applied;
});

const conflictWith = (task: string) => ({
  kind: "refused",
  retry: false,
  problem: { code: "effect-conflict", facts: { task } },
});

describe.each<[string, Apply]>([
  ["claimed in the batch of D1", inD1],
  ["claimed in an object of its own", inObject],
])("a domain key %s", (_, apply) => {
  it("lets one task do it; another hears which task did", async () => {
    expect(await apply(context("a"))).toMatchObject({ kind: "applied" });
    expect(await apply(context("b"))).toMatchObject(conflictWith("tsk_a"));
    expect(await apply(context("a"))).toMatchObject({ kind: "applied" });
  });

  it("lets one of many that try at the same time do it", async () => {
    const outcomes = await Promise.all(Array.from({ length: 12 }, (__, i) => apply(context(`r${i}`))));
    expect(outcomes.filter(({ kind }) => kind === "applied")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "refused")).toHaveLength(11);
  });

  it("can be claimed again when what was done was undone, and then names who holds it now", async () => {
    await apply(context("a"));
    expect(await apply(undoing("u", "a"))).toMatchObject({ kind: "applied" });
    expect(await apply(context("b"))).toMatchObject({ kind: "applied" });
    expect(await apply(context("c"))).toMatchObject(conflictWith("tsk_b"));
    expect(await apply(undoing("v", "b"))).toMatchObject({ kind: "applied" });
    expect(await apply(context("c"))).toMatchObject({ kind: "applied" });
  });

  it("lets an action be undone once: whoever compensates it, nobody reverses it as well", async () => {
    await apply(context("a"));
    expect(await apply(undoing("compensation", "a"))).toMatchObject({ kind: "applied" });
    expect(await apply(undoing("reversal", "a"))).toMatchObject(conflictWith("tsk_compensation"));
    // The undo again, after a crash: it frees nothing that was claimed since.
    expect(await apply(context("b"))).toMatchObject({ kind: "applied" });
    expect(await apply(undoing("compensation", "a"))).toMatchObject({ kind: "applied" });
    expect(await apply(context("c"))).toMatchObject(conflictWith("tsk_b"));
  });

  it("is another one for another tenant", async () => {
    await apply(context("a"));
    expect(await apply(context("b", { tenant: `${tenant}x` }))).toMatchObject({ kind: "applied" });
  });
});

describe("a key in an object of its own", () => {
  it("is free again when the effect is proved not to have happened", async () => {
    outside.answer = () => refused;
    expect(await inObject(context("a"))).toMatchObject({ kind: "refused" });
    outside.answer = () => applied;
    expect(await inObject(context("b"))).toMatchObject({ kind: "applied" });
  });

  it("is kept while the effect is in doubt, and given back or settled when the doubt ends", async () => {
    outside.answer = () => doubt;
    expect(await inObject(context("a"))).toMatchObject({ kind: "in-doubt" });
    expect(await inObject(context("b"))).toMatchObject(conflictWith("tsk_a"));
    outside.answer = () => refused;
    expect(await claiming().reconcile!({}, context("a", { resumed: true }))).toMatchObject({ kind: "refused" });
    outside.answer = () => applied;
    expect(await inObject(context("b"))).toMatchObject({ kind: "applied" });
    expect(outside.done).toEqual(["act_a", "act_b"]);
  });

  it("is free again when a person says that a doubtful effect did not happen, and stays taken when they say that it did", async () => {
    outside.answer = () => doubt;
    expect(await inObject(context("a"))).toMatchObject({ kind: "in-doubt" });
    await claiming().resolved!("not-applied", context("a"));
    expect(await inObject(context("b"))).toMatchObject({ kind: "in-doubt" });
    await claiming().resolved!("applied", context("b"));
    await claiming().resolved!("not-applied", context("b"));
    outside.answer = () => applied;
    expect(await inObject(context("c"))).toMatchObject({ kind: "refused", problem: { code: "effect-conflict" } });
  });

  it("is held over a restart of its object", async () => {
    await inObject(context("a"));
    await evictDurableObject(namespace.getByName(`${tenant}/${KEY}`));
    expect(await inObject(context("b"))).toMatchObject(conflictWith("tsk_a"));
  });

  it("sends nothing for an action that was undone", async () => {
    await inObject(context("a"));
    await inObject(undoing("u", "a"));
    expect(await inObject(context("a"))).toMatchObject({ kind: "refused", problem: { code: "replayed" } });
    expect(outside.done).toEqual(["act_a", "act_u"]);
  });

  it("that cannot be claimed lets nothing leave: refused where nothing has left before, in doubt where that is not known", async () => {
    const away = () => {
      throw new Error("Network connection lost.");
    };
    const capability = claiming(() => ({ claim: away, settle: away, release: away, raise: away }));
    expect(await capability.apply({}, null, context("a"))).toMatchObject({ kind: "refused", retry: true });
    expect(await capability.apply({}, null, context("a", { resumed: true }))).toMatchObject({ kind: "in-doubt" });
    expect(outside.done).toEqual([]);
  });

  it("whose undo cannot be told leaves the undo in doubt, so that it is asked about again", async () => {
    await inObject(context("a"));
    const lost: typeof claimsOf = (of, key) => ({
      ...bound(claimsOf(of, key)),
      raise: () => Promise.reject(new Error("Network connection lost.")),
    });
    expect(await claiming(lost).apply({}, null, undoing("u", "a"))).toMatchObject({ kind: "in-doubt" });
    expect(await inObject(undoing("u", "a"))).toMatchObject({ kind: "applied" });
    expect(await inObject(context("b"))).toMatchObject({ kind: "applied" });
  });
});

const bound = (claims: ClaimsRpc): ClaimsRpc => ({
  claim: (action, task, attempt) => claims.claim(action, task, attempt),
  settle: (action) => claims.settle(action),
  release: (action, attempt) => claims.release(action, attempt),
  raise: (action) => claims.raise(action),
});
