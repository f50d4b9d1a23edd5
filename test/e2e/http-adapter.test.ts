/** The HTTP adapter in workerd against a real server on localhost that counts what it did. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ActionContext, Outcome } from "../../executors/adapters/types.ts";
import { FAULTS, startEffectServer, type EffectServer, type Fault } from "../support/effect-server.ts";
import { startProbe, type Started } from "../support/probe.ts";
import { actionContext, said } from "../support/action-context.ts";

let server: EffectServer;
let probe: Started;
beforeAll(async () => {
  server = await startEffectServer();
  probe = await startProbe("test/support/egress-probe.worker.ts");
});
afterAll(async () => {
  await probe?.stop();
  await server?.close();
});

let actions = 0;
beforeEach(() => void actions++);
/** A request that stalls ends after this long; another one has the time that a busy machine may take. */
const SHORT_MS = 300;
const LONG_MS = 20_000;
const limitOf = (fault: Fault) => ({ deadlineMs: 10_000 + (fault.startsWith("stall") ? SHORT_MS : LONG_MS) });

const settings = () => ({
  HTTP_TARGETS: JSON.stringify({ development: true, origins: { payments: server.origin, courier: server.origin } }),
  CREDENTIALS: JSON.stringify({
    payments: { kind: "bearer", capability: "payments.refund", token: "a-static-token" },
    courier: { kind: "header", capability: "pickups.book", header: "x-api-key", value: "a-static-key" },
  }),
});
const context = (capability: string, change: Partial<ActionContext> = {}): ActionContext =>
  actionContext({
    capability,
    action: `act_${actions}`,
    premises: [{ resource: "charges/ch_12345678", version: 1, class: "conditional-request", etag: '"v1"' }],
    deadlineMs: 10_000 + LONG_MS,
    nowMs: 10_000,
    ...change,
  });
const ARGS = {
  "payments.refund": { chargeId: "ch_12345678", amountCents: 500 },
  "pickups.book": { orderId: `#W1234567`, day: "2026-11-21" },
};
const apply = (capability: keyof typeof ARGS, change: Partial<ActionContext> = {}): Promise<Outcome> =>
  probe.ask({
    run: "apply",
    settings: settings(),
    capability,
    args: capability === "pickups.book" ? { ...ARGS[capability], orderId: order() } : ARGS[capability],
    context: context(capability, change),
  });
const order = () => `#W${String(1_000_000 + actions)}`;
/** How often the effect of the current test was done. */
const done = (): number => {
  const counts = server.effects();
  const keys = server.seen().map(({ headers }) => headers["idempotency-key"] as string);
  return (counts.get(keys.at(-1) ?? "") ?? 0) + (counts.get(order()) ?? 0);
};

/** What the first call must say of each fault. */
const FIRST: { readonly [fault in Fault]: readonly [refund: string, pickup: string] } = {
  none: ["applied", "applied"],
  "cut-before": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "cut-after": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "cut-in-answer": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "stall-before": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "stall-after": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "500-before": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "500-after": ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  // The payment provider is declared to have done nothing then; nothing is known of the courier.
  "429": ["refused target-unavailable", "in-doubt effect-in-doubt"],
  "503": ["refused target-unavailable", "in-doubt effect-in-doubt"],
  "400": ["refused effect-refused", "refused effect-refused"],
  "303-after": ["in-doubt egress-refused", "in-doubt egress-refused"],
  "307-here": ["applied", "applied"],
  "307-away": ["refused egress-refused", "refused egress-refused"],
  huge: ["in-doubt effect-in-doubt", "in-doubt effect-in-doubt"],
  "not-json": ["in-doubt answer-invalid", "in-doubt answer-invalid"],
  "wrong-shape": ["in-doubt answer-invalid", "in-doubt answer-invalid"],
  echo: ["refused effect-refused", "refused effect-refused"],
};
const faults = Object.keys(FAULTS) as Fault[];

