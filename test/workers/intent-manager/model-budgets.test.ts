/** Budgets for models as their object keeps them: exact under any fan-out, and no figure is believed that cannot be true. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { BudgetsRpc } from "../../../intent-manager/planning/model/budgets.ts";
import { scopesOf, type Reservation } from "../../../intent-manager/planning/model/budget-book.ts";
import { usageOf } from "../../../intent-manager/planning/model/call-model.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { microCentsOf } from "../../../shared/model.ts";

const budgets = (tenant: string) => env.MODEL_BUDGETS.getByName(tenant) as unknown as BudgetsRpc;
const ROOM = { calls: 1_000, tokens: 1_000_000, microCents: 1_000_000 };
let count = 0;
const part = (change: object = {}) => ({ task: `tsk_${count}`, tokens: 100, microCents: 1_000, ...change });
const call = (change: Partial<Reservation> = {}): Reservation => ({
  id: `call-${++count}`,
  automation: "notes",
  model: "small-1",
  runs: [part()],
  run: ROOM,
  day: ROOM,
  tenantDay: ROOM,
  ...change,
});
const today = async (tenant: string) => (await budgets(tenant).spent([scopesOf("", "", Date.now()).tenantDay]))[0]!;

it.each([
  ["calls", { ...ROOM, calls: 100 }],
  ["tokens", { ...ROOM, tokens: 100 * 100 + 99 }],
  ["microCents", { ...ROOM, microCents: 100 * 1_000 + 999 }],
] as const)("200 calls at once against a budget of %s for 100 are 100 calls", async (figure, limit) => {
  const tenant = `fan-${figure}`;
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const asked = call({ tenantDay: limit });
      const answer = await budgets(tenant).reserve(asked);
      if (answer.ok)
        await budgets(tenant).settle({ id: asked.id, used: [{ tokens: 100, microCents: 1_000 }], answered: true });
      return answer;
    }),
  );
  expect(answers.filter(({ ok }) => ok)).toHaveLength(100);
  expect(answers.find(({ ok }) => !ok)).toMatchObject({
    problem: { code: "budget-exceeded", facts: { budget: "tenantDay", figure } },
  });
  expect(await today(tenant)).toMatchObject({ calls: 100, tokens: 10_000, microCents: 100_000 });
});

it("the run, the automation's day and the tenant's day are counted apart, and all three must have room", async () => {
  const run = { ...ROOM, calls: 1 };
  const first = call({ run, runs: [part({ task: "tsk_same" })] });
  expect(await budgets("apart").reserve(first)).toMatchObject({ ok: true });
  expect(await budgets("apart").reserve(call({ run, runs: [part({ task: "tsk_same" })] }))).toMatchObject({
    problem: { facts: { budget: "run" } },
  });
  expect(await budgets("apart").reserve(call({ day: { ...ROOM, calls: 1 } }))).toMatchObject({
    problem: { facts: { budget: "day" } },
  });
  expect(await budgets("apart").reserve(call({ automation: "other", day: { ...ROOM, calls: 1 } }))).toMatchObject({
    ok: true,
  });
});

it("a call is settled once, at what it was; what nobody can say stays as reserved", async () => {
  const known = call();
  const unknown = call();
  for (const asked of [known, known, unknown]) await budgets("settled").reserve(asked);
  expect(await today("settled")).toMatchObject({ calls: 2, tokens: 200, microCents: 2_000 });
  for (let i = 0; i < 3; i++)
    await budgets("settled").settle({ id: known.id, used: [{ tokens: 30, microCents: 300 }], answered: true });
  await budgets("settled").settle({ id: unknown.id, used: null, answered: true });
  await budgets("settled").settle({ id: "never-reserved", used: [{ tokens: 1, microCents: 1 }], answered: true });
  expect(await today("settled")).toMatchObject({ calls: 2, tokens: 130, microCents: 1_300 });
});

it("a call that tasks share is one call of the day, each run has its own part, and the parts add up", async () => {
  const runs = ["a", "b", "c"].map((task, i) => part({ task: `tsk_${task}`, tokens: 100 + i, microCents: 1_000 + i }));
  const shared = call({ runs });
  expect(await budgets("shared").reserve(shared)).toMatchObject({ ok: true });
  const spent = async () =>
    await budgets("shared").spent([
      ...runs.map(({ task }) => scopesOf(task, "", 0).run),
      scopesOf("", "notes", Date.now()).day,
    ]);
  expect((await spent()).map(({ calls, tokens }) => [calls, tokens])).toEqual([
    [1, 100],
    [1, 101],
    [1, 102],
    [1, 303],
  ]);
  const used = [7, 5, 0].map((tokens) => ({ tokens, microCents: tokens * 10 }));
  await budgets("shared").settle({ id: shared.id, used, answered: true });
  expect((await spent()).map(({ tokens, microCents }) => [tokens, microCents])).toEqual([
    [7, 70],
    [5, 50],
    [0, 0],
    [12, 120],
  ]);
  // One run without room refuses the call, and is named; nothing of it stays reserved.
  const poor = call({ runs, run: { ...ROOM, tokens: 106 } });
  expect(await budgets("shared").reserve(poor)).toMatchObject({
    problem: { code: "budget-exceeded", facts: { budget: "run", tasks: ["tsk_a"] } },
  });
  expect((await spent()).at(-1)).toMatchObject({ calls: 1, tokens: 12 });
});

it("nothing is reserved that cannot be counted", async () => {
  for (const tokens of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])
    expect(await budgets("odd").reserve(call({ runs: [part({ tokens })] }))).toMatchObject({
      problem: { code: "budget-exceeded" },
    });
  expect((await today("odd")).calls).toBe(0);
});

it("a model that fails several times in a row is left alone for a while; an answer makes good for it", async () => {
  const fail = async (answered: boolean) => {
    const asked = call({ model: "shaky" });
    const answer = await budgets("breaker").reserve(asked);
    if (answer.ok) await budgets("breaker").settle({ id: asked.id, used: null, answered });
    return answer;
  };
  for (let i = 1; i < LIMITS.modelFailures; i++) await fail(false);
  await fail(true);
  for (let i = 0; i < LIMITS.modelFailures; i++) expect(await fail(false)).toMatchObject({ ok: true });
  expect(await fail(false)).toMatchObject({ problem: { code: "model-unavailable" } });
  expect(await budgets("breaker").reserve(call())).toMatchObject({ ok: true });
});

it("figures that a call cannot have had are not believed", () => {
  const most = { inputTokens: 100, outputTokens: 50 };
  const believed = (input: unknown, output: unknown) => usageOf({ input, output }, most);
  expect(believed(100, 50)).toEqual(most);
  for (const odd of [undefined, null, Number.NaN, -1, 0.5, "7", Number.POSITIVE_INFINITY, 101])
    expect([believed(odd, 1), believed(1, odd)]).toEqual([null, null]);
  expect(believed(0, 1)).toBeNull();
  expect(microCentsOf({ inputCents: 15, outputCents: 60 }, 1_000_000, 1)).toBe(15_000_060);
});
