/** Compensation and reversal in the core of one task; the rules U1 to U5 stand in executors/task/undo.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cancelTask, attest } from "../../executors/task/decide.ts";
import { resolveDoubt } from "../../executors/task/resolve.ts";
import { reverseTask } from "../../executors/task/reverse.ts";
import { isTerminal, isUndoing } from "../../executors/task/state.ts";
import { taskView } from "../../executors/task/view.ts";
import { TaskEvent } from "../../shared/events.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { Policy } from "../../shared/policy/index.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import type { Resolution } from "../../shared/resolution.ts";
import { undoKey } from "../../shared/effect-keys.ts";
import { undoneBy } from "../../shared/undo.ts";
import { APPLIED, DOUBT, MADE, refusal, TaskCore, type TestStep } from "../support/task-core.ts";

const HOUR = 3_600_000;
const code = (result: { ok: boolean; problem?: { code: string } }): string => (result.ok ? "ok" : result.problem!.code);
const envelope = (payloadType: string) => ({
  payloadType,
  payload: "e30=",
  signatures: [{ keyid: "k".repeat(43), sig: Buffer.alloc(64).toString("base64") }],
});
const made = (id: string, after: string[] = [], args: any = { n: 1 }): TestStep => ({
  id,
  capability: "test.make",
  args,
  after,
});
const failing: TestStep = { id: "z", capability: "test.keyed", after: ["c"] };
const THREE = [made("a"), made("b", ["a"]), made("c", ["b"]), failing];
const compensating = (steps: readonly TestStep[] = THREE, change: Partial<ReleaseBundle> = {}) =>
  new TaskCore(steps, { onFailure: "compensate", ...change });
const reversible = (steps: readonly TestStep[] = [made("a")], change: Partial<ReleaseBundle> = {}) =>
  new TaskCore(steps, { reversal: { windowMs: HOUR }, ...change });
/** What an executor does after a commit: goes on where only durability was waited for. */
const goOn = (core: TaskCore): void => core.goOn();
const answer = (core: TaskCore, step: string, outcome: Parameters<TaskCore["answer"]>[1]): void => {
  core.answer(step, outcome);
  goOn(core);
};
/** All three are made, the fourth is refused. */
function failed(core = compensating()): TaskCore {
  for (const id of ["a", "b", "c"]) answer(core, id, MADE);
  answer(core, "z", refusal(false));
  return core;
}
const running = (core: TaskCore): string[] => core.effects().map(({ step }) => step);
const view = (core: TaskCore) => taskView(core.state, "dev/eu/0", 0, new Map());
const statusOf = (core: TaskCore, id: string) => view(core).steps.find((step) => step.id === id)!.status;
const applied = (core: TaskCore): string[] =>
  core.events().flatMap((event) => (event.type === "step-applied" ? [event.step] : []));
const settled = (core: TaskCore) => core.state.settled;

let requests = 0;
function reverse(core: TaskCore, step: string, id = `rvs_${String(requests++).padStart(26, "a")}`): string {
  const request = {
    id,
    by: "operator key key_op",
    member: "olga",
    envelope: envelope(PAYLOAD_TYPES.reversal),
    takenBack: [],
  };
  const result = core.decide((draft, deps) => reverseTask(draft, step, request, deps));
  goOn(core);
  return code(result);
}
let resolutions = 0;
function resolve(core: TaskCore, id: string, change: Partial<Resolution> = {}): string {
  const step = core.state.steps.get(id)!;
  const resolution: Resolution = {
    version: 1,
    id: `res_${String(resolutions++).padStart(26, "a")}`,
    tenant: "dev",
    task: core.task,
    step: id,
    action: step.action,
    digest: step.digest,
    attempt: Math.max(1, step.attempts),
    outcome: "applied",
    retry: false,
    result: null,
    reason: "looked",
    atMs: core.nowMs,
    expiresMs: core.nowMs + 1,
    ...change,
  };
  const member = { member: "oscar", roles: ["operator"], key: null as never, kid: "k" };
  const signed = { envelope: envelope(PAYLOAD_TYPES.resolution), chain: [], result: null };
  const result = core.decide((draft, deps) => resolveDoubt(draft, id, resolution, member, signed, deps));
  goOn(core);
  return code(result);
}

