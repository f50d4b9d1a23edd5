import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { commit, discloseFields } from "../../../shared/commitments.ts";
import { parseTaskId, shardOf } from "../../../shared/ids.ts";
import { keyId, publicPart } from "../../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { Plan } from "../../../shared/proposal.ts";
import { regionByHash } from "../../../shared/region.ts";
import { ok } from "../../../shared/result.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import { openEnvelope } from "../../../shared/signing.ts";
import { testKeys } from "../keys.ts";
import { bundleOf, digestOfBundle, release, signPromotion } from "./release.ts";
import { accepts, answerWith, as, calls, lastCall, refuses, seedTenants, send, statements, viewOf } from "./world.ts";

const bundle = bundleOf("mail");
const release1 = digestOfBundle(bundle);
beforeAll(async () => {
  await seedTenants();
  await release(bundle);
});
beforeEach(() => answerWith({ submit: accepts }));

const INPUT = { customer: "c-1", email: "ada@example.com" };
const submit = (more: object = {}, headers: Record<string, string> = {}) =>
  send(as("app"), "/v1/intents", { body: { automation: "mail", input: INPUT, ...more }, headers });
const openPlan = async (command: SubmitCommand) => {
  const key = publicPart(testKeys.workers.proposalKey);
  const opened = await openEnvelope(command.plan!.envelope, {
    payloadType: PAYLOAD_TYPES.plan,
    keys: new Map([[keyId(key), key]]),
    schema: Plan,
  });
  if (!opened.ok) throw new Error(opened.problem.code);
  return opened.value.payload;
};

