import { describe, expect, it, vi } from "vitest";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { sha256Hex } from "../../../shared/sha256.ts";
import { GENESIS_HASH } from "../../../shared/events.ts";
import type { Plan } from "../../../shared/proposal.ts";
import { attestation, enrol, newTask, planOf, promote, release, sign, signedPlan } from "../../support/manager.ts";
import { contracts } from "../../../executors/capabilities/index.ts";
import { newPrivateKey } from "../../../scripts/lib/keys.ts";
import { testKeys } from "../keys.ts";
import { inObject, world } from "./world.ts";

const code = (result: { ok: boolean; problem?: { code: string } }) => (result.ok ? "ok" : result.problem!.code);

describe("a task that needs nobody", () => {
  it("goes from intent to succeeded in one call, and every step stands in the hash chain", async () => {
    const w = await world();
    const answer = await w.executor().submit(await w.submission({ text: "hello" }));
    expect(code(answer)).toBe("ok");
    if (!answer.ok) return;
    expect(answer.value.view.status).toBe("succeeded");
    expect(answer.value.view.steps.map((step) => step.status)).toEqual(["applied", "applied", "applied"]);
    const rows = await inObject(w.executor(), (_, state: DurableObjectState) =>
      state.storage.sql
        .exec<{ seq: number; body: string; hash: string }>("SELECT seq, body, hash FROM journal ORDER BY seq")
        .toArray(),
    );
    let prev = GENESIS_HASH;
    for (const [index, row] of rows.entries()) {
      const record = JSON.parse(row.body);
      expect(record).toMatchObject({ seq: index + 1, prev });
      expect(row.hash).toBe(sha256Hex(row.body));
      prev = row.hash;
    }
    const again = await w.executor().replay(answer.value.view.id, null);
    expect(again).toMatchObject({ ok: true, value: { same: true, plan: { same: true, words: [] } } });
    // Each step is durable before the next: three records of the task, beside the one that learned the release.
    expect(rows.filter((row) => JSON.parse(row.body).task !== null)).toHaveLength(3);
  });

  it("answers a repeated submission with the same task and changes nothing", async () => {
    const w = await world();
    const command = await w.submission({ text: "hello" });
    const first = await w.executor().submit(command);
    const again = await w.executor().submit(command);
    expect([first, again].map((answer) => answer.ok && answer.value.duplicate)).toEqual([false, true]);
    if (first.ok && again.ok)
      expect({ ...again.value.view, recorded: null }).toEqual({ ...first.value.view, recorded: null });
  });

  it("opens one task for submissions that race", async () => {
    const w = await world();
    const command = await w.submission({ text: "hello" });
    const answers = await Promise.all(Array.from({ length: 8 }, () => w.executor().submit(command)));
    expect(answers.map(code)).toEqual(Array(8).fill("ok"));
    expect(answers.filter((answer) => answer.ok && !answer.value.duplicate).length).toBeGreaterThan(0);
    const opened = await inObject(
      w.executor(),
      (_, state: DurableObjectState) =>
        state.storage.sql.exec("SELECT body FROM journal WHERE body LIKE '%task-opened%'").toArray().length,
    );
    expect(opened).toBe(1);
  });

  it("refuses the same task id with another request", async () => {
    const w = await world();
    const command = await w.submission({ text: "hello" });
    await w.executor().submit(command);
    expect(code(await w.executor().submit({ ...command, requestDigest: `sha256:${"1".repeat(64)}` }))).toBe(
      "idempotency-conflict",
    );
  });

  it("asks for a release that it does not hold", async () => {
    const w = await world();
    expect(code(await w.executor().submit(await w.submission({ text: "hello" }, { delivery: null })))).toBe(
      "release-needed",
    );
  });

  it("signs receipts that name the position in the chain", async () => {
    const w = await world();
    const command = await w.submission({ text: "hello" });
    await w.executor().submit(command);
    const read = await w.executor().read(command.task);
    if (!read.ok) throw new Error(read.problem.code);
    const receipts = read.value.steps.map((step) => JSON.parse(atob(step.receipt!.payload)));
    expect(receipts.map((receipt) => receipt.step)).toEqual(["a", "b", "c"]);
    expect(receipts[0].seq).toBeLessThan(receipts[1].seq);
  });
});