describe("a task that failed", () => {
  it("takes back what it did in reverse order, each undo durable before the next is claimed", () => {
    const core = failed();
    for (const id of ["c", "b", "a"]) {
      expect(running(core)).toEqual([`${id}~undo`]);
      expect(statusOf(core, id)).toBe("undoing");
      expect(view(core)).toMatchObject({ status: "compensating" });
      core.answer(`${id}~undo`, APPLIED);
      // The record of the undo holds no claim of the next.
      expect(core.records.at(-1)!.events.filter(({ type }) => type === "step-claimed")).toEqual([]);
      goOn(core);
      expect(statusOf(core, id)).toBe("compensated");
    }
    expect(settled(core)).toEqual({ status: "compensated", why: "z" });
    expect(applied(core)).toEqual(["a", "b", "c", "c~undo", "b~undo", "a~undo"]);
    for (const event of core.events()) expect(TaskEvent.safeParse(event).error).toBeUndefined();
  });

  it("follows the order in which its actions were applied, not the order of the plan", () => {
    const core = compensating([made("a"), made("b"), { ...failing, after: ["a", "b"] }]);
    answer(core, "b", MADE);
    answer(core, "a", MADE);
    answer(core, "z", refusal(false));
    expect(running(core)).toEqual(["a~undo"]);
    answer(core, "a~undo", APPLIED);
    expect(running(core)).toEqual(["b~undo"]);
  });

  it("binds each undo to the action's arguments and result, under a key of its own, and expects what the action left", () => {
    const core = failed();
    const undo = core.state.steps.get("c~undo")!;
    const done = core.state.steps.get("c")!;
    expect(undo).toMatchObject({
      capability: "test.unmake",
      args: { n: 1, version: 7 },
      action: `${done.action}_u1`,
      effectKey: undoKey(done.action),
      expected: [{ resource: "things/1", version: 7 }],
      undoes: { step: "c", kind: "compensation", by: "", request: null },
    });
  });

  it("keeps its deeds where its automation does not say that they are taken back", () => {
    const core = failed(new TaskCore(THREE));
    expect(settled(core)).toEqual({ status: "failed", why: "z" });
    expect(core.state.steps.has("c~undo")).toBe(false);
  });

  it("waits for what is under way before it takes anything back", () => {
    const core = compensating([made("a"), made("b"), failing].map((step) => ({ ...step, after: [] })));
    answer(core, "a", MADE);
    answer(core, "z", refusal(false));
    expect(running(core)).toEqual(["b"]);
    answer(core, "b", MADE);
    expect(running(core)).toEqual(["b~undo"]);
  });

  it("ends as failed, naming what stays, where nothing takes an action back; the rest is taken back", () => {
    const core = compensating([
      made("a"),
      { id: "b", capability: "test.keyed", after: ["a"] },
      { ...failing, after: ["b"] },
    ]);
    answer(core, "a", MADE);
    answer(core, "b", APPLIED);
    answer(core, "z", refusal(false));
    expect(running(core)).toEqual(["a~undo"]);
    answer(core, "a~undo", APPLIED);
    expect(settled(core)).toEqual({ status: "failed", why: "b" });
    expect(statusOf(core, "a")).toBe("compensated");
    expect(statusOf(core, "b")).toBe("applied");
  });

  it("ends at once where nothing was changed", () => {
    const core = compensating();
    answer(core, "a", refusal(false));
    expect(settled(core)).toEqual({ status: "failed", why: "a" });
    expect(core.types()).not.toContain("compensation-started");
  });

  it("commits to the arguments of an undo: no personal value stands in its record", () => {
    const core = compensating([made("a", [], { n: 1, who: "Ada Lovelace" }), { ...failing, after: ["a"] }]);
    answer(core, "a", MADE);
    answer(core, "z", refusal(false));
    answer(core, "a~undo", APPLIED);
    expect(core.state.steps.get("a~undo")!.args).toMatchObject({ who: "Ada Lovelace" });
    const undos = core.events().filter((event) => "step" in event && event.step.startsWith("a"));
    expect(JSON.stringify(undos)).not.toContain("Ada");
  });
});

