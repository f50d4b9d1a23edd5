/**
 * Every call of the retail data, run through the capabilities and the adapter over SQLite: what must change changes exactly so, and what
 * must be refused changes nothing. Every order and customer of the task's user is compared, not only those named by `expected`.
 */
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { contracts, registry } from "../../executors/capabilities/index.ts";
import { renderTemplate } from "../../shared/capability.ts";
import { compileContract } from "../../shared/contracts.ts";
import type { JsonObject } from "../../shared/json.ts";
import { openBusinessDatabase } from "../support/sqlite-d1.ts";
import {
  actualOrder,
  actualUser,
  expectedOrder,
  expectedUser,
  fillTenant,
  retail,
  toAction,
  type Query,
  type RetailTask,
} from "../support/retail.ts";
import { actionContext } from "../support/action-context.ts";

const data = retail();

test.skipIf(data === null)("all 520 tasks end with the expected rows", { timeout: 120_000 }, async () => {
  const { database, tasks } = data!;
  const { d1, sqlite } = openBusinessDatabase();
  const capabilities = registry({
    databaseOf: () => d1,
    newNonce: () => crypto.randomUUID(),
    setTimer: (ms, fire) => {
      const timer = setTimeout(fire, ms);
      return () => clearTimeout(timer);
    },
  });
  const query: Query = (text, ...params) => Promise.resolve(sqlite.prepare(text).all(...params) as never);
  const inputs = new Map([...contracts].map(([name, { input }]) => [name, compileContract(input as JsonObject)]));
  const outputs = new Map([...contracts].map(([name, { output }]) => [name, compileContract(output as JsonObject)]));
  const previews = new Map(
    [...contracts].map(([name, { preview }]) => [
      name,
      preview === undefined ? null : compileContract(preview as JsonObject),
    ]),
  );

  const run = async (task: RetailTask, tenant: string): Promise<string[]> => {
    const faults: string[] = [];
    for (const [i, call] of task.calls.entries()) {
      const { capability: name, args } = toAction(call, task.user);
      const capability = capabilities.get(name)!;
      const { contract } = capability;
      if (capability.kind !== "external") throw new Error("all of them are external");
      const input = inputs.get(name)!;
      if (!input.ok || !input.value.check(args).ok) faults.push(`${name}: arguments`);
      const effectKey = contract.effectKey === undefined ? null : renderTemplate(contract.effectKey, args);
      const context = actionContext({
        tenant,
        task: task.id,
        step: `s${i}`,
        capability: name,
        action: `act_${i}`,
        effectKey: effectKey === null ? null : effectKey.ok ? effectKey.value : "?",
        nowMs: 1,
      });
      const prepared = await capability.prepare!(args, context);
      if (call.error !== null) {
        if (prepared.ok) faults.push(`${name}: not refused`);
        continue;
      }
      if (!prepared.ok) {
        faults.push(`${name}: ${prepared.problem.detail}`);
        continue;
      }
      const preview = previews.get(name)!;
      if (preview === null || !preview.ok || !preview.value.check(prepared.value.preview).ok)
        faults.push(`${name}: preview`);
      const outcome = await capability.apply(args, prepared.value, context);
      const output = outputs.get(name)!;
      if (outcome.kind !== "applied" || outcome.replayed) faults.push(`${name}: ${JSON.stringify(outcome)}`);
      else if (!output.ok || !output.value.check(outcome.result).ok) faults.push(`${name}: result`);
    }
    const user = database.users[task.user]!;
    for (const id of user.orders)
      if (
        !isDeepStrictEqual(
          await actualOrder(query, tenant, id),
          expectedOrder(task.expected.orders[id] ?? database.orders[id]!),
        )
      )
        faults.push(`order ${id}`);
    const expected = expectedUser(task.expected.users[task.user] ?? user);
    if (!isDeepStrictEqual(await actualUser(query, tenant, task.user), expected)) faults.push("user");
    return faults;
  };

  const faulty: string[] = [];
  for (const [i, task] of tasks.entries()) {
    const tenant = `t${i}`;
    for (const { text, params } of fillTenant(database, tenant, [task.user])) sqlite.prepare(text).run(...params);
    const faults = await run(task, tenant);
    if (faults.length > 0) faulty.push(`${task.id}: ${faults.join("; ")}`);
  }
  expect(faulty).toEqual([]);
  expect(tasks.length).toBe(520);
});
