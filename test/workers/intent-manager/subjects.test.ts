import { beforeAll, describe, expect, it } from "vitest";
import { ok } from "../../../shared/result.ts";
import type { ConsentCommand, EraseCommand, ErasedHere } from "../../../shared/rpc.ts";
import { answerWith, as, bindings, calls, seedTenants, send } from "./world.ts";

beforeAll(seedTenants);

const ID = "customer:ada_1";
const nothing: ErasedHere = {
  tasks: 0,
  remaining: 0,
  underWay: [],
  left: { actions: [], agents: [], readers: [] },
  done: true,
};
const held: ErasedHere = {
  ...nothing,
  tasks: 2,
  left: {
    actions: [{ capability: "mail.send", delivery: "idempotent", count: 1 }],
    agents: [{ agent: "key_agent", tasks: 1 }],
    readers: [{ member: "ada", tasks: 2 }],
  },
};
const erase = (key: string | null, role: "admin" | "operator" = "admin") =>
  send(as(role), `/v1/subjects/${ID}`, { method: "DELETE", headers: key === null ? {} : { "idempotency-key": key } });
const asked = () => bindings.CONTROL_DB.prepare("SELECT subject, done_at FROM erasures ORDER BY at").all();

describe("an erasure", () => {
  it("goes to every executor of every region under one id; what left before is summed up", async () => {
    answerWith({ eraseSubject: async () => ok(held) });
    const { status, body } = await erase("one");
    expect([status, body]).toMatchObject([
      200,
      {
        done: true,
        tasks: 16,
        remaining: 0,
        left: {
          actions: [{ capability: "mail.send", delivery: "idempotent", count: 8 }],
          agents: [{ agent: "key_agent", tasks: 8 }],
          readers: [{ member: "ada", tasks: 16 }],
        },
      },
    ]);
    const told = calls.map(({ args }) => args[0] as EraseCommand);
    expect([told.length, new Set(told.map(({ erasure }) => erasure))]).toEqual([8, new Set([body.erasure])]);
    // What executors keep of the subject afterwards says nothing to whoever lacks the tenant's secret.
    expect(told[0]!.digest).not.toContain("ada");
    expect((await asked()).results).toEqual([{ subject: null, done_at: expect.any(Number) }]);
    expect((await erase("one", "operator")).status).toBe(403);
  });

  it("is 202 while an executor is missing or has something left, which is told again after the answer; a repetition is the same", async () => {
    let left = 2;
    answerWith({
      eraseSubject: async () => {
        if (calls.at(-1)!.executor !== "acme/us/1" || left-- <= 0) return ok(nothing);
        if (left === 0) return ok({ ...held, remaining: 1, done: false });
        throw Object.assign(new Error("gone"), { overloaded: true });
      },
    });
    const first = await erase("two");
    expect([first.status, first.body]).toMatchObject([202, { done: false, remaining: 1, incomplete: [] }]);
    expect((await asked()).results.filter(({ done_at }) => done_at === null)).toEqual([]);
    const second = await erase("two");
    expect([second.status, second.body]).toMatchObject([200, { erasure: first.body.erasure, done: true }]);
  });

  it("that is not done is counted for people who operate this", async () => {
    await bindings.CONTROL_DB.exec(
      "INSERT INTO erasures (tenant, erasure, subject, digest, by, at) VALUES ('acme', 'ers_x', 'customer:x', 'd', 'key', 1)",
    );
    const seen = await Promise.all(
      (["admin", "app"] as const).map(async (role) => (await send(as(role), "/v1/overview")).body.erasing),
    );
    expect(seen).toEqual([1, undefined]);
  });

  it("of an id that cannot be one is not found", async () => {
    expect((await send(as("admin"), "/v1/subjects/ada", { method: "DELETE" })).status).toBe(404);
  });
});

describe("consent", () => {
  const path = `/v1/subjects/${ID}/consents/service`;

  it("is told to every executor; a withdrawal lists what was claimed", async () => {
    const claim = { task: "t", step: "s", capability: "mail.send", action: "a", since: new Date(0).toISOString() };
    answerWith({ recordConsent: async () => ok({ alreadyClaimed: [claim], more: false }) });
    const { body } = await send(as("app"), path, { method: "PUT", body: { given: false, evidence: "form 7" } });
    expect(body).toMatchObject({ given: false, done: true, incomplete: [] });
    expect([calls.length, body.alreadyClaimed.length]).toEqual([8, 8]);
    expect(calls[0]!.args[0] as ConsentCommand).toMatchObject({ subject: ID, purpose: "service", evidence: "form 7" });
  });

  it("that was recorded differently is the newest word, and not everywhere", async () => {
    const word = { purpose: "service", evidence: null, by: "key_app" };
    let n = 0;
    answerWith({
      subject: async () => {
        const first = n++ === 0;
        const at = new Date(first ? 2 : 1).toISOString();
        return ok({ held: true, tasks: 1, open: 0, consents: [{ ...word, given: !first, at }], erasures: [] });
      },
    });
    const { body } = await send(as("auditor"), `/v1/subjects/${ID}`);
    expect(body).toMatchObject({ held: true, tasks: 8, consents: [{ given: false, everywhere: false }] });
  });
});