/** The manager's key signs whatever it likes; the executor decides again. */
describe("a plan under a valid proposal key is refused", () => {
  const refused = async (tamper: (plan: Plan) => Plan, wanted: string) => {
    const w = await world();
    expect(code(await w.executor().submit(await w.submission({ text: "hello" }, { tamper })))).toBe(wanted);
    expect(
      await inObject(
        w.executor(),
        (_, state: DurableObjectState) =>
          state.storage.sql.exec("SELECT 1 FROM journal WHERE task IS NOT NULL").toArray().length,
      ),
    ).toBe(0);
  };
  const firstStep = (plan: Plan, change: object): Plan => ({
    ...plan,
    steps: plan.steps.map((step, i) => (i === 0 ? { ...step, ...change } : step)),
  });

  it("when it is for another tenant", () => refused((plan) => ({ ...plan, tenant: "other" }), "audience-mismatch"));
  it("when it is for another region", () => refused((plan) => ({ ...plan, region: "us" }), "audience-mismatch"));
  it("when it is for another input", () =>
    refused((plan) => ({ ...plan, input: "x".repeat(43) }), "audience-mismatch"));
  it("when it claims a gate that its release does not have", async () => {
    const w = await world();
    const change = { unusual: ["usual"] };
    expect(code(await w.executor().submit(await w.submission({ text: "hello" }, { change })))).toBe("invalid-request");
  });
  it("when it has expired", () =>
    refused((plan) => ({ ...plan, notBeforeMs: Date.now() - 60_000, expiresMs: Date.now() - 1 }), "expired"));
  it("when it is not valid yet", () =>
    refused(
      (plan) => ({ ...plan, notBeforeMs: Date.now() + 120_000, expiresMs: Date.now() + 180_000 }),
      "not-yet-valid",
    ));
  it("when it would live for ever", () =>
    refused((plan) => ({ ...plan, expiresMs: Date.now() + 86_400_000 }), "plan-invalid"));
  it("when it invents a release", () =>
    refused((plan) => ({ ...plan, release: `sha256:${"a".repeat(64)}` }), "release-mismatch"));
  it("when it changes what the playbook derives", () =>
    refused((plan) => firstStep(plan, { args: { text: "other" } }), "plan-mismatch"));
  it("when it adds a step", () =>
    refused(
      (plan) => ({
        ...plan,
        steps: [...plan.steps, { ...plan.steps[0]!, id: "d", proposal: plan.steps[0]!.proposal.replace(/0$/, "3") }],
      }),
      "plan-mismatch",
    ));
  it("when it uses a capability that the release does not contain", () =>
    refused((plan) => firstStep(plan, { capability: "orders.cancel" }), "capability-not-in-release"));
  it("when the contract is not the one here", () =>
    refused((plan) => firstStep(plan, { contract: `sha256:${"b".repeat(64)}` }), "contract-mismatch"));
  it("when it takes another planner's name", () =>
    refused((plan) => ({ ...plan, agent: { planner: "agent", id: "key_x", member: null } }), "plan-mismatch"));

  it("when it is signed by another key", async () => {
    const w = await world();
    expect(
      code(await w.executor().submit(await w.submission({ text: "hello" }, { proposalKey: newPrivateKey() }))),
    ).toBe("key-unknown");
  });
});

