import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { runsSql } from "../../../ledger/queries/runs.ts";
import type { RunView } from "../../../shared/api/runs.ts";
import { toBase64, utf8 } from "../../../shared/bytes.ts";
import type { TaskEvent } from "../../../shared/events.ts";
import type { ModelCall } from "../../../shared/model.ts";
import type { RunQuery } from "../../../shared/rpc/answers.ts";
import {
  admitted,
  applied,
  attested,
  claimed,
  opened,
  reviewApproved,
  reviewRequested,
  settled,
  testTask,
  undoStarted,
} from "../../support/chain.ts";
import { chainOf, expectRefused, followed, ledger, newTenant, valueOf } from "./world.ts";

const runsOf = async (query: Omit<RunQuery, "limit"> & { limit?: number }): Promise<readonly RunView[]> =>
  valueOf(await ledger.runs({ limit: 100, ...query })).runs;

/** A plan whose signed payload can be read, with one step for each capability. */
function planned(capabilities: readonly string[], model: readonly ModelCall[] = []): TaskEvent {
  const steps = capabilities.map((capability, i) => ({
    id: `s${i + 1}`,
    capability,
    undo: { capability: `${capability}.undo` },
  }));
  const event = admitted(steps.map(({ id }) => id)) as Extract<TaskEvent, { type: "plan-admitted" }>;
  return { ...event, envelope: { ...event.envelope, payload: toBase64(utf8(JSON.stringify({ steps, model }))) } };
}

