import { expect, it } from "vitest";
import { testTask } from "../../support/chain.ts";
import { chainOf, checkLog, deliverVerified, expectRefused, ledger, newTenant, valueOf } from "./world.ts";

const NOTHING: { size: number; root: Uint8Array } = { size: 0, root: new Uint8Array(32) };

it("a delivery stands in the log with its statement, and its answer verifies", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  const { answer, size } = await deliverVerified(await chain.deliver(), NOTHING);
  expect(answer.cursor).toBe(5);
  expect(size).toBe(2);
  await checkLog(tenant);
});

it("a log that nobody wrote to has a signed checkpoint of size 0", async () => {
  const tenant = newTenant();
  expect(await checkLog(tenant)).toEqual({ size: 0, bodies: [] });
});

it("three executors write at once, and each sees its own chain and one growing log", async () => {
  const tenant = newTenant();
  const chains = ["eu/0", "eu/1", "us/0"].map((route) => chainOf(`${tenant}/${route}`));
  await Promise.all(
    chains.map(async (chain) => {
      let seen = NOTHING;
      for (let round = 0; round < 6; round++) {
        chain.write(null, [{ type: "checkpoint-seen", note: `round ${round}` }]);
        chain.writeTask(testTask(chain.executor, round));
        seen = await deliverVerified(await chain.deliver(), seen);
        expect(seen.size).toBeGreaterThan(0);
      }
    }),
  );
  expect((await checkLog(tenant)).size).toBe(3 * 6 * 3);
});

it("a log that grows over several tiles proves each step from the one before", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  let seen = NOTHING;
  for (const tasks of [1, 200, 60, 300]) {
    for (let i = 0; i < tasks; i++)
      chain.write(testTask(chain.executor, chain.seq), [{ type: "cancel-requested", by: "test" }]);
    seen = await deliverVerified(await chain.deliver(), seen);
  }
  await checkLog(tenant);
});

it("a repeated delivery is answered with success and writes nothing", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  const first = await chain.deliver();
  valueOf(await ledger.append(first));
  expect(valueOf(await ledger.append(first)).cursor).toBe(5);
  chain.writeTask(testTask(chain.executor, 2));
  valueOf(await ledger.append(await chain.deliver()));
  // Older than the newest one, and cut in another way than it was delivered.
  expect(valueOf(await ledger.append(first)).cursor).toBe(10);
  expect(valueOf(await ledger.append(await chain.cut(1, 3))).cursor).toBe(10);
  expect(valueOf(await ledger.append(await chain.cut(4, 10))).cursor).toBe(10);
  expect((await checkLog(tenant)).size).toBe(4);
});

it("a delivery doubled in flight is written once, and both are answered", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  const first = await chain.deliver();
  chain.writeTask(testTask(chain.executor, 2));
  const second = await chain.deliver();
  const answers = await Promise.all([first, first, second, second, first].map((command) => ledger.append(command)));
  // The second may overtake the first on its way; then it finds a gap and comes again.
  for (const [i, answer] of answers.entries())
    if (!answer.ok) expect([i, answer.problem.code]).toEqual([i, "chain-gap"]);
  valueOf(await ledger.append(second));
  expect((await checkLog(tenant)).size).toBe(4);
});

it("a gap and an overlap name the cursor from which to deliver again", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  for (let i = 1; i <= 3; i++) chain.writeTask(testTask(chain.executor, i));
  expect(expectRefused(await ledger.append(await chain.cut(6, 10)), "chain-gap")).toEqual({ cursor: 0 });
  valueOf(await ledger.append(await chain.cut(1, 5)));
  expect(expectRefused(await ledger.append(await chain.cut(7, 10)), "chain-gap")).toEqual({ cursor: 5 });
  expect(expectRefused(await ledger.append(await chain.cut(4, 10)), "chain-gap")).toEqual({ cursor: 5 });
  valueOf(await ledger.append(await chain.cut(6, 15)));
  await checkLog(tenant);
});

it("a chain that contradicts what is recorded is refused, at its end, behind it and before it", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  const fork = chain.forkAt(3);
  chain.writeTask(testTask(chain.executor, 2));
  fork.writeTask(testTask(chain.executor, 3));
  fork.writeTask(testTask(chain.executor, 4));
  valueOf(await ledger.append(await chain.deliver()));
  expectRefused(await ledger.append(await fork.cut(1, 10)), "chain-fork");
  expectRefused(await ledger.append(await fork.cut(11, 13)), "chain-fork");
  expectRefused(await ledger.append(await fork.cut(1, 5)), "chain-fork");
  expect((await checkLog(tenant)).size).toBe(3);
});

it("an executor that saw a larger log is told so, and nothing is written", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  expectRefused(await ledger.append({ ...(await chain.deliver()), seenSize: 1 }), "checkpoint-inconsistent");
  expect((await checkLog(tenant)).size).toBe(0);
});

it("what does not verify is refused, and the log stays as it was", async () => {
  const tenant = newTenant();
  const chain = chainOf(`${tenant}/eu/0`);
  chain.writeTask(testTask(chain.executor, 1));
  const good = await chain.deliver();
  const flipped = good.entries[0]!.replace('"automation":"refunds"', '"automation":"refunde"');
  expectRefused(await ledger.append({ ...good, entries: [flipped, good.entries[1]!] }), "entry-invalid");
  expectRefused(
    await ledger.append({ ...good, entries: [good.entries[0]!, await chain.statement(5, "ab".repeat(32))] }),
    "statement-mismatch",
  );
  expectRefused(await ledger.append({ ...good, tenant: "nobody" }), "not-found");
  expectRefused(await ledger.append({ ...good, executor: `${tenant}/eu/99` }), "audience-mismatch");
  expect((await checkLog(tenant)).size).toBe(0);
});