describe("a cancelled or expired task", () => {
  it("is taken back as a failed one", () => {
    const core = compensating();
    answer(core, "a", MADE);
    core.decide((draft, deps) => cancelTask(draft, "key_app", deps));
    expect(running(core)).toEqual(["b"]);
    answer(core, "b", MADE);
    expect(running(core)).toEqual(["b~undo"]);
    answer(core, "b~undo", APPLIED);
    answer(core, "a~undo", APPLIED);
    expect(settled(core)).toEqual({ status: "compensated", why: "cancelled" });
  });

  it("is taken back after its deadline, with retries and reviews that the deadline does not end", () => {
    const core = compensating([made("a"), { id: "w", capability: "wait.signal", args: { name: "go" }, after: ["a"] }]);
    answer(core, "a", MADE);
    core.wait(core.state.deadlineMs - core.nowMs);
    goOn(core);
    expect(running(core)).toEqual(["a~undo"]);
    answer(core, "a~undo", refusal(true, 1_000));
    expect(core.phase("a~undo")).toMatchObject({ at: "retrying" });
    core.wait(24 * HOUR);
    answer(core, "a~undo", APPLIED);
    expect(settled(core)?.status).toBe("compensated");
  });

  it("is taken back under every stop", () => {
    const core = compensating([made("a"), { ...failing, after: ["a"] }]);
    answer(core, "a", MADE);
    core.stoppedBy = (kind, target) => `${kind} ${target}`;
    answer(core, "z", refusal(false));
    answer(core, "a~undo", APPLIED);
    expect(settled(core)?.status).toBe("compensated");
  });
});

describe("an undo that fails", () => {
  const stuck = () => {
    const core = failed();
    answer(core, "c~undo", APPLIED);
    answer(core, "b~undo", refusal(false));
    return core;
  };

  it("stops the compensation where everybody sees it", () => {
    const core = stuck();
    expect(running(core)).toEqual([]);
    expect(settled(core)).toBeNull();
    expect(view(core)).toMatchObject({ status: "compensating", why: "a person: an undo has failed" });
    expect(statusOf(core, "b")).toBe("applied");
    core.wait(30 * 24 * HOUR);
    expect(settled(core)).toBeNull();
  });

  it("is tried again under a new name, and what was left to do goes on", () => {
    const core = stuck();
    expect(reverse(core, "b")).toBe("ok");
    expect(running(core)).toEqual(["b~undo2"]);
    expect(core.state.steps.get("b~undo2")!.effectKey).toBe(core.state.steps.get("b~undo")!.effectKey);
    expect(reverse(core, "b")).toBe("task-not-settled");
    answer(core, "b~undo2", APPLIED);
    expect(reverse(core, "b")).toBe("already-undone");
    answer(core, "a~undo", APPLIED);
    expect(settled(core)).toEqual({ status: "compensated", why: "z" });
  });

  it("ends when a person has undone it by hand", () => {
    const core = stuck();
    expect(resolve(core, "b~undo")).toBe("ok");
    expect(running(core)).toEqual(["a~undo"]);
    answer(core, "a~undo", APPLIED);
    expect(settled(core)?.status).toBe("compensated");
  });

  it("ends when a person leaves the action as it is: the rest is taken back and the task names what stays", () => {
    const core = stuck();
    expect(resolve(core, "b~undo", { outcome: "not-applied" })).toBe("ok");
    expect(running(core)).toEqual(["a~undo"]);
    answer(core, "a~undo", APPLIED);
    expect(settled(core)).toEqual({ status: "failed", why: "b" });
  });

  it("lets nobody undo another action of the task out of order", () => {
    const core = stuck();
    const asked = ["a", "c", "z"].map((step) => reverse(core, step));
    expect(asked).toEqual(["task-not-settled", "already-undone", "task-not-settled"]);
    expect(running(core)).toEqual([]);
  });

  it("has a bounded number of attempts", () => {
    const core = stuck();
    for (let attempt = 2; attempt <= LIMITS.undoAttempts; attempt++) {
      expect(reverse(core, "b")).toBe("ok");
      answer(core, `b~undo${attempt}`, refusal(false));
    }
    expect(reverse(core, "b")).toBe("undo-attempts-spent");
    expect(resolve(core, `b~undo${LIMITS.undoAttempts}`)).toBe("ok");
    expect(running(core)).toEqual(["a~undo"]);
  });

  it("in doubt is asked about, shown, and ends with a person's word", () => {
    const core = failed();
    answer(core, "c~undo", DOUBT);
    expect(statusOf(core, "c")).toBe("undo_in_doubt");
    for (let i = 0; i <= LIMITS.doubtAsks; i++) {
      const phase = core.phase("c~undo");
      if (phase.at !== "in_doubt" || phase.askAtMs === null) break;
      expect(resolve(core, "c~undo")).toBe("not-in-doubt");
      core.wait(phase.askAtMs - core.nowMs);
      answer(core, "c~undo", DOUBT);
    }
    expect(core.phase("c~undo")).toMatchObject({ at: "in_doubt", askAtMs: null });
    expect(reverse(core, "c")).toBe("task-not-settled");
    expect(resolve(core, "c~undo")).toBe("ok");
    expect(running(core)).toEqual(["b~undo"]);
  });

  it("whose arguments cannot be bound is seen as failed", () => {
    const core = compensating([made("a"), { ...failing, after: ["a"] }]);
    answer(core, "a", { kind: "applied", result: {}, replayed: false });
    answer(core, "z", refusal(false));
    expect(core.phase("a~undo")).toMatchObject({ at: "failed", code: "reference-unresolved" });
    expect(view(core).why).toBe("a person: an undo has failed");
  });

  it("because policy denies it waits for a person as well", () => {
    const rules: Policy["rules"] = [{ id: "makes", when: 'capability.name != "test.unmake"', then: "allow" }];
    const core = compensating([made("a"), { ...failing, after: ["a"] }], { policy: { default: "deny", rules } });
    answer(core, "a", MADE);
    answer(core, "z", refusal(false));
    expect(core.phase("a~undo")).toMatchObject({ at: "denied" });
    expect(view(core).why).toBe("a person: an undo has failed");
  });
});