describe("a release is accepted only with a promotion that chains to the root key", () => {
  it("refuses a promotion by a key of the intent-manager", async () => {
    const w = await world();
    const own = await promote(testKeys.workers.proposalKey, w.tenant, w.release, 11);
    expect(code(await w.executor().submit(await w.submission({ text: "x" }, { delivery: own })))).toBe("chain-broken");
  });

  it("refuses a wider policy under the promotion of another bundle", async () => {
    const w = await world();
    const wide = release(contracts, {
      policy: { default: "deny", rules: [{ id: "everything", when: "true", then: "allow" }] },
    });
    const delivery = { bundle: wide.text, promotion: w.delivery.promotion };
    expect(code(await w.executor().submit(await w.submission({ text: "x" }, { release: wide, delivery })))).toBe(
      "release-mismatch",
    );
  });

  it("refuses an older promotion after a newer one", async () => {
    const w = await world();
    expect(code(await w.executor().learn(w.delivery))).toBe("ok");
    const old = await promote(w.rootKey, w.tenant, w.release, 1);
    expect(code(await w.executor().learn(old))).toBe("release-superseded");
  });

  it("accepts an operator whom an admin enrolled whom the root enrolled, and nobody without that chain", async () => {
    const w = await world();
    const [admin, operator, stranger] = [newPrivateKey(), newPrivateKey(), newPrivateKey()];
    const chain = [
      await enrol(admin, w.tenant, "olga", operator, ["operator"]),
      await enrol(w.rootKey, w.tenant, "grace", admin, ["admin"]),
    ];
    const payload = JSON.parse(atob(w.delivery.promotion.envelope.payload));
    const by = async (key: typeof admin, links: typeof chain) => ({
      bundle: w.release.text,
      promotion: {
        envelope: await sign(key, PAYLOAD_TYPES.promotion, { ...payload, serial: payload.serial + 1 }),
        chain: links,
      },
    });
    expect(code(await w.executor().learn(await by(stranger, chain)))).toBe("chain-broken");
    expect(code(await w.executor().learn(await by(operator, chain.slice(0, 1))))).toBe("chain-broken");
    expect(code(await w.executor().learn(await by(operator, chain)))).toBe("ok");
  });

  it("does not let an admin make another admin", async () => {
    const w = await world();
    const [admin, second] = [newPrivateKey(), newPrivateKey()];
    const chain = [
      await enrol(admin, w.tenant, "mallory", second, ["admin"]),
      await enrol(w.rootKey, w.tenant, "grace", admin, ["admin"]),
    ];
    const payload = JSON.parse(atob(w.delivery.promotion.envelope.payload));
    const delivery = {
      bundle: w.release.text,
      promotion: {
        envelope: await sign(second, PAYLOAD_TYPES.promotion, { ...payload, serial: payload.serial + 1 }),
        chain,
      },
    };
    expect(code(await w.executor().learn(delivery))).toBe("role-missing");
  });
});

