import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { IntakeBook } from "../../../intent-manager/intake/intake-book.ts";
import type { IntakeLimits } from "../../../shared/intake-limits.ts";
import { problem } from "../../../shared/problems.ts";
import { err } from "../../../shared/result.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import { bundleOf, release } from "./release.ts";
import { accepts, answerWith, as, bindings, calls, seedTenants, send, statements } from "./world.ts";

const input = { customer: "ada", email: "a@example.org" };
beforeAll(async () => {
  await seedTenants();
  await release(bundleOf("paced", { intakeLimits: { rate: { intents: 20, perMs: 60_000 } } }));
  await release(bundleOf("narrow", { intakeLimits: { open: 2 } }));
  await release(bundleOf("free"));
});
beforeEach(() => answerWith({ submit: accepts }));
const submit = (automation: string, idempotencyKey?: string) =>
  send(as("app"), "/v1/intents", {
    body: { automation, input, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
  });
const book = <T>(name: string, run: (book: IntakeBook) => T): Promise<T> =>
  runInDurableObject(env.INTAKE_LIMIT.getByName(name), (_, state) => run(new IntakeBook(state.storage.sql)));

it("40 intents at once against a rate of 20 are 20 tasks; the others are told when to come again, and a repeated one is free", async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => submit("paced", `k${i}`)));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
  const shed = answers.find(({ status }) => status !== 202)!;
  expect([shed.status, shed.body.code]).toEqual([429, "intake-rate"]);
  expect(Number(shed.headers.get("retry-after"))).toBeGreaterThan(30);
  expect(calls).toHaveLength(20);
  const at = answers.findIndex(({ status }) => status === 202);
  expect((await submit("paced", `k${at}`)).body.task).toBe(answers[at]!.body.task);
});

it("as many tasks are open as may be; one that ended or was refused makes room", async () => {
  const ended = new Set<string>();
  const view = (task: string) => ({ ok: true, value: { settled: ended.has(task) } });
  answerWith({ submit: accepts, read: view as never });
  const first = (await submit("narrow")).body.task as string;
  await submit("narrow");
  expect((await submit("narrow")).body.code).toBe("intake-full");
  ended.add(first);
  await book("acme/narrow", (one) => one.left(first));
  answerWith({ submit: async () => err(problem("stopped", "As scripted.")), read: view as never });
  expect((await submit("narrow")).body.code).toBe("stopped");
  answerWith({ submit: accepts, read: view as never });
  expect([(await submit("narrow")).status, (await submit("narrow")).status]).toEqual([202, 429]);
});

it("what fails beside an open task makes no room, and what was never opened is counted when it is", async () => {
  await release(bundleOf("strict", { intakeLimits: { open: 1, rate: { intents: 9, perMs: 60_000 } } }));
  const fails = (code: "stopped" | "idempotency-conflict") =>
    answerWith({ submit: async () => err(problem(code, "As scripted.")), read: open as never });
  const open = () => ({ ok: true, value: { settled: false } });
  fails("stopped");
  expect((await submit("strict", "a")).body.code).toBe("stopped");
  answerWith({ submit: accepts, read: open as never });
  expect((await submit("strict", "a")).status).toBe(202);
  fails("idempotency-conflict");
  expect((await submit("strict", "a")).body.code).toBe("idempotency-conflict");
  answerWith({ submit: accepts, read: open as never });
  expect((await submit("strict", "b")).body.code).toBe("intake-full");
});

it("a tenant's limit holds over its automations, and nothing is asked where nothing is declared", async () => {
  const limited = { ...bindings, INTAKE_LIMITS: `{"acme":{"open":1}}` };
  const before = bindings.INTAKE_LIMITS;
  try {
    Object.assign(bindings, limited);
    expect([(await submit("free")).status, (await submit("free")).body.code]).toEqual([202, "intake-full"]);
  } finally {
    Object.assign(bindings, { INTAKE_LIMITS: before });
  }
  statements.length = 0;
  calls.length = 0;
  const held = bindings.INTAKE_LIMIT;
  Object.assign(bindings, { INTAKE_LIMIT: null });
  expect((await submit("free")).status).toBe(202);
  Object.assign(bindings, { INTAKE_LIMIT: held });
  expect([statements, calls.length]).toEqual([[], 1]);
  expect((calls[0]!.args[0] as SubmitCommand).automation).toBe("free");
});

it("no window holds more than the rate, and no moment more open tasks than may be", async () => {
  const limits: IntakeLimits = { rate: { intents: 3, perMs: 10_000 }, open: 4 };
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 6_000 }), fc.boolean(), fc.integer({ min: 0, max: 9 })), {
    maxLength: 40,
  });
  let world = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      await book(`property-${world++}`, (one) => {
        let nowMs = 1_000_000;
        const letIn: number[] = [];
        const open = new Set<string>();
        script.forEach(([pauseMs, leaves, which], i) => {
          nowMs += pauseMs;
          const task = [...open][which % Math.max(1, open.size)];
          if (leaves && task !== undefined) {
            one.left(task);
            open.delete(task);
          }
          const fits = open.size < 4 && letIn.filter((at) => at > nowMs - 10_000).length < 3;
          expect(one.enter(`t${i}`, limits, nowMs) === null).toBe(fits);
          if (!fits) return;
          letIn.push(nowMs);
          open.add(`t${i}`);
          expect(one.enter(`t${i}`, limits, nowMs)).toBeNull();
        });
        expect(one.openCount()).toBe(open.size);
      });
    }),
    { numRuns: 25 },
  );
});