describe("a reversal", () => {
  const done = (change: Partial<ReleaseBundle> = {}) => {
    const core = reversible([made("a")], change);
    answer(core, "a", MADE);
    expect(settled(core)?.status).toBe("succeeded");
    return core;
  };

  it("is an undo of a task that has ended, which stays as it ended", () => {
    const core = done();
    expect(view(core).steps[0]!.reversibleUntil).toBe(new Date(core.nowMs + HOUR).toISOString());
    expect(reverse(core, "a")).toBe("ok");
    expect([running(core), statusOf(core, "a"), isUndoing(core.state)]).toEqual([["a~undo"], "undoing", true]);
    answer(core, "a~undo", APPLIED);
    expect([statusOf(core, "a"), isUndoing(core.state)]).toEqual(["reversed", false]);
    expect(settled(core)).toEqual({ status: "succeeded", why: null });
    expect(view(core).steps[1]!.undoes).toEqual({ step: "a", kind: "reversal", by: "operator key key_op" });
    expect(reverse(core, "a")).toBe("already-undone");
  });

  it("by the same request again starts nothing, not even after its undo failed", () => {
    const core = done();
    const id = `rvs_${"b".repeat(26)}`;
    expect(reverse(core, "a", id)).toBe("ok");
    expect(reverse(core, "a", id)).toBe("ok");
    answer(core, "a~undo", refusal(false));
    expect(reverse(core, "a", id)).toBe("ok");
    expect(core.state.steps.has("a~undo2")).toBe(false);
    expect([reverse(core, "a"), reverse(core, "a", id)]).toEqual(["ok", "ok"]);
    answer(core, "a~undo2", refusal(false));
    expect(reverse(core, "a", id)).toBe("ok");
    expect(core.state.steps.has("a~undo3")).toBe(false);
  });

  it("that failed leaves the action as it was, and may be asked for again", () => {
    const core = done();
    reverse(core, "a");
    answer(core, "a~undo", refusal(false));
    expect([statusOf(core, "a"), isUndoing(core.state)]).toEqual(["applied", false]);
    reverse(core, "a");
    answer(core, "a~undo2", APPLIED);
    expect(statusOf(core, "a")).toBe("reversed");
  });

  it("is refused once its window has closed, and the close is an event", () => {
    const core = done();
    core.wait(HOUR - 1);
    expect(core.types()).not.toContain("reversal-window-closed");
    core.wait(1);
    core.wait(1);
    expect(core.types().filter((type) => type === "reversal-window-closed")).toHaveLength(1);
    expect(view(core).steps[0]!.reversibleUntil).toBeNull();
    expect(reverse(core, "a")).toBe("reversal-window-closed");
  });

  it("that began inside the window goes on after it", () => {
    const core = done();
    reverse(core, "a");
    core.wait(2 * HOUR);
    answer(core, "a~undo", APPLIED);
    expect(statusOf(core, "a")).toBe("reversed");
  });

  it("is refused where there is no window, nothing to take back, or the task has not ended", () => {
    const core = new TaskCore([made("a")]);
    expect(reverse(core, "a")).toBe("task-not-settled");
    answer(core, "a", MADE);
    expect(reverse(core, "a")).toBe("reversal-window-closed");
    expect(reverse(core, "nobody")).toBe("not-found");
    const keyed = reversible([{ id: "k", capability: "test.keyed" }]);
    answer(keyed, "k", APPLIED);
    expect(reverse(keyed, "k")).toBe("not-reversible");
    const refused = reversible([made("a")]);
    answer(refused, "a", refusal(false));
    expect(reverse(refused, "a")).toBe("not-applied");
    expect(reverse(failed(reversible(THREE, { onFailure: "compensate" })), "c")).toBe("task-not-settled");
  });

  it("waits for the person whom policy names, without the task's deadline", () => {
    const rules: Policy["rules"] = [
      { id: "makes", when: "true", then: "allow" },
      {
        id: "lead",
        when: 'capability.name == "test.unmake" && undo.kind == "reversal"',
        then: "review",
        reviewers: { role: "lead", quorum: 1 },
      },
    ];
    const core = reversible([made("a")], {
      policy: { default: "deny", rules },
      deadlines: { taskMs: HOUR / 2, reviewMs: HOUR },
    });
    answer(core, "a", MADE);
    core.wait(HOUR / 2 + 1);
    expect(reverse(core, "a")).toBe("ok");
    const review = core.state.steps.get("a~undo")!.review!;
    expect(review.expiresMs).toBe(core.nowMs + HOUR);
    const decide = (who: string) =>
      code(
        core.decide((draft, deps) =>
          attest(
            draft,
            "a~undo",
            {
              version: 1,
              id: `att_${"a".repeat(26)}`,
              tenant: "dev",
              task: core.task,
              step: "a~undo",
              review: review.id,
              subject: review.subject,
              decision: "approve",
              reason: null,
              atMs: core.nowMs,
              expiresMs: core.nowMs + 1,
            } as never,
            { member: who, roles: ["lead"], key: null as never, kid: "k" } as never,
            { envelope: envelope(PAYLOAD_TYPES.attestation), chain: [] } as never,
            deps,
          ),
        ),
      );
    // Whoever asked for it may not approve it.
    expect([decide("olga"), decide("carol"), decide("lea")]).toEqual([
      "approver-is-requester",
      "approver-is-requester",
      "ok",
    ]);
    answer(core, "a~undo", APPLIED);
    expect(statusOf(core, "a")).toBe("reversed");
  });
});