describe("a step that needs a person", () => {
  const policy = {
    default: "deny" as const,
    rules: [
      {
        id: "ask",
        when: 'capability.name == "journal.note"',
        then: "review" as const,
        reviewers: { role: "lead", quorum: 1 },
        message: "Notes are read first.",
      },
    ],
  };
  const one = {
    version: 1 as const,
    steps: [{ id: "a", capability: "journal.note", args: { text: { $cel: "intent.input.text" } } }],
  };
  const waiting = async (change = {}) => {
    const w = await world({ policy, playbook: one, ...change });
    const command = await w.submission({ text: "hello" }, { waitMs: 0 });
    const answer = await w.executor().submit(command);
    if (!answer.ok) throw new Error(answer.problem.code);
    expect(answer.value.view.status).toBe("waiting");
    const review = await w.executor().review(answer.value.view.steps[0]!.review!);
    if (!review.ok) throw new Error(review.problem.code);
    const key = newPrivateKey();
    const chain = [await enrol(w.rootKey, w.tenant, "ada", key, ["lead"])];
    return { w, task: command.task, review: review.value, key, chain };
  };

  it("waits, is approved by an enrolled key, and is applied with the attestation in its receipt", async () => {
    const { w, task, review, key, chain } = await waiting();
    expect((await w.executor().waiting()) as any).toMatchObject({
      ok: true,
      value: { reviews: [{ id: review.id, status: "waiting" }], doubts: [] },
    });
    const envelope = await attestation(key, w.tenant, review, "approve");
    expect(await w.executor().decide(review.id, { envelope, chain })).toMatchObject({
      ok: true,
      value: { status: "approved" },
    });
    const done = await w.executor().wait(task, 2_000);
    if (!done.ok) throw new Error(done.problem.code);
    expect(done.value.status).toBe("succeeded");
    const receipt = JSON.parse(atob(done.value.steps[0]!.receipt!.payload));
    expect(receipt.attestations).toEqual([JSON.parse(atob(envelope.payload)).id]);
    // Sent again, the same signature changes nothing; another one comes too late.
    expect(code(await w.executor().decide(review.id, { envelope, chain }))).toBe("ok");
    expect(
      code(
        await w.executor().decide(review.id, { envelope: await attestation(key, w.tenant, review, "reject"), chain }),
      ),
    ).toBe("review-not-waiting");
  });

  it("is refused by a rejection with its reason, and the task fails", async () => {
    const { w, task, review, key, chain } = await waiting();
    await w.executor().decide(review.id, { envelope: await attestation(key, w.tenant, review, "reject"), chain });
    expect(await w.executor().read(task)).toMatchObject({
      ok: true,
      value: { status: "failed", steps: [{ status: "denied", problem: { code: "rejected", detail: "not now" } }] },
    });
  });

  it("is not moved by a forged, misdirected or unenrolled decision", async () => {
    const { w, review, key, chain } = await waiting();
    const stranger = newPrivateKey();
    const decide = async (
      envelope: Parameters<ReturnType<typeof w.executor>["decide"]>[1]["envelope"],
      links = chain,
    ) => code(await w.executor().decide(review.id, { envelope, chain: links }));
    expect(await decide(await attestation(stranger, w.tenant, review, "approve"))).toBe("chain-broken");
    expect(await decide(await attestation(stranger, w.tenant, review, "approve"), [])).toBe("chain-broken");
    expect(
      await decide(await attestation(testKeys.workers.proposalKey, w.tenant, review, "approve"), [
        await enrol(testKeys.workers.proposalKey, w.tenant, "eve", testKeys.workers.proposalKey, ["lead"]),
      ]),
    ).toBe("chain-broken");
    expect(
      await decide(await attestation(key, w.tenant, review, "approve", { subject: `sha256:${"c".repeat(64)}` })),
    ).toBe("attestation-mismatch");
    expect(await decide(await attestation(key, "other", review, "approve"))).toBe("attestation-mismatch");
    expect(await decide(await attestation(key, w.tenant, review, "approve", { expiresMs: Date.now() - 1 }))).toBe(
      "expired",
    );
    const other = newPrivateKey();
    expect(
      await decide(await attestation(other, w.tenant, review, "approve"), [
        await enrol(w.rootKey, w.tenant, "bob", other, ["reader"]),
      ]),
    ).toBe("role-missing");
    expect(
      await decide(await attestation(other, w.tenant, review, "approve"), [
        await enrol(w.rootKey, w.tenant, "bob", other, ["lead"], { expiresMs: Date.now() - 1 }),
      ]),
    ).toBe("key-expired");
    await w.executor().revokeKey({
      kid: (await attestation(key, w.tenant, review, "approve")).signatures[0]!.keyid,
      by: "grace",
      reason: "lost",
    });
    expect(await decide(await attestation(key, w.tenant, review, "approve"))).toBe("key-revoked");
    expect(await w.executor().review(review.id)).toMatchObject({
      ok: true,
      value: { status: "waiting", required: [{ approvedBy: [] }] },
    });
  });

  it("is not approved by whoever asked for it", async () => {
    const w = await world({ policy, playbook: one });
    const command = await w.submission(
      { text: "hello" },
      { waitMs: 0, change: { principal: { key: "key_app", role: "app", member: "ada", sod: "evaluable" } } },
    );
    const answer = await w.executor().submit(command);
    if (!answer.ok) throw new Error(answer.problem.code);
    const review = await w.executor().review(answer.value.view.steps[0]!.review!);
    if (!review.ok) throw new Error(review.problem.code);
    const key = newPrivateKey();
    expect(
      code(
        await w.executor().decide(review.value.id, {
          envelope: await attestation(key, w.tenant, review.value, "approve"),
          chain: [await enrol(w.rootKey, w.tenant, "ada", key, ["lead"])],
        }),
      ),
    ).toBe("approver-is-requester");
  });

  it("waits until a quorum of different people has approved", async () => {
    const two = { ...policy, rules: [{ ...policy.rules[0]!, reviewers: { role: "lead", quorum: 2 } }] };
    const { w, task, review, key, chain } = await waiting({ policy: two });
    await w.executor().decide(review.id, { envelope: await attestation(key, w.tenant, review, "approve"), chain });
    expect(
      code(
        await w.executor().decide(review.id, { envelope: await attestation(key, w.tenant, review, "approve"), chain }),
      ),
    ).toBe("already-decided");
    expect(await w.executor().read(task)).toMatchObject({ ok: true, value: { status: "waiting" } });
    const second = newPrivateKey();
    await w.executor().decide(review.id, {
      envelope: await attestation(second, w.tenant, review, "approve"),
      chain: [await enrol(w.rootKey, w.tenant, "bob", second, ["lead"])],
    });
    expect(await w.executor().wait(task, 2_000)).toMatchObject({ ok: true, value: { status: "succeeded" } });
  });

  it("expires with its deadline, and a late approval changes nothing", async () => {
    const { w, task, review, key, chain } = await waiting({ deadlines: { taskMs: 3_600_000, reviewMs: 1_000 } });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10_000 });
    try {
      const envelope = await attestation(key, w.tenant, review, "approve");
      expect(code(await w.executor().decide(review.id, { envelope, chain }))).toBe("review-expired");
      await inObject(w.executor(), (object) => object.alarm());
    } finally {
      vi.useRealTimers();
    }
    expect(await w.executor().read(task)).toMatchObject({
      ok: true,
      value: { status: "expired", steps: [{ status: "expired" }] },
    });
  });
});