describe("a callee with idempotency keys", () => {
  it.each(faults)("answers, after %s, to the same key with one effect", async (fault) => {
    server.plan(fault);
    const first = await apply("payments.refund", limitOf(fault));
    expect(said(first)).toBe(FIRST[fault][0]);
    // Proof of the outcomes: refused means that nothing was done, applied that it was.
    if (first.kind !== "in-doubt") expect(done()).toBe(first.kind === "applied" ? 1 : 0);
    const again = await apply("payments.refund", { resumed: true, deadlineMs: 1 });
    expect(said(again)).toBe("applied");
    expect(done()).toBe(1);
  });

  it("gets the same key on every attempt of an action, another one for another action, and none of our ids", async () => {
    const from = server.seen().length;
    await apply("payments.refund");
    await apply("payments.refund", { resumed: true, attempt: 2 });
    await apply("payments.refund", { action: "act_other" });
    await apply("payments.refund", { tenant: "u" });
    const keys = server
      .seen()
      .slice(from)
      .map(({ headers }) => headers["idempotency-key"]);
    expect(keys[0]).toMatch(/^"[a-z2-7]{26}"$/);
    expect([keys[1] === keys[0], new Set(keys).size]).toEqual([true, 3]);
  });

  it("is tried again after the pause that it asks for", async () => {
    server.plan("503");
    expect(await apply("payments.refund")).toMatchObject({ kind: "refused", retry: true, retryAfterMs: 1_000 });
  });

  it("may have its secret replaced while actions are under way: each is done once, and none is refused for good", async () => {
    const token = { kind: "bearer", capability: "payments.refund" };
    let secrets: object = { ...token, token: "the-old-secret" };
    const attempt = (action: string, n: number): Promise<Outcome> =>
      probe.ask({
        run: "apply",
        settings: { ...settings(), CREDENTIALS: JSON.stringify({ payments: secrets }) },
        capability: "payments.refund",
        args: ARGS["payments.refund"],
        context: context("payments.refund", { action, attempt: n }),
      });
    /** Attempts until one is not to be repeated, as an executor makes them. */
    const act = async (action: string): Promise<Outcome> => {
      for (let n = 1; ; n++) {
        const outcome = await attempt(action, n);
        if (outcome.kind !== "refused" || !outcome.retry || n === 5) return outcome;
      }
    };
    const from = server.seen().length;
    const before = [...server.effects().values()].reduce((sum, times) => sum + times, 0);
    const outcomes: Promise<Outcome>[] = [];
    const some = () =>
      outcomes.push(...Array.from({ length: 5 }, () => act(`act_rotated_${outcomes.length + Math.random()}`)));
    server.acceptOnly("Bearer the-old-secret");
    some();
    secrets = { ...token, token: "the-new-secret", previous: "the-old-secret" };
    some(); // The callee does not know the new one yet.
    await outcomes.at(-1);
    some();
    server.acceptOnly("Bearer the-new-secret");
    some(); // The old one has ended.
    await outcomes.at(-1);
    secrets = { ...token, token: "the-new-secret" };
    some();
    expect((await Promise.all(outcomes)).map(said)).toEqual(outcomes.map(() => "applied"));
    server.acceptOnly(null);
    expect(server.seen().length - from).toBeGreaterThan(outcomes.length); // some were answered with 401 first
    const after = [...server.effects().values()];
    expect([after.reduce((sum, times) => sum + times, 0) - before, Math.max(...after)]).toEqual([outcomes.length, 1]);
  });

  it("refuses a charge that moved since it was read, and it is prepared again", async () => {
    const premises = [
      { resource: "charges/ch_12345678", version: 0, class: "conditional-request" as const, etag: '"v0"' },
    ];
    expect(await apply("payments.refund", { premises })).toMatchObject({
      kind: "refused",
      retry: true,
      problem: { code: "premise-failed" },
    });
    expect(await apply("payments.refund", { premises: [] })).toMatchObject({ kind: "refused", retry: true });
    // The condition fails also where the action itself moved the charge: after a doubt that proves nothing.
    expect(said(await apply("payments.refund", { premises, resumed: true }))).toBe("in-doubt effect-in-doubt");
  });

  it("is read first: preview, premise with its tag, and one sentence", async () => {
    const capability = "payments.refund";
    const prepared = await probe.ask({
      run: "prepare",
      settings: settings(),
      capability,
      args: ARGS[capability],
      context: context(capability),
    });
    expect(prepared).toMatchObject({
      ok: true,
      value: {
        preview: { refundableCents: 100_000 },
        premises: [{ resource: "charges/ch_12345678", version: 1, class: "conditional-request", etag: '"v1"' }],
        summary: "Refund 500 cents of the charge ch_12345678.",
      },
    });
  });

  it("refuses a repeated request for its own reasons: that says nothing about the first", async () => {
    for (const fault of ["400", "429", "503", "307-away"] as const) {
      server.plan(fault);
      expect((await apply("payments.refund", { resumed: true })).kind).toBe("in-doubt");
    }
  });
});

describe("a callee without keys", () => {
  it.each(faults)("is not asked again after %s", async (fault) => {
    server.plan(fault);
    const first = await apply("pickups.book", limitOf(fault));
    expect(said(first)).toBe(FIRST[fault][1]);
    if (first.kind !== "in-doubt") expect(done()).toBe(first.kind === "applied" ? 1 : 0);
    const from = server.seen().length;
    expect(said(await apply("pickups.book", { resumed: true }))).toBe("in-doubt effect-in-doubt");
    expect(server.seen().length).toBe(from);
    expect(done()).toBe(FAULTS[fault] === "done" ? 1 : 0);
  });

  it("is not asked when the task's time is over", async () => {
    const from = server.seen().length;
    expect(await apply("pickups.book", { deadlineMs: 10_000 })).toMatchObject({
      kind: "refused",
      retry: false,
      problem: { code: "expired" },
    });
    expect(server.seen().length).toBe(from);
  });
});

it("a server that echoes the credential gives none of it back", async () => {
  server.plan("echo");
  const call = {
    capability: "payments.refund",
    method: "POST",
    path: "/v1/charges/ch_1/refunds",
    headers: {},
    body: '{"reference":"#W7654321"}',
    timeoutMs: 1_000,
  };
  const [answer] = await probe.ask({ run: "send", settings: settings(), call });
  expect(answer.kind).toBe("answered");
  expect(server.seen().at(-1)!.headers.authorization).toBe("Bearer a-static-token");
  expect(answer.body).toContain("Bearer [redacted]");
  expect(answer.etag).toContain("[redacted]");
  expect(JSON.stringify(answer)).not.toContain("a-static-token");
});
