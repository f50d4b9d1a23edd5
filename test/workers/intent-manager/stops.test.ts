import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Restore } from "../../../shared/events.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { ok } from "../../../shared/result.ts";
import type { StopCommand } from "../../../shared/rpc.ts";
import { signEnvelope } from "../../../shared/signing.ts";
import { rootOf } from "./release.ts";
import { acme, answerWith, as, calls, refuses, seedTenants, send } from "./world.ts";

beforeAll(async () => {
  await seedTenants();
  await send(as("operator"), "/v1/automations/mail", { method: "PUT", body: {} });
});
const CLAIM = { task: "t", step: "s", capability: "mail.send", action: "a", since: new Date(0).toISOString() };
const stops = {
  stop: async ({ stop }: StopCommand) => ok({ stop, alreadyClaimed: [CLAIM], more: false }),
};
beforeEach(() => answerWith(stops));

const pause = (headers: Record<string, string> = {}) =>
  send(as("operator"), "/v1/automations/mail/pause", { body: { reason: "too many" }, headers });
const restore = async (stop: string, more: Partial<Restore> = {}) => {
  const payload: Restore = {
    version: 1,
    tenant: "acme",
    kind: "automation",
    target: "mail",
    stop,
    atMs: Date.now(),
    expiresMs: Date.now() + 60_000,
    ...more,
  };
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.restore, payload, signers: [await rootOf(acme)] });
  return send(as("operator"), "/v1/automations/mail/resume", { body: { envelope, chain: [] } });
};

describe("a stop", () => {
  it("is told to every executor under one id; what was claimed already is listed", async () => {
    const { body } = await pause();
    expect(body.stop).toMatch(/^stp_[a-z2-7]{26}$/);
    expect(body.alreadyClaimed).toHaveLength(8);
    expect(body.incomplete).toEqual([]);
    expect(new Set(calls.map(({ args }) => (args[0] as StopCommand).stop))).toEqual(new Set([body.stop]));
    expect(calls[0]!.args[0]).toMatchObject({ kind: "automation", target: "mail", reason: "too many" });
    expect((await send(as("app"), "/v1/automations/mail")).body.stop).toMatchObject({ reason: "too many" });
  });

  it("is told again to an executor that did not confirm; while one has not, it is not done and names it", async () => {
    let silent = 1;
    answerWith({
      stop: async (command: StopCommand) => {
        if (calls.at(-1)!.executor !== "acme/eu/0" || silent-- <= 0) return stops.stop(command);
        throw Object.assign(new Error("gone"), { overloaded: true });
      },
    });
    expect((await pause({ "idempotency-key": "at once" })).body).toMatchObject({ done: true, incomplete: [] });
    expect(calls).toHaveLength(9);
    silent = 2;
    const a = await pause({ "idempotency-key": "again" });
    expect(a.body).toMatchObject({ done: false, incomplete: ["acme/eu/0"] });
    const b = await pause({ "idempotency-key": "again" });
    expect(b.body).toMatchObject({ stop: a.body.stop, done: true, incomplete: [] });
  });

  it("of an API key, an agent, a release or the tenant goes the same way, in either mode, and is listed", async () => {
    const body = { kind: "key", target: "key_7", mode: "stop-new", reason: "leaked" };
    const set = await send(as("operator"), "/v1/stops", { body });
    expect(set.body).toMatchObject({ done: true, alreadyClaimed: expect.arrayContaining([CLAIM]) });
    expect(calls[0]!.args[0]).toMatchObject({ kind: "key", target: "key_7", mode: "stop-new" });
    const { stops: standing } = (await send(as("approver"), "/v1/stops")).body;
    expect(standing).toContainEqual(expect.objectContaining({ ...body, stop: set.body.stop }));
    expect((await send(as("app"), "/v1/stops", { body })).status).toBe(403);
    const other = { ...body, kind: "tenant", target: "globex" };
    expect((await send(as("operator"), "/v1/stops", { body: other })).body.code).toBe("forbidden");
  });

  it("of what stands already is the first one, so that a restore names the stop that the executors hold", async () => {
    const held = `stp_${"h".repeat(26)}`;
    answerWith({ stop: async () => ok({ stop: held, alreadyClaimed: [], more: false }) });
    const before = (await send(as("app"), "/v1/automations/mail")).body.stop;
    expect((await pause()).body.stop).toBe(held);
    expect((await send(as("app"), "/v1/automations/mail")).body.stop).toEqual(before);
  });

  it("an automation that is not there cannot be paused", async () => {
    const answer = await send(as("operator"), "/v1/automations/nothing/pause", { body: { reason: "x" } });
    expect(answer.body.code).toBe("unknown-automation");
    expect(calls).toEqual([]);
  });
});

describe("a restore", () => {
  it("goes to every executor as it was signed; then nothing stands", async () => {
    const { stop } = (await pause()).body;
    answerWith({ restore: async () => ok({ stop }) });
    for (const standing of [stop]) expect((await restore(standing)).body).toEqual({ stop: standing, incomplete: [] });
    expect(calls).toHaveLength(8);
  });

  it("for another target than the path names is refused here", async () => {
    answerWith({ restore: async () => ok({ stop: "x" }) });
    expect((await restore("stp_x", { target: "other" })).body.code).toBe("restore-unsigned");
    expect((await restore("stp_x", { kind: "capability" })).body.code).toBe("restore-unsigned");
    expect(calls).toEqual([]);
  });

  it("what one executor refuses is the answer; one that never heard of the stop has nothing to lift", async () => {
    let n = 0;
    answerWith({ restore: async () => (n++ === 0 ? refuses("not-found") : ok({ stop: "stp_x" })) });
    expect((await restore("stp_x")).status).toBe(200);
    answerWith({ restore: () => refuses("role-missing") });
    expect((await restore("stp_x")).body.code).toBe("role-missing");
  });
});