describe("a stop", () => {
  it("keeps new work out until an admin's signature lifts that very stop", async () => {
    const w = await world();
    const stop = {
      kind: "capability" as const,
      mode: "stop-all" as const,
      target: "journal.note",
      stop: `stp_${"a".repeat(26)}`,
      by: "key_op",
      reason: "drill",
    };
    expect(await w.executor().stop(stop)).toMatchObject({ ok: true, value: { stop: stop.stop, alreadyClaimed: [] } });
    expect(code(await w.executor().submit(await w.submission({ text: "x" })))).toBe("stopped");
    const restore = {
      version: 1,
      tenant: w.tenant,
      kind: stop.kind,
      target: stop.target,
      stop: stop.stop,
      atMs: Date.now(),
      expiresMs: Date.now() + 60_000,
    };
    expect(
      code(
        await w
          .executor()
          .restore({ envelope: await sign(testKeys.workers.proposalKey, PAYLOAD_TYPES.restore, restore), chain: [] }),
      ),
    ).toBe("chain-broken");
    expect(
      code(
        await w.executor().restore({
          envelope: await sign(w.rootKey, PAYLOAD_TYPES.restore, { ...restore, stop: `stp_${"b".repeat(26)}` }),
          chain: [],
        }),
      ),
    ).toBe("attestation-mismatch");
    expect(
      code(await w.executor().restore({ envelope: await sign(w.rootKey, PAYLOAD_TYPES.restore, restore), chain: [] })),
    ).toBe("ok");
    expect(code(await w.executor().submit(await w.submission({ text: "x" })))).toBe("ok");
  });
});

describe("after a crash", () => {
  it("a task finishes from storage alone when the object died in the middle of it", async () => {
    const w = await world();
    const command = await w.submission({ text: "hello" }, { waitMs: 0 });
    await w.executor().submit(command);
    await inObject(w.executor(), (_, state: DurableObjectState) => state.abort("crash")).catch(() => {});
    expect(await w.executor().wait(command.task, 5_000)).toMatchObject({ ok: true, value: { status: "succeeded" } });
  });
});

it("an outside agent's plans come round by round, each admitted once", async () => {
  const w = await world({ planner: "agent", playbook: null });
  const made = w.release;
  const opened = await w.executor().submit(await w.submission({ text: "please note it" }, { waitMs: 0 }));
  if (!opened.ok) throw new Error(opened.problem.code);
  expect(opened.value.view.status).toBe("planning");
  const task = opened.value.view.id;
  const context = await w.executor().context(task, `sha256:${"d".repeat(64)}`);
  if (!context.ok) throw new Error(context.problem.code);
  const plan = (round: number, step: string, last: boolean) =>
    planOf(
      w.tenant,
      task,
      "eu",
      made,
      context.value.inputCommitment,
      "agent",
      [{ id: step, capability: "journal.note", args: { text: "noted" } }],
      round,
      last,
    );
  const propose = async (round: number, step: string, last: boolean, digest: string, key = digest) =>
    w.executor().propose({
      task,
      plan: await signedPlan(testKeys.workers.proposalKey, plan(round, step, last)),
      requestKey: `sha256:${key.repeat(64)}`,
      requestDigest: `sha256:${digest.repeat(64)}`,
      delivery: null,
      waitMs: 1_000,
    });
  expect(code(await propose(1, "one", false, "1"))).toBe("ok");
  expect(await propose(1, "one", false, "1")).toMatchObject({ ok: true, value: { duplicate: true } });
  expect(code(await propose(1, "two", false, "6", "1"))).toBe("idempotency-conflict");
  expect(code(await propose(1, "two", false, "2"))).toBe("round-closed");
  expect(code(await propose(2, "one", false, "3"))).toBe("plan-invalid");
  expect(await propose(2, "two", true, "4")).toMatchObject({ ok: true, value: { view: { status: "succeeded" } } });
  expect(code(await propose(3, "three", true, "5"))).toBe("task-settled");
});