describe("what the executor receives", () => {
  it("one call opens the task and carries its signed plan", async () => {
    const answer = await submit();
    expect(answer.status).toBe(202);
    expect(calls.map(({ method }) => method)).toEqual(["submit"]);
    const command = lastCall<SubmitCommand>("submit");
    expect(answer.body).toEqual({
      task: command.task,
      status: "running",
      links: {
        self: `/v1/tasks/${command.task}`,
        events: `/v1/tasks/${command.task}/events`,
        explain: `/v1/tasks/${command.task}/explain`,
      },
    });
    expect(answer.headers.get("location")).toBe(`/v1/tasks/${command.task}`);
    const plan = await openPlan(command);
    expect(plan).toMatchObject({
      tenant: "acme",
      task: command.task,
      region: command.region,
      release: release1,
      round: 1,
      last: true,
      agent: { planner: "playbook" },
      steps: [
        {
          id: "send",
          capability: "mail.send",
          after: [],
          when: null,
          advice: { answer: "allow", final: true, rules: ["known"] },
        },
      ],
    });
    expect(plan.input).toBe(commit(command.input.salt, INPUT));
  });

  it("personal values are in no signed byte, and the disclosures open exactly what is committed", async () => {
    await submit();
    const command = lastCall<SubmitCommand>("submit");
    const plan = await openPlan(command);
    expect(JSON.stringify(plan)).not.toContain("ada@example.com");
    expect(plan.steps[0]!.args).toEqual({
      to: { $commit: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
      topic: "hello",
    });
    expect(discloseFields(plan.steps[0]!.args as never, command.plan!.disclosures)).toEqual(
      ok({ to: "ada@example.com", topic: "hello" }),
    );
  });

  it("the region follows the release's rule, or the request where the tenant has it", async () => {
    await submit();
    expect(lastCall<SubmitCommand>("submit").region).toBe(regionByHash("c-1", ["eu", "us"]));
    await submit({ region: "us" });
    expect(calls.at(-1)!.executor).toMatch(/^acme\/us\/[0-3]$/);
    expect((await submit({ region: "ap" })).body.code).toBe("region-unavailable");
  });

  it("the task id names the executor that is called", async () => {
    await submit({ idempotencyKey: "route" });
    const { executor, args } = calls.at(-1)!;
    const route = parseTaskId((args[0] as SubmitCommand).task)!;
    expect(executor).toBe(`acme/${route.region}/${route.shard}`);
    expect(shardOf(new Uint8Array([0, 0, 5]), 4)).toBe(1);
  });

  it("who asked: the key, the member on whose behalf, and whether that person is known", async () => {
    await submit();
    expect(lastCall<SubmitCommand>("submit").principal).toMatchObject({
      role: "app",
      member: null,
      sod: "not-evaluable",
    });
    await submit({ onBehalfOf: "ada" });
    expect(lastCall<SubmitCommand>("submit").principal).toMatchObject({ member: "ada", sod: "not-evaluable" });
    await send(as("admin"), "/v1/intents", { body: { automation: "mail", input: INPUT } });
    expect(lastCall<SubmitCommand>("submit").principal).toMatchObject({ role: "admin", sod: "evaluable" });
    const other = await send(as("admin"), "/v1/intents", {
      body: { automation: "mail", input: INPUT, onBehalfOf: "somebody-else" },
    });
    expect(other.body.code).toBe("forbidden");
  });

  it("a step that policy denies still goes to the executor, which records the denial", async () => {
    await release(
      bundleOf("spam", {
        playbook: {
          version: 1,
          steps: [{ id: "send", capability: "mail.send", args: { to: { $cel: "intent.input.email" }, topic: "spam" } }],
        },
      }),
    );
    const answer = await submit({ automation: "spam" });
    expect(answer.status).toBe(202);
    const plan = await openPlan(lastCall<SubmitCommand>("submit"));
    expect(plan.steps[0]!.advice).toEqual({ answer: "deny", final: true, rules: ["no-spam"] });
  });

  it("the app's trace travels with the task; a malformed one does not", async () => {
    const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    await submit({}, { traceparent: trace });
    expect(lastCall<SubmitCommand>("submit").traceparent).toBe(trace);
    await submit({}, { traceparent: "nonsense" });
    expect(lastCall<SubmitCommand>("submit").traceparent).toBeNull();
  });
});

describe("idempotency", () => {
  const twice = async (first: object, second: object, headers?: [Record<string, string>, Record<string, string>]) => {
    await submit(first, headers?.[0]);
    const a = lastCall<SubmitCommand>("submit");
    await submit(second, headers?.[1]);
    return [a, lastCall<SubmitCommand>("submit")] as const;
  };

  it("the same key and body give the same task and request digest, by header or body", async () => {
    const [a, b] = await twice({ idempotencyKey: "k-1" }, {}, [{}, { "idempotency-key": "k-1" }]);
    expect([b.task, b.requestDigest]).toEqual([a.task, a.requestDigest]);
  });

  it("another body under the same key is the same task with another digest, which the executor refuses", async () => {
    const [a, b] = await twice(
      { idempotencyKey: "k-2" },
      { idempotencyKey: "k-2", input: { ...INPUT, email: "eve@example.com" } },
    );
    expect(b.task).toBe(a.task);
    expect(b.requestDigest).not.toBe(a.requestDigest);
    answerWith({ submit: () => refuses("idempotency-conflict") });
    expect((await submit({ idempotencyKey: "k-2" })).status).toBe(409);
  });

  it("the order of members in the body is no difference", async () => {
    const [a, b] = await twice(
      { idempotencyKey: "k-3", input: { customer: "c-1", email: "x" } },
      { input: { email: "x", customer: "c-1" }, idempotencyKey: "k-3" },
    );
    expect(b.requestDigest).toBe(a.requestDigest);
  });

  it("without a key every request is a task of its own, and other keys and automations too", async () => {
    const [a, b] = await twice({}, {});
    expect(a.task).not.toBe(b.task);
    const [c, d] = await twice({ idempotencyKey: "k-4" }, { idempotencyKey: "k-5" });
    expect(c.task).not.toBe(d.task);
  });

  it("a header and a body that differ are refused", async () => {
    expect((await submit({ idempotencyKey: "a" }, { "idempotency-key": "b" })).body.code).toBe("invalid-request");
  });
});

describe("waiting", () => {
  it("a task that settles in time is answered 200 with its view", async () => {
    answerWith({
      submit: async (command: SubmitCommand) => ok({ view: viewOf(command, "succeeded"), duplicate: false }),
    });
    const answer = await submit({}, { prefer: "respond-async, wait=5" });
    expect([answer.status, answer.body.status, answer.headers.get("preference-applied")]).toEqual([
      200,
      "succeeded",
      "wait=5",
    ]);
    expect(lastCall<SubmitCommand>("submit").waitMs).toBe(5_000);
    expect((await submit()).status).toBe(202);
  });

  it("one that does not is 202, and the wait is bounded", async () => {
    const answer = await submit({}, { prefer: "wait=9999" });
    expect([answer.status, answer.headers.get("preference-applied")]).toEqual([202, "wait=25"]);
  });
});

describe("what the executor may answer", () => {
  it("release-needed: the same command again with the bundle and its signed promotion", async () => {
    answerWith({
      submit: async (command: SubmitCommand) =>
        command.delivery === null ? refuses("release-needed") : accepts(command),
    });
    expect((await submit()).status).toBe(202);
    const [first, second] = calls.map(({ args }) => args[0] as SubmitCommand);
    expect({ ...second, delivery: null }).toEqual(first);
    expect(JSON.parse(second!.delivery!.bundle)).toEqual(bundle);
    expect(second!.delivery!.promotion.envelope.payloadType).toBe(PAYLOAD_TYPES.promotion);
  });

  it("release-superseded with a newer one here: everything is decided again under it, once", async () => {
    await release(bundleOf("moving", { summary: "first" }));
    await submit({ automation: "moving" });
    const newer = bundleOf("moving", { summary: "second" });
    const path = "/v1/automations/moving/releases";
    const { release: digest } = (await send(as("operator"), path, { body: { bundle: newer } })).body;
    // Promoted by another isolate: this one still trusts what it read.
    const promotion = JSON.stringify(await signPromotion(digest, "moving", 2));
    await env.CONTROL_DB.prepare("INSERT INTO promotions VALUES ('acme', 'moving', 2, ?, ?, 1)")
      .bind(digest, promotion)
      .run();
    answerWith({
      submit: async (command: SubmitCommand) =>
        command.release === digest ? accepts(command) : refuses("release-superseded"),
    });
    expect((await submit({ automation: "moving", idempotencyKey: "m" })).status).toBe(202);
    expect(lastCall<SubmitCommand>("submit").release).toBe(digest);
    expect(calls.length).toBeLessThanOrEqual(2);
    answerWith({ submit: () => refuses("release-superseded") });
    expect((await submit({ automation: "moving", idempotencyKey: "m" })).body.code).toBe("release-superseded");
    expect(calls.length).toBe(1);
  });

  it("a reset object: a fresh stub and the same command, a bounded number of times", async () => {
    const reset = () => {
      throw Object.assign(new Error("reset"), { durableObjectReset: true });
    };
    let left = 2;
    answerWith({ submit: (command: SubmitCommand) => (left-- > 0 ? reset() : accepts(command)) });
    expect((await submit({ idempotencyKey: "r" })).status).toBe(202);
    expect(new Set(calls.map(({ args }) => JSON.stringify(args[0]))).size).toBe(1);
    expect(calls).toHaveLength(3);
    answerWith({ submit: reset });
    expect((await submit({ idempotencyKey: "r" })).body.code).toBe("overloaded");
  });

  it("a Worker that is not there: one line says what starts it", async () => {
    answerWith({
      submit: () => {
        throw new Error('Worker "countersign-executors" not found. Make sure it is running locally.');
      },
    });
    const answer = await submit();
    expect([answer.status, answer.body.code]).toEqual([503, "not-running"]);
    expect(answer.body.detail).toContain("npm start");
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  it("what nobody expected is a 500 that tells nothing of it", async () => {
    answerWith({
      submit: () => {
        throw new Error("ada@example.com broke it");
      },
    });
    const answer = await submit();
    expect([answer.status, answer.body.code]).toEqual([500, "internal-error"]);
    expect(JSON.stringify(answer.body)).not.toContain("ada@");
  });
});

describe("refusals before the executor", () => {
  it.each([
    ["an automation that does not exist", { automation: "nothing" }, 404, "unknown-automation"],
    ["an input that breaks the contract", { input: { customer: "c-1" } }, 422, "contract-violation"],
    ["a reserved key", { input: { ...INPUT, customer: { $commit: "x" } } }, 422, "contract-violation"],
  ])("%s", async (_, more, status, code) => {
    const answer = await submit(more);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(calls).toEqual([]);
  });

  it("an automation without a promoted release", async () => {
    await send(as("operator"), "/v1/automations/empty", { method: "PUT", body: {} });
    expect((await submit({ automation: "empty" })).body.code).toBe("no-release");
  });
});

it("warm, an intent reads no database", async () => {
  // What is kept from the tests before may come of age between the two; what reads each time is found all the same.
  await vi.waitFor(async () => {
    await submit();
    statements.length = 0;
    await submit();
    expect(statements).toEqual([]);
  }, 5_000);
});
