/** The life of a step over retries, doubt, resolutions and waits; the rules stand in executors/task/{outcome,resolve,waits,signals}.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cancelTask, timePassed } from "../../executors/task/decide.ts";
import { resolveDoubt } from "../../executors/task/resolve.ts";
import { signalTask, takeEvent, type ArrivedEvent } from "../../executors/task/signals.ts";
import { isTerminal } from "../../executors/task/state.ts";
import { taskView } from "../../executors/task/view.ts";
import { TaskEvent } from "../../shared/events.ts";
import type { Json } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { Resolution } from "../../shared/resolution.ts";
import { APPLIED, DOUBT, refusal, REGISTRY, TaskCore } from "../support/task-core.ts";

const code = (result: { ok: boolean; value?: unknown; problem?: { code: string } }): unknown =>
  result.ok ? (result.value ?? "ok") : result.problem!.code;
const one = (capability: string, args?: any) => new TaskCore([{ id: "a", capability, ...(args && { args }) }]);
const SIGNED = {
  payloadType: PAYLOAD_TYPES.resolution,
  payload: "e30=",
  signatures: [{ keyid: "k".repeat(43), sig: Buffer.alloc(64).toString("base64") }],
};
const signed = { envelope: SIGNED, chain: [], result: null };
const member = (name: string, roles: string[]) => ({ member: name, roles, key: null as never, kid: "k" });

function resolve(core: TaskCore, change: Partial<Resolution> = {}, who = member("olga", ["operator"])): unknown {
  const step = core.state.steps.get("a")!;
  const resolution: Resolution = {
    version: 1,
    id: `res_${"a".repeat(26)}`,
    tenant: "dev",
    task: core.task,
    step: "a",
    action: step.action,
    digest: step.digest,
    attempt: step.attempts,
    outcome: "applied",
    retry: false,
    result: null,
    reason: "looked",
    atMs: core.nowMs,
    expiresMs: core.nowMs + 1,
    ...change,
  };
  return code(core.decide((draft, deps) => resolveDoubt(draft, "a", resolution, who, signed, deps)));
}
const signal = (core: TaskCore, name: string, id: string, payload: Json = {}) =>
  code(core.decide((draft, deps) => signalTask(draft, { name, id, payload, by: "key_app" }, deps)));
const event = (core: TaskCore, key: string, change: Partial<ArrivedEvent> = {}) =>
  core.decide((draft, deps) =>
    takeEvent(draft, "a", key, { source: "/bank", id: "e1", type: "paid", data: { cents: 5 }, ...change }, deps),
  );

describe("a step whose contract has a domain key", () => {
  const keyed = (effectKey: string) => {
    const { contract: base } = REGISTRY.get("test.keyed")!;
    const properties = { n: { type: "integer" }, k: { type: "integer" } };
    const contract = { ...base, input: { ...base.input, properties }, effectKey };
    return new TaskCore([{ id: "a", capability: "test.keyed" }], { capabilities: { "test.keyed": contract } });
  };

  it("is claimed under it, and never without it where its arguments give none", () => {
    expect(keyed("thing:{n}").phase("a")).toMatchObject({ at: "applying" });
    expect(keyed("thing:{k}").phase("a")).toMatchObject({ at: "failed", code: "contract-violation" });
  });
});

describe("a step that was refused", () => {
  it("is tried again after growing pauses until its attempts are used up", () => {
    const core = one("test.keyed");
    for (let i = 1; i < LIMITS.effectAttempts; i++) {
      core.answer("a", refusal(true));
      const phase = core.phase("a");
      if (phase.at !== "retrying") throw new Error(phase.at);
      expect(core.effects()).toEqual([]);
      core.wait(phase.retryAtMs - core.nowMs);
      expect(core.phase("a")).toMatchObject({ at: "applying", attempt: i + 1 });
    }
    core.answer("a", refusal(true));
    expect(core.phase("a")).toMatchObject({ at: "failed", code: "effect-refused" });
    expect(core.state.settled?.status).toBe("failed");
  });

  it("waits as long as the target asked, and ends where that is too long", () => {
    const core = one("test.keyed");
    core.answer("a", refusal(true, 60_000));
    expect(core.phase("a")).toMatchObject({ at: "retrying", retryAtMs: core.nowMs + 60_000 });
    const other = one("test.keyed");
    other.answer("a", refusal(true, LIMITS.retryTotalMs + 1));
    expect(other.phase("a").at).toBe("failed");
    const patient = one("test.patient");
    patient.answer("a", refusal(true, LIMITS.retryTotalMs + 1));
    expect(patient.phase("a").at).toBe("retrying");
  });

  it("is not tried again after a cancel, nor beyond the deadline of its task", () => {
    const core = one("test.keyed");
    core.decide((draft, deps) => cancelTask(draft, "key_app", deps));
    core.answer("a", refusal(true));
    expect(core.state.settled?.status).toBe("cancelled");
    const late = one("test.keyed");
    late.nowMs = late.state.deadlineMs - 1;
    late.answer("a", refusal(true, 10));
    expect(late.phase("a").at).toBe("failed");
  });

  it("shows when it is tried again", () => {
    const core = one("test.keyed");
    core.answer("a", refusal(true, 5_000));
    const [step] = taskView(core.state, "dev/eu/0", 0, new Map()).steps;
    expect(step).toMatchObject({ status: "retrying", problem: { code: "effect-refused" } });
    expect(step!.waitsFor).toEqual({ what: "retry", name: null, until: new Date(core.nowMs + 5_000).toISOString() });
  });
});

describe("a step in doubt", () => {
  it("is asked about a bounded number of times, each in its time, and then waits for a person", () => {
    for (const capability of ["test.keyed", "test.asked"]) {
      const core = one(capability);
      core.answer("a", DOUBT);
      let asks = 0;
      for (;;) {
        const phase = core.phase("a");
        if (phase.at !== "in_doubt") throw new Error(phase.at);
        if (phase.askAtMs === null) break;
        if (phase.askAtMs > core.nowMs) expect(core.effects()).toEqual([]);
        core.wait(Math.max(0, phase.askAtMs - core.nowMs));
        expect(core.effects()).toEqual([{ kind: "ask", step: "a" }]);
        core.answer("a", DOUBT);
        asks++;
      }
      expect(asks).toBe(LIMITS.doubtAsks - 1);
      expect(core.types().filter((type) => type === "step-claimed")).toHaveLength(1);
      expect(taskView(core.state, "dev/eu/0", 0, new Map())).toMatchObject({
        status: "waiting",
        why: "a person: an effect is in doubt",
        steps: [{ status: "in_doubt", waitsFor: { what: "person" } }],
      });
    }
  });

  it("waits for a person at once where the target cannot be asked", () => {
    const core = one("test.blind");
    core.answer("a", DOUBT);
    expect(core.phase("a")).toMatchObject({ at: "in_doubt", askAtMs: null });
    core.wait(core.state.deadlineMs);
    expect([core.phase("a").at, core.state.settled]).toEqual(["in_doubt", null]);
  });

  it("ends with a late answer of its own attempt", () => {
    const core = one("test.blind");
    core.answer("a", DOUBT);
    core.answer("a", APPLIED);
    expect([core.phase("a").at, core.state.settled?.status]).toEqual(["applied", "succeeded"]);
  });
});

describe("a person's word on a step in doubt", () => {
  const doubtful = () => {
    const core = one("test.blind");
    core.answer("a", DOUBT);
    return core;
  };

  it("applies it, fails it, or opens another attempt", () => {
    const [applied, failed, again] = [doubtful(), doubtful(), doubtful()];
    expect(resolve(applied)).toBe("ok");
    expect([applied.phase("a").at, applied.state.settled?.status]).toEqual(["applied", "succeeded"]);
    expect(resolve(failed, { outcome: "not-applied" })).toBe("ok");
    expect([failed.phase("a").at, failed.state.settled?.status]).toEqual(["failed", "failed"]);
    expect(resolve(again, { outcome: "not-applied", retry: true })).toBe("ok");
    expect(again.phase("a")).toMatchObject({ at: "applying", attempt: 2 });
  });

  it("is refused while the target is asked, for another attempt, and by those who may not give it", () => {
    const asked = one("test.asked");
    asked.answer("a", DOUBT);
    expect(resolve(asked)).toBe("not-in-doubt");
    const core = doubtful();
    expect(resolve(core, { attempt: 2 })).toBe("attestation-mismatch");
    expect(resolve(core, { digest: `sha256:${"0".repeat(64)}` })).toBe("attestation-mismatch");
    expect(resolve(core, { retry: true })).toBe("attestation-mismatch");
    expect(resolve(core, {}, member("carol", ["operator"]))).toBe("approver-is-requester");
    expect(resolve(core, {}, member("dan", ["billing-lead"]))).toBe("role-missing");
    expect(resolve(core, { result: "x".repeat(43) })).toBe("disclosure-mismatch");
    expect(core.phase("a").at).toBe("in_doubt");
    expect(resolve(core, {}, member("ada", ["approver"]))).toBe("ok");
    expect(resolve(core)).toBe("ok");
    expect(core.types().filter((type) => type === "doubt-resolved")).toHaveLength(1);
  });

  it("stands against a late answer, which is recorded once as a contradiction", () => {
    const core = doubtful();
    resolve(core, { outcome: "not-applied" });
    core.answer("a", APPLIED, 1);
    core.answer("a", APPLIED, 1);
    expect([core.phase("a").at, core.types().filter((type) => type === "answer-contradicted").length]).toEqual([
      "failed",
      1,
    ]);
    expect(taskView(core.state, "dev/eu/0", 0, new Map()).steps[0]!.resolved).toMatchObject({
      contradiction: "applied",
    });
    const agreed = doubtful();
    resolve(agreed);
    agreed.answer("a", APPLIED, 1);
    expect(agreed.types()).not.toContain("answer-contradicted");
  });
});

describe("a step that waits", () => {
  it("for a time ends then, not before", () => {
    const core = one("wait.time", { seconds: 60 });
    core.wait(59_999);
    expect(core.phase("a").at).toBe("waiting");
    core.wait(1);
    expect(core.state.settled?.status).toBe("succeeded");
  });

  it("for a signal takes one of its name, once", () => {
    const core = one("wait.signal", { name: "paid" });
    expect(taskView(core.state, "dev/eu/0", 0, new Map())).toMatchObject({ status: "waiting", why: "the signal paid" });
    expect(signal(core, "shipped", "s0")).toBe("signal-unawaited");
    expect(signal(core, "paid", "s1", { cents: 5 })).toBe("taken");
    expect(signal(core, "paid", "s1", { cents: 5 })).toBe("duplicate");
    expect(signal(core, "paid", "s1", { cents: 6 })).toBe("idempotency-conflict");
    expect(signal(core, "paid", "s2")).toBe("task-settled");
    const phase = core.phase("a");
    expect(phase.at === "applied" && phase.result.value).toEqual({ timedOut: false, id: "s1", payload: { cents: 5 } });
  });

  it("finds a signal that came before it began to wait; kept signals are bounded", () => {
    const core = new TaskCore([
      { id: "a", capability: "test.keyed" },
      { id: "b", capability: "wait.signal", args: { name: "paid" }, after: ["a"] },
    ]);
    expect(signal(core, "paid", "s1", 1)).toBe("kept");
    expect(signal(core, "paid", "big", "x".repeat(LIMITS.signalBytes))).toBe("signal-limit");
    for (let i = 2; i <= LIMITS.signalsKept; i++) expect(signal(core, "paid", `s${i}`)).toBe("kept");
    expect(signal(core, "paid", "more")).toBe("signal-limit");
    core.answer("a", APPLIED);
    core.wait(0);
    const phase = core.phase("b");
    expect(phase.at === "applied" && phase.result.value).toMatchObject({ id: "s1", payload: 1 });
  });

  it("refuses payloads that look like references", () => {
    const core = one("wait.signal", { name: "paid" });
    expect(signal(core, "paid", "s1", { to: { $ref: "steps.a.result#/x" } })).toBe("invalid-request");
  });

  it("fails, or goes on, when its time is over", () => {
    const fails = one("wait.signal", { name: "paid", timeoutSeconds: 10 });
    fails.wait(10_000);
    expect(fails.phase("a")).toMatchObject({ at: "failed", code: "wait-timeout" });
    const goes = one("wait.event", { type: "paid", key: "k", timeoutSeconds: 10, onTimeout: "continue" });
    goes.wait(10_000);
    expect(goes.phase("a")).toMatchObject({ at: "applied" });
  });

  it("for an event takes one of its type under its key, once", () => {
    const core = one("wait.event", { type: "paid", key: "inv-1" });
    expect(core.effects()).toEqual([{ kind: "subscribe", step: "a" }]);
    expect([event(core, "inv-2"), event(core, "inv-1", { type: "sent" })]).toEqual(["late", "late"]);
    expect([event(core, "inv-1"), event(core, "inv-1"), event(core, "inv-1", { id: "e2" })]).toEqual([
      "taken",
      "taken",
      "late",
    ]);
    expect(core.types().filter((type) => type === "wait-ended")).toHaveLength(1);
    expect(core.effects()).toEqual([]);
  });

  it("ends with its task: cancelled, or expired at the deadline", () => {
    const cancelled = one("wait.signal", { name: "paid" });
    cancelled.decide((draft, deps) => cancelTask(draft, "key_app", deps));
    expect([cancelled.phase("a").at, cancelled.state.settled?.status]).toEqual(["skipped", "cancelled"]);
    const expired = one("wait.time", { seconds: 2 * 86_400 });
    expired.wait(86_400_000);
    expect([expired.phase("a").at, expired.state.settled?.status]).toEqual(["expired", "expired"]);
  });
});

describe("whatever happens in whatever order", () => {
  const capability = fc.constantFrom("test.keyed", "test.asked", "test.blind");
  const action = fc.oneof(
    fc.record({
      do: fc.constant("answer" as const),
      outcome: fc.constantFrom(APPLIED, DOUBT, refusal(true), refusal(false)),
      step: fc.nat(3),
      late: fc.nat(2),
    }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 10, 1_000, 60_000, 3_600_000) }),
    fc.record({ do: fc.constant("signal" as const), id: fc.nat(3), name: fc.constantFrom("paid", "sent") }),
    fc.record({ do: fc.constant("event" as const), id: fc.nat(2) }),
    fc.record({
      do: fc.constant("resolve" as const),
      outcome: fc.constantFrom("applied" as const, "not-applied" as const),
      retry: fc.boolean(),
    }),
    fc.record({ do: fc.constant("cancel" as const) }),
  );
  const names = ["a", "b", "c", "d"];

  it("no attempt is claimed twice, what has ended stays so, and the records alone give the same state", () => {
    fc.assert(
      fc.property(fc.tuple(capability, capability), fc.array(action, { maxLength: 30 }), ([first, second], actions) => {
        const core = new TaskCore([
          { id: "a", capability: first },
          { id: "b", capability: "wait.signal", args: { name: "paid", timeoutSeconds: 30 } },
          { id: "c", capability: "wait.event", args: { type: "paid", key: "k" }, after: ["b"] },
          { id: "d", capability: second, after: ["b"] },
        ]);
        const ended = new Map<string, unknown>();
        for (const [n, act] of actions.entries()) {
          if (act.do === "answer") {
            const step = core.state.steps.get(names[act.step]!)!;
            core.answer(step.id, act.outcome, Math.max(1, step.attempts - act.late));
          } else if (act.do === "wait") core.wait(act.ms);
          else if (act.do === "signal") signal(core, act.name, `s${act.id}`);
          else if (act.do === "event")
            core.decide((draft, deps) =>
              takeEvent(draft, "c", "k", { source: "/s", id: `e${act.id}`, type: "paid", data: null }, deps),
            );
          else if (act.do === "resolve")
            resolve(core, {
              outcome: act.outcome,
              retry: act.retry && act.outcome === "not-applied",
              id: `res_${"abcdefghijklmnopqrstuvwxyz234567"[n]!.repeat(26)}`,
            });
          else core.decide((draft, deps) => cancelTask(draft, "key_app", deps));
          core.decide(timePassed);

          for (const step of core.state.steps.values()) {
            const before = ended.get(step.id);
            if (before !== undefined) expect(step.phase).toEqual(before);
            if (isTerminal(step.phase)) ended.set(step.id, step.phase);
          }
        }
        const claims = core
          .events()
          .flatMap((one) => (one.type === "step-claimed" ? [`${one.step} ${one.attempt}`] : []));
        expect(new Set(claims).size).toBe(claims.length);
        for (const id of names)
          expect(
            core.events().filter((one) => one.type === "step-applied" && one.step === id).length,
          ).toBeLessThanOrEqual(1);
        const settled = core.types().indexOf("task-settled");
        if (settled !== -1)
          expect(
            core
              .types()
              .slice(settled + 1)
              .filter((type) => type !== "answer-contradicted"),
          ).toEqual([]);
        for (const one of core.events()) expect(TaskEvent.safeParse(one).error).toBeUndefined();
        expect(core.folded()).toEqual(core.state);
      }),
      { numRuns: 150 },
    );
  });
});