it("a plan whose record would be too large for the ledger is refused, and the executor goes on", async () => {
  const steps = Array.from({ length: 32 }, (_, i) => ({
    id: `s${i}`,
    capability: "journal.note",
    args: { text: { $cel: "intent.input.text" } },
  }));
  const rules = Array.from({ length: 20 }, (_, i) => ({
    id: `r${i}-${"x".repeat(90)}`,
    when: 'capability.name == "journal.note"',
    then: "allow" as const,
  }));
  const w = await world({ playbook: { version: 1, steps }, policy: { default: "deny", rules } });
  expect(code(await w.executor().submit(await w.submission({ text: "hello" })))).toBe("task-limit");
  expect(await w.executor().witness()).toMatchObject({ ok: true, value: { tasks: { open: 0 } } });
});

it("an executor with nothing left to do sets no alarm, and one with a deadline sets it for that", async () => {
  const w = await world();
  await w.executor().submit(await w.submission({ text: "hello" }));
  // The stub of the ledger takes nothing, so the outbox keeps the alarm alive; as far as deadlines go there is nothing left.
  const timers = () => inObject(w.executor(), (_, state) => state.storage.sql.exec("SELECT * FROM timers").toArray());
  expect(await timers()).toEqual([]);
  const agent = await world({ planner: "agent", playbook: null });
  await agent.executor().submit(await agent.submission({ text: "later" }, { waitMs: 0 }));
  const [alarm, deadline] = await inObject(agent.executor(), async (_, state) => [
    await state.storage.getAlarm(),
    state.storage.sql.exec<{ at_ms: number }>("SELECT at_ms FROM timers").one().at_ms,
  ]);
  expect(alarm).toBeLessThanOrEqual(deadline!);
});

it("an agent that proposes nothing leaves a failed task, and the member behind an agent does not approve what it proposes", async () => {
  const policy = {
    default: "deny" as const,
    rules: [
      {
        id: "ask",
        when: 'capability.name == "journal.note"',
        then: "review" as const,
        reviewers: { role: "lead", quorum: 1 },
      },
    ],
  };
  const w = await world({ planner: "agent", playbook: null, policy });
  const propose = async (task: string, steps: Parameters<typeof planOf>[6], member: string | null) => {
    const context = await w.executor().context(task, `sha256:${"d".repeat(64)}`);
    if (!context.ok) throw new Error(context.problem.code);
    const plan = planOf(w.tenant, task, "eu", w.release, context.value.inputCommitment, "agent", steps, 1, true);
    const signed = await signedPlan(testKeys.workers.proposalKey, { ...plan, agent: { ...plan.agent, member } });
    const digest = `sha256:${"e".repeat(64)}`;
    return w
      .executor()
      .propose({ task, plan: signed, requestKey: digest, requestDigest: digest, delivery: null, waitMs: 0 });
  };
  const opened = await w.executor().submit(await w.submission({ text: "note it" }, { waitMs: 0 }));
  if (!opened.ok) throw new Error(opened.problem.code);
  const proposed = await propose(
    opened.value.view.id,
    [{ id: "a", capability: "journal.note", args: { text: "x" } }],
    "ada",
  );
  if (!proposed.ok) throw new Error(proposed.problem.code);
  const review = await w.executor().review(proposed.value.view.steps[0]!.review!);
  if (!review.ok) throw new Error(review.problem.code);
  const key = newPrivateKey();
  const by = async (member: string) =>
    code(
      await w.executor().decide(review.value.id, {
        envelope: await attestation(key, w.tenant, review.value, "approve"),
        chain: [await enrol(w.rootKey, w.tenant, member, key, ["lead"])],
      }),
    );
  expect(await by("ada")).toBe("approver-is-requester");
  expect(await by("bob")).toBe("ok");

  const empty = await world({ planner: "agent", playbook: null });
  const second = await empty.executor().submit(await empty.submission({ text: "note it" }, { waitMs: 0 }));
  if (!second.ok) throw new Error(second.problem.code);
  const context = await empty.executor().context(second.value.view.id, `sha256:${"d".repeat(64)}`);
  if (!context.ok) throw new Error(context.problem.code);
  const nothing = planOf(
    empty.tenant,
    second.value.view.id,
    "eu",
    empty.release,
    context.value.inputCommitment,
    "agent",
    [],
    1,
    true,
  );
  const digest = `sha256:${"e".repeat(64)}`;
  expect(
    await empty.executor().propose({
      task: second.value.view.id,
      plan: await signedPlan(testKeys.workers.proposalKey, nothing),
      requestKey: digest,
      requestDigest: digest,
      delivery: null,
      waitMs: 0,
    }),
  ).toMatchObject({ ok: true, value: { view: { status: "failed", why: "nothing-proposed" } } });
});

