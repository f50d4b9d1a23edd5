import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { BACK_SQL, FORWARD_SQL, impactOf } from "../../../ledger/queries/impact.ts";
import type { ImpactAnswer } from "../../../shared/api/impact.ts";
import type { TaskEvent } from "../../../shared/events.ts";
import { actionId } from "../../../shared/ids.ts";
import type { ImpactQuery } from "../../../shared/rpc/answers.ts";
import type { TestChain } from "../../support/chain.ts";
import {
  admitted,
  applied,
  attested,
  claimed,
  inDoubt,
  opened,
  reviewApproved,
  reviewRequested,
  settled,
  testTask,
  undoStarted,
} from "../../support/chain.ts";
import { chainOf, expectRefused, followed, ledger, newTenant, valueOf } from "./world.ts";

let n = 0;
/** A task of one step with these tags; answers its id. */
function act(chain: TestChain, tags: readonly string[], more: readonly TaskEvent[] = [], read = false): string {
  const task = testTask(chain.executor, ++n);
  const did = { ...applied("s1"), action: actionId(task, 1, 0), tags: [...tags], left: read ? null : [] } as TaskEvent;
  chain.write(task, [opened(chain.executor), admitted(["s1"]), ...more, claimed("s1"), did, settled()]);
  return task;
}

async function written(chain: TestChain, tenant: string): Promise<void> {
  valueOf(await ledger.append(await chain.deliver()));
  await followed(tenant);
}

const ask = async (query: Omit<ImpactQuery, "limit"> & { limit?: number }): Promise<ImpactAnswer> =>
  valueOf(await ledger.impact({ limit: 100, ...query }));

it("from a record back: newest first, who asked and countersigned, what was taken back, and what is in doubt", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  const first = act(chain, ["order:1", "customer:7"]);
  const looked = act(chain, ["order:1"], [], true);
  const undone = testTask(chain.executor, ++n);
  chain.write(undone, [opened(chain.executor), admitted(["s1"]), reviewRequested(undone, "s1")]);
  chain.write(undone, [attested(undone, "s1", "bea"), reviewApproved(undone, "s1"), claimed("s1")]);
  chain.write(undone, [
    { ...applied("s1"), action: actionId(undone, 1, 0), tags: ["order:1"] } as TaskEvent,
    settled(),
  ]);
  const doubtful = testTask(chain.executor, ++n);
  chain.write(doubtful, [opened(chain.executor), admitted(["s1"]), claimed("s1"), inDoubt("s1", ["order:1"])]);
  await written(chain, tenant);
  // After the end of its run, in another delivery.
  chain.write(undone, [
    undoStarted("s1", "ada"),
    claimed("s1~undo"),
    { ...applied("s1~undo"), tags: ["order:1"] } as TaskEvent,
  ]);
  await written(chain, tenant);

  const { touched, asOf } = await ask({ tenant, resource: "order:1", direction: "back" });
  expect(
    touched.map(({ task, step, status, how, countersignedBy, undoes }) => [
      task,
      step,
      status,
      how,
      countersignedBy,
      undoes,
    ]),
  ).toEqual([
    [undone, "s1~undo", "applied", "changed", [], "s1"],
    [doubtful, "s1", "in_doubt", "changed", [], null],
    [undone, "s1", "reversed", "changed", ["bea"], null],
    [looked, "s1", "applied", "read", [], null],
    [first, "s1", "applied", "changed", [], null],
  ]);
  expect(touched[0]).toMatchObject({ automation: "refunds", askedBy: "key_test", record: "order:1" });
  expect(asOf).toBe(7);
  const concerned = await ask({ tenant, resource: "customer:7", direction: "back" });
  expect(concerned.touched).toMatchObject([{ task: first, how: "concerns", record: "order:1" }]);
});

it("a doubt that ended is told once, with how it ended", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  act(chain, ["order:2"], [claimed("s1"), inDoubt("s1", ["order:2"])]);
  await written(chain, tenant);
  const { touched } = await ask({ tenant, resource: "order:2", direction: "back" });
  expect(touched.map(({ status }) => status)).toEqual(["applied"]);
});

it("forward: what came after it on the record and on records that those changed, each told once, nearest first, page by page", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  act(chain, ["order:9"]); // before: depends on nothing here
  act(chain, ["customer:1"]);
  const moved = act(chain, ["order:9", "customer:1"]);
  const again = act(chain, ["order:9", "customer:1"]);
  const parcel = act(chain, ["parcel:5", "order:9"]);
  const sent = act(chain, ["letter:3", "parcel:5"]);
  act(chain, ["order:8"]);
  await written(chain, tenant);
  const query = { tenant, resource: "customer:1", direction: "forward" } as const;
  const whole = await ask(query);
  const told = (answer: ImpactAnswer) => answer.depended.map(({ task, through, depth }) => [task, through, depth]);
  expect(told(whole)).toEqual([
    [moved, "customer:1", 1],
    [again, "customer:1", 1],
    [parcel, "order:9", 2],
    [sent, "parcel:5", 3],
  ]);
  expect(whole).toMatchObject({ records: ["order:9", "parcel:5", "letter:3"], cut: false, next: null });

  const paged: unknown[] = [];
  for (let cursor: string | undefined; ;) {
    const page: ImpactAnswer = await ask({ ...query, limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.depended.length).toBeLessThanOrEqual(1);
    paged.push(...told(page));
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(paged).toEqual(told(whole));
  expect(told(await ask({ ...query, depth: 1 }))).toEqual(told(whole).slice(0, 2));
  const since = Date.parse(whole.depended[0]!.at);
  expect(told(await ask({ ...query, sinceMs: since }))[0]).toEqual([again, "customer:1", 1]);
  expectRefused(await ledger.impact({ ...query, limit: 1, cursor: "bm9wZQ" }), "invalid-request");
});

it("an answer walks indexes and reads a fixed number of rows for each that it returns", async () => {
  const planOf = async (sql: string, count: number) => {
    const { results } = await env.LEDGER_DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...Array.from({ length: count }, () => "[]"))
      .all<{ detail: string }>();
    return results.map(({ detail }) => detail);
  };
  for (const plan of [await planOf(BACK_SQL, 6), await planOf(FORWARD_SQL, 3)]) {
    expect(plan.filter((line) => line.startsWith("SCAN")).every((line) => line.includes("VIRTUAL TABLE"))).toBe(true);
    expect(plan.some((line) => line.includes("TEMP B-TREE"))).toBe(false);
  }
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  for (let i = 0; i < 60; i++) act(chain, [`order:${i % 3}`, "customer:1"]);
  await written(chain, tenant);
  for (const direction of ["back", "forward"] as const) {
    const { answer, rowsRead } = valueOf(
      await impactOf(env.LEDGER_DB, { tenant, resource: "order:1", direction, limit: 10 }),
    );
    const rows = answer.touched.length + answer.depended.length;
    expect(rows).toBe(10);
    expect(rowsRead).toBeLessThanOrEqual(6 * (rows + 2));
  }
});