it("a run has who asked, what was decided, who reviewed it and how long that took, what was tried, and what came out", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/2`);
  const task = testTask(chain.executor, 1);
  const refused: TaskEvent = { type: "step-refused", step: "s1", code: "premise-failed", attempt: 1, retryAtMs: 1 };
  chain.write(task, [opened(chain.executor), planned(["orders.cancel"]), reviewRequested(task, "s1")]);
  chain.write(task, [attested(task, "s1", "bea"), reviewApproved(task, "s1")]);
  chain.write(task, [claimed("s1"), refused]);
  chain.write(task, [{ ...claimed("s1"), attempt: 2 } as TaskEvent]);
  chain.write(task, [applied("s1"), settled()]);
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const [run] = await runsOf({ tenant, task });
  expect(run).toMatchObject({
    task,
    automation: "refunds",
    status: "succeeded",
    routing: { region: "eu", shard: 2 },
    principal: { key: "key_test" },
    decision: { answer: "allow", rules: ["small"] },
    plans: [{ planner: "playbook", round: 1 }],
    retries: 1,
    errors: ["premise-failed"],
    durationMs: 4,
    record: { firstIndex: 0, endIndex: 0, lastIndex: 0 },
    steps: [
      {
        step: "s1",
        capability: "orders.cancel",
        status: "applied",
        attempts: 2,
        retries: 1,
        durationMs: 2,
        reviews: [{ outcome: "approved", tookMs: 1, signed: [{ member: "bea", decision: "approve" }] }],
      },
    ],
  });
  expect(run!.output).toMatch(/^sha256:/);
});

it("a run has what its models did: those of its plans, and those of rounds that nobody could plan", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  const task = testTask(chain.executor, 1);
  const figures = { startMs: 100, endMs: 140, inputTokens: 30, outputTokens: 5, microCents: 7, usage: "reported" };
  const call = (model: string, more: object = {}) =>
    ({
      purpose: "plan",
      tier: "small",
      model,
      ...figures,
      outcome: "model-answer-invalid",
      transcript: null,
      ...more,
    }) as ModelCall;
  const stopped = { type: "planning-stopped", round: 1, code: "model-timeout", next: "person" } as const;
  chain.write(task, [
    opened(chain.executor),
    { ...stopped, calls: [call("tiny-1", { usage: "reserved", outcome: "model-timeout" })] } as TaskEvent,
    planned(["orders.cancel"], [call("big-1", { outcome: "ok" }), call("tiny-1")]),
  ]);
  const second = testTask(chain.executor, 2);
  const part = (of: number) => call("tiny-1", { outcome: "ok", shared: { call: "0123456789abcdef", part: of, of: 2 } });
  chain.write(second, [opened(chain.executor), planned(["orders.cancel"], [part(2)]), settled()]);
  chain.write(task, [claimed("s1"), applied("s1"), settled()]);
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const [run] = await runsOf({ tenant, task });
  expect(run).toMatchObject({
    trigger: { kind: "key", id: "key_test" },
    models: ["big-1", "tiny-1"],
    modelCalls: 3,
    modelCallsReserved: 1,
    modelMs: 120,
    inputTokens: 90,
    outputTokens: 15,
    costMicroCents: 21,
    plans: [{ model: "big-1", used: { modelCalls: 2, costMicroCents: 14 } }],
  });
  // Of a call that tasks shared, the run of its first part counts it; each has its own part of the figures.
  const [other] = await runsOf({ tenant, task: second });
  expect(other).toMatchObject({
    modelCalls: 0,
    modelCallsShared: 1,
    inputTokens: 30,
    costMicroCents: 7,
    model: "tiny-1",
  });
});

it("a run that ended is never written again: what came later stands behind it, and the table refuses anything else", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  const task = testTask(chain.executor, 1);
  chain.write(task, [opened(chain.executor), planned(["orders.cancel"]), claimed("s1"), applied("s1"), settled()]);
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const [before] = await runsOf({ tenant, task });
  chain.write(task, [undoStarted("s1", "ada"), claimed("s1~undo"), applied("s1~undo")]);
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const [after] = await runsOf({ tenant, task });
  expect({ ...after, later: [], now: {}, record: before!.record }).toEqual(before);
  expect(after!.later.map(({ type, step, by }) => [type, step, by])).toEqual([
    ["undo-started", "s1", "ada"],
    ["step-claimed", "s1~undo", null],
    ["step-applied", "s1~undo", null],
  ]);
  expect(after!.now).toEqual({ s1: "reversed", "s1~undo": "applied" });
  expect(after!.record).toEqual({ firstIndex: 0, endIndex: 0, lastIndex: 2 });
  for (const change of ["record = '{}'", "status = 'failed'", "ended_ms = NULL", "later = '[]'"])
    await expect(
      env.LEDGER_DB.prepare(`UPDATE rm_runs SET ${change} WHERE tenant = ?`).bind(tenant).run(),
    ).rejects.toThrow("never written again");

  // Built again from the entries, both in one step, it comes out the same.
  valueOf(await ledger.rebuild(tenant, "runs"));
  await followed(tenant);
  expect(await runsOf({ tenant, task })).toEqual([after]);
});

it("runs are filtered and paged by their time of opening, each filter along an index", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  for (let i = 0; i < 9; i++)
    chain.write(testTask(chain.executor, i), [
      opened(chain.executor, i % 3 === 0 ? "cancellations" : "refunds"),
      planned([i % 2 === 0 ? "a.one" : "b.two"]),
      claimed("s1"),
      applied("s1"),
      settled(i === 4 ? "failed" : "succeeded"),
    ]);
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
  const numbers = async (query: Partial<RunQuery>) =>
    (await runsOf({ tenant, ...query })).map(({ task }) => all.indexOf(task));
  const all = Array.from({ length: 9 }, (_, i) => testTask(chain.executor, i));
  expect(await numbers({})).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
  expect(await numbers({ automation: "cancellations" })).toEqual([6, 3, 0]);
  expect(await numbers({ capability: "b.two" })).toEqual([7, 5, 3, 1]);
  expect(await numbers({ capability: "a.one", automation: "cancellations" })).toEqual([6, 0]);
  expect(await numbers({ status: "failed" })).toEqual([4]);
  const openedMs = Date.parse((await runsOf({ tenant }))[3]!.openedAt);
  expect(await numbers({ fromMs: openedMs })).toEqual([8, 7, 6, 5]);
  expect(await numbers({ toMs: openedMs })).toEqual([4, 3, 2, 1, 0]);
  const first = valueOf(await ledger.runs({ tenant, limit: 4 }));
  expect(await numbers({ cursor: first.next!, limit: 4 })).toEqual([4, 3, 2, 1]);
  expect(valueOf(await ledger.runsAfter({ tenant, limit: 4 }, 4))).toBe(first.next);
  expect(valueOf(await ledger.runsAfter({ tenant, limit: 4 }, 9))).toBe(null);
  expectRefused(await ledger.runs({ tenant, limit: 4, cursor: "bm9wZQ" }), "invalid-request");

  const planOf = async (query: Partial<RunQuery>) => {
    const { sql, values } = runsSql({ tenant, limit: 1, ...query }, [0, ""]);
    const { results } = await env.LEDGER_DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...values)
      .all<{ detail: string }>();
    return results.map(({ detail }) => detail).join("; ");
  };
  expect(await planOf({})).toContain("USING INDEX rm_runs_by_age");
  expect(await planOf({ fromMs: 0, toMs: 9 })).toContain("USING INDEX rm_runs_by_age");
  expect(await planOf({ automation: "refunds" })).toContain("USING INDEX rm_runs_by_automation");
  expect(await planOf({ status: "failed" })).toContain("USING INDEX rm_runs_by_status");
  expect(await planOf({ capability: "a.one" })).toContain("SEARCH u USING PRIMARY KEY");
  for (const query of [{}, { automation: "x" }, { status: "failed" as const }, { capability: "a.one" }])
    expect(await planOf(query)).not.toContain("TEMP B-TREE");
});