it("a task that cannot be read hides no review of another, and a stop still answers", async () => {
  const policy = {
    default: "deny" as const,
    rules: [
      {
        id: "ask",
        when: 'capability.name == "journal.note"',
        then: "review" as const,
        reviewers: { role: "lead", quorum: 1 },
      },
    ],
  };
  const w = await world({ policy });
  const command = await w.submission({ text: "hello" }, { waitMs: 0 });
  await w.executor().submit(command);
  await inObject(w.executor(), (_, state) => {
    state.storage.sql.exec("INSERT INTO tasks (id) VALUES ('broken')");
    state.storage.sql.exec("INSERT INTO journal (seq, task, hash, body) VALUES (1000000, 'broken', 'x', 'not json')");
  });
  expect(await w.executor().waiting()).toMatchObject({ ok: true, value: { reviews: [{ task: command.task }] } });
  const stop = {
    kind: "capability" as const,
    mode: "stop-all" as const,
    target: "journal.note",
    stop: `stp_${"a".repeat(26)}`,
    by: "key_op",
    reason: "drill",
  };
  expect(await w.executor().stop(stop)).toMatchObject({ ok: true, value: { alreadyClaimed: [] } });
  expect(await w.executor().witness()).toMatchObject({
    ok: true,
    value: { stuck: [{ task: "broken", why: "record-unreadable" }] },
  });
});

it("a task whose stored record cannot be read says so to whoever asks, and the witness names it until it can be read", async () => {
  const w = await world();
  const shards = testKeys.trust.tenants[w.tenant]!.shards;
  let own = newTask("eu", shards);
  while (own.shard !== w.shard) own = newTask("eu", shards);
  const inStorage = (statement: string, ...values: string[]) =>
    inObject(w.executor(), (_, state: DurableObjectState) => void state.storage.sql.exec(statement, ...values));
  await inStorage("INSERT INTO journal (seq, task, hash, body) VALUES (1000000, ?, 'x', 'not json')", own.id);
  const command = await w.submission({ text: "hello" }, { task: own.id });
  expect([
    code(await w.executor().read(own.id)),
    code(await w.executor().submit(command)),
    code(await w.executor().cancel(own.id, "key_op")),
    code(await w.executor().events(own.id, 0, 0)),
  ]).toEqual(Array(4).fill("record-unreadable"));
  const stuck = async () => {
    const witness = await w.executor().witness();
    return witness.ok ? witness.value.stuck : witness;
  };
  expect(await stuck()).toEqual([{ task: own.id, why: "record-unreadable" }]);
  await inStorage("DELETE FROM journal WHERE task = ?", own.id);
  expect(code(await w.executor().read(own.id))).toBe("not-found");
  expect(await stuck()).toEqual([]);
});