it("whatever happens in whatever order, every action is undone at most once, in order, and a crash changes nothing", () => {
  const outcomes = [APPLIED, MADE, refusal(false), refusal(true), DOUBT];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(20), fc.nat(10_000)), { minLength: 5, maxLength: 60 }),
      fc.boolean(),
      (moves, chain) => {
        const after = (id: string) => (chain ? [id] : []);
        const core = new TaskCore(
          [made("a"), made("b", after("a")), made("c", after("b")), { ...failing, after: after("c") }],
          {
            onFailure: "compensate",
            reversal: { windowMs: HOUR },
          },
        );
        for (const [kind, n] of moves) {
          const open = running(core);
          const steps = [...core.state.steps.keys()];
          const any = steps[n % steps.length]!;
          if (kind < 10 && open.length > 0) {
            const step = open[n % open.length]!;
            const isUndo = undoneBy(step) !== null;
            const outcome = outcomes[kind % outcomes.length]!;
            core.answer(step, outcome.kind !== "applied" ? outcome : isUndo || step === "z" ? APPLIED : MADE);
          } else if (kind < 13) core.wait(n * 100);
          else if (kind < 16) reverse(core, any);
          else if (kind < 18) resolve(core, any, n % 2 === 0 ? {} : { outcome: "not-applied" });
          else if (kind === 18) core.decide((draft, deps) => cancelTask(draft, "key_app", deps));
          else core.answer(any, any.length === 1 && any !== "z" ? MADE : APPLIED, n % 3);
          if (n % 3 !== 0) goOn(core);
          expect(core.folded()).toEqual(core.state);
        }
        const order = applied(core);
        const undone = order.flatMap((step) => undoneBy(step)?.step ?? []);
        expect(new Set(undone).size).toBe(undone.length);
        // While a task compensates, whatever was applied later is taken back first, or a person said that it stays.
        const started = core.events().findIndex(({ type }) => type === "compensation-started");
        const ended = core.events().findIndex(({ type }) => type === "task-settled");
        const during = core
          .events()
          .slice(started === -1 ? Infinity : started, ended === -1 ? undefined : ended)
          .flatMap((event) => (event.type === "step-applied" ? [undoneBy(event.step)!.step] : []));
        const forward = order.filter((step) => undoneBy(step) === null);
        expect(during).toEqual(during.toSorted((x, y) => forward.indexOf(y) - forward.indexOf(x)));
        const underWay = [...core.state.steps.values()].filter(
          ({ undoes, phase }) => undoes !== null && !isTerminal(phase),
        );
        if (core.state.compensating && settled(core) === null) expect(underWay.length).toBeLessThanOrEqual(1);
        for (const event of core.events()) expect(TaskEvent.safeParse(event).success).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});
