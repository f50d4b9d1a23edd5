/** Attacks on an executor by holders of ordinary keys and of the whole intent-manager. Each test is an attempt; what it asserts is that it fails. */
import { describe, expect, it, vi } from "vitest";
import { contracts } from "../../../executors/capabilities/index.ts";
import { commit, type Disclosures } from "../../../shared/commitments.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import { ChainRecord } from "../../../shared/events.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { attestation, enrol, HOUR_MS, keyId, newSalt, newTask, planOf, signedPlan } from "../../support/manager.ts";
import { newPrivateKey } from "../../../scripts/lib/keys.ts";
import { digestOf } from "../../../shared/canonical.ts";
import { testKeys } from "../keys.ts";
import { inObject, world, type World } from "./world.ts";

const code = (result: { ok: boolean; problem?: { code: string } }) => (result.ok ? "ok" : result.problem!.code);
const note = (id: string, text = "hello") => ({ id, capability: "journal.note", args: { text } });
const REVIEWED: ReleaseBundle["policy"] = {
  default: "deny",
  rules: [{ id: "ask", when: "true", then: "review", reviewers: { role: "lead", quorum: 1 } }],
};
const BY_AGENTS = { planner: "agent", playbook: null } as const;
type Beside = {
  readonly disclosures?: Disclosures;
  readonly rationale?: string | null;
  readonly round?: number;
  readonly last?: boolean;
};
type Steps = Parameters<typeof planOf>[6];

/** A task of an agent's automation, and a way to propose into it. */
async function agentTask(change: Partial<ReleaseBundle> = {}) {
  const w = await world({ ...BY_AGENTS, ...change });
  const command = await w.submission({ text: "hello" }, { waitMs: 0 });
  const opened = await w.executor().submit(command);
  if (!opened.ok) throw new Error(opened.problem.code);
  const input = commit(command.input.salt, command.input.value);
  const propose = async (steps: Steps, { disclosures = {}, rationale = null, round = 1, last = true }: Beside = {}) => {
    const bare = planOf(w.tenant, command.task, "eu", w.release, input, "agent", steps, round, last);
    const why = rationale === null ? null : { $commit: rationale };
    const plan = { ...bare, steps: bare.steps.map((step) => ({ ...step, rationale: why })) };
    const signed = { ...(await signedPlan(testKeys.workers.proposalKey, plan)), disclosures };
    const requestDigest = digestOf(plan);
    return w.executor().propose({
      task: command.task,
      plan: signed,
      requestKey: requestDigest,
      requestDigest,
      delivery: null,
      waitMs: 0,
    });
  };
  return { w, task: command.task, propose };
}

describe("a neighbour in a shard is not held up", () => {
  it("by more waiting callers than a task has places for", async () => {
    const { w, task } = await agentTask();
    // Far longer than a submission takes on a busy machine.
    const waitMs = 4_000;
    const waiting = Array.from({ length: 80 }, () => w.executor().wait(task, waitMs));
    const started = Date.now();
    const answer = await w.executor().submit(await w.submission({ text: "other" }, { task: newTaskOf(w), waitMs: 0 }));
    expect(code(answer)).toBe("ok");
    expect(Date.now() - started).toBeLessThan(waitMs);
    await Promise.all(waiting);
  });

  it("by a task whose values no row can hold", async () => {
    const { w } = await agentTask();
    const huge = await w.submission({ text: "x".repeat(3_000_000) }, { task: newTaskOf(w), waitMs: 0 });
    const small = await w.submission({ text: "x" }, { task: newTaskOf(w), waitMs: 0 });
    const answers = await Promise.all([w.executor().submit(huge), w.executor().submit(small)]);
    expect(answers.map(code)).toEqual(["task-limit", "ok"]);
  });

  it("by a plan whose record no ledger entry can hold", async () => {
    const policy: ReleaseBundle["policy"] = {
      default: "deny",
      rules: Array.from({ length: 60 }, (_, i) => ({
        id: `a-rule-with-a-name-that-somebody-can-understand-${i}`,
        when: "true",
        then: "allow" as const,
      })),
    };
    const { w, propose } = await agentTask({ policy });
    const steps = Array.from({ length: 32 }, (_, i) => note(`s${i}`.padEnd(60, "x"), "y".repeat(250)));
    expect(code(await propose(steps))).toBe("task-limit");
    const longest = await inObject(w.executor(), (_, state) =>
      Math.max(
        ...state.storage.sql
          .exec<{ n: number }>("SELECT length(body) AS n FROM journal")
          .toArray()
          .map(({ n }) => n),
      ),
    );
    expect(longest).toBeLessThan(LIMITS.entryBytes - 1_024);
  });
});

it("whatever an agent names its steps, the ledger can read the record of them", async () => {
  const policy: ReleaseBundle["policy"] = { default: "deny", rules: [] };
  const { w, propose } = await agentTask({ policy });
  const answer = await propose([note(`s${"x".repeat(63)}`), note("constructor"), note("a-b_c-")]);
  expect(answer).toMatchObject({ ok: true, value: { view: { status: "failed" } } });
  const bodies = await inObject(w.executor(), (_, state) =>
    state.storage.sql
      .exec<{ body: string }>("SELECT body FROM journal")
      .toArray()
      .map(({ body }) => body),
  );
  for (const body of bodies) expect(ChainRecord.safeParse(JSON.parse(body)).error?.issues ?? []).toEqual([]);
});

it("an open task that can no longer be read stops neither the alarm nor its neighbours", async () => {
  const w = await world();
  await w.executor().learn(w.delivery);
  await inObject(w.executor(), async (object, { storage: { sql } }) => {
    const task = newTaskOf(w);
    sql.exec("INSERT INTO tasks (id) VALUES (?)", task);
    sql.exec(
      'INSERT INTO journal (seq, task, hash, body) VALUES (900000, ?, \'x\', \'{"events":[{"type":"other"}]}\')',
      task,
    );
    await object.alarm();
  });
  expect(code(await w.executor().submit(await w.submission({ text: "hello" })))).toBe("ok");
});

it("a task of as many steps as it may have can still end in one record", async () => {
  const { w, task, propose } = await agentTask({ policy: REVIEWED });
  const rounds = LIMITS.taskSteps / LIMITS.planSteps;
  for (let round = 1; round <= rounds + 1; round++) {
    const steps = Array.from({ length: LIMITS.planSteps }, (_, i) => note(`r${round}s${i}`.padEnd(64, "x")));
    expect(code(await propose(steps, { round, last: false }))).toBe(round <= rounds ? "ok" : "task-limit");
  }
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 48 * HOUR_MS });
  try {
    await inObject(w.executor(), (object) => object.alarm());
  } finally {
    vi.useRealTimers();
  }
  expect(await w.executor().read(task)).toMatchObject({ value: { settled: true, status: "expired" } });
});

describe("whoever holds the intent-manager", () => {
  const stop = {
    kind: "automation" as const,
    mode: "stop-all" as const,
    target: "notes",
    stop: `stp_${"a".repeat(26)}`,
    by: "key_op",
    reason: "",
  };

  it("cannot leave a stop in memory that storage does not hold", async () => {
    const w = await world();
    expect(code(await w.executor().stop({ ...stop, reason: "\ud800" }))).toBe("internal-error");
    expect(code(await w.executor().stop({ ...stop, stop: `stp_${"b".repeat(26)}` }))).toBe("ok");
    const rows = await inObject(w.executor(), (_, state) => state.storage.sql.exec("SELECT stop FROM stops").toArray());
    expect(rows).toEqual([{ stop: `stp_${"b".repeat(26)}` }]);
  });

  it("cannot revoke the root key, after which nobody could sign anything", async () => {
    const w = await world();
    expect(code(await w.executor().revokeKey({ kid: keyId(w.rootKey), by: "x", reason: "x" }))).toBe("forbidden");
    expect(code(await w.executor().learn(w.delivery))).toBe("ok");
  });
});

/** Another task of the same shard. */
function newTaskOf({ tenant, shard }: World): string {
  for (;;) {
    const task = newTask("eu", testKeys.trust.tenants[tenant]!.shards);
    if (task.shard === shard) return task.id;
  }
}

it("a step named like a property of every object is an ordinary step", async () => {
  const { w, task, propose } = await agentTask({ policy: REVIEWED });
  const proposed = await propose([note("constructor")]);
  if (!proposed.ok) throw new Error(proposed.problem.code);
  const review = await w.executor().review(proposed.value.view.steps[0]!.review!);
  if (!review.ok) throw new Error(review.problem.code);
  const key = newPrivateKey();
  const chain = [await enrol(w.rootKey, w.tenant, "ada", key, ["lead"])];
  const envelope = await attestation(key, w.tenant, review.value, "reject", { reason: null });
  expect(code(await w.executor().decide(review.value.id, { envelope, chain }))).toBe("ok");
  const read = await w.executor().read(task);
  if (!read.ok) throw new Error(read.problem.code);
  expect(read.value.steps[0]!.problem).toEqual({ code: "rejected", detail: "Rejected by ada." });
});

describe("what stands in the record", () => {
  const HAND_OFF = { ...BY_AGENTS, capabilities: { "support.hand_off": contracts.get("support.hand_off")! } };
  const args = { customerId: "mina_okafor_101", summary: "Mina Okafor, 1 Quay, wants her money." };

  it("is no personal value that the intent-manager signed in the clear", async () => {
    const { w, propose } = await agentTask(HAND_OFF);
    expect(code(await propose([{ id: "s", capability: "support.hand_off", args }]))).toBe("plan-invalid");
    const salt = newSalt();
    const commitment = commit(salt, args.summary);
    const honest = { ...args, summary: { $commit: commitment } };
    const disclosures = { [commitment]: { salt, value: args.summary } };
    expect(code(await propose([{ id: "s", capability: "support.hand_off", args: honest }], { disclosures }))).toBe(
      "ok",
    );
    const bodies = await inObject(w.executor(), (_, state) =>
      state.storage.sql
        .exec<{ body: string }>("SELECT body FROM journal")
        .toArray()
        .map(({ body }) => body),
    );
    expect(bodies.filter((body) => body.includes("Quay") || body.includes(btoa("1 Quay, ").slice(0, 8)))).toEqual([]);
  });

  it("is nothing that was hung behind a chain of enrolments", async () => {
    const w = await world();
    const { bundle, promotion } = w.delivery;
    const ballast = { payloadType: "x", payload: btoa("x".repeat(60_000)), signatures: promotion.envelope.signatures };
    expect(code(await w.executor().learn({ bundle, promotion: { ...promotion, chain: [ballast] } }))).toBe(
      "chain-broken",
    );
  });

  it("is no reviewer's view that an object instead of a rationale breaks", async () => {
    const { propose } = await agentTask();
    const salt = newSalt();
    const rationale = commit(salt, { toString: "x" });
    const disclosures = { [rationale]: { salt, value: { toString: "x" } } };
    expect(code(await propose([note("a")], { disclosures, rationale }))).toBe("plan-invalid");
  });
});

describe("an approver's key", () => {
  /** Tasks of one shard that each wait for a lead, and ada, who is one. */
  async function waitingTasks(count: number, reviewers = { role: "lead", quorum: 1 }) {
    const policy = { ...REVIEWED, rules: [{ ...REVIEWED.rules[0]!, reviewers }] } as typeof REVIEWED;
    const playbook = { version: 1 as const, steps: [note("a")] };
    const w = await world({ policy, playbook });
    const reviews = [];
    for (let i = 0; i < count; i++) {
      const opened = await w.executor().submit(await w.submission({ text: "x" }, { task: newTaskOf(w), waitMs: 0 }));
      if (!opened.ok) throw new Error(opened.problem.code);
      const review = await w.executor().review(opened.value.view.steps[0]!.review!);
      if (!review.ok) throw new Error(review.problem.code);
      reviews.push(review.value);
    }
    const [key, admin] = [newPrivateKey(), newPrivateKey()];
    const chain = [
      await enrol(admin, w.tenant, "ada", key, ["lead"]),
      await enrol(w.rootKey, w.tenant, "grace", admin, ["admin"]),
    ];
    return { w, reviews, key, admin, chain };
  }

  it("signs one decision under one id, though two arrive in the same round", async () => {
    const { w, reviews, key, chain } = await waitingTasks(2);
    const id = `att_${"a".repeat(26)}`;
    const envelopes = await Promise.all(reviews.map((review) => attestation(key, w.tenant, review, "approve", { id })));
    const answers = await Promise.all(
      reviews.map((review, i) => w.executor().decide(review.id, { envelope: envelopes[i]!, chain })),
    );
    expect(answers.map(code).toSorted()).toEqual(["ok", "replayed"]);
  });

  it("counts once towards a quorum, though it signs twice in the same round", async () => {
    const { w, reviews, key, chain } = await waitingTasks(1, { role: "lead", quorum: 2 });
    const decide = async () =>
      w
        .executor()
        .decide(reviews[0]!.id, { envelope: await attestation(key, w.tenant, reviews[0]!, "approve"), chain });
    expect((await Promise.all([decide(), decide()])).map(code).toSorted()).toEqual(["already-decided", "ok"]);
    expect(await w.executor().read(reviews[0]!.task)).toMatchObject({ value: { status: "waiting" } });
  });

  it("approves one task and no other, whatever review the signature is sent to", async () => {
    const { w, reviews, key, chain } = await waitingTasks(2);
    const envelope = await attestation(key, w.tenant, reviews[0]!, "approve");
    expect(code(await w.executor().decide(reviews[1]!.id, { envelope, chain }))).toBe("attestation-mismatch");
    const other = await attestation(key, w.tenant, reviews[1]!, "approve", { subject: reviews[0]!.subject });
    expect(code(await w.executor().decide(reviews[1]!.id, { envelope: other, chain }))).toBe("attestation-mismatch");
  });

  it("ends with the key of the admin who enrolled it", async () => {
    const { w, reviews, key, admin, chain } = await waitingTasks(1);
    await w.executor().revokeKey({ kid: keyId(admin), by: "x", reason: "stolen" });
    const envelope = await attestation(key, w.tenant, reviews[0]!, "approve");
    expect(code(await w.executor().decide(reviews[0]!.id, { envelope, chain }))).toBe("key-revoked");
  });

  it("has no role that an expired or a forged link of its chain gave it", async () => {
    const { w, reviews, key, admin, chain } = await waitingTasks(1);
    const expired = await enrol(w.rootKey, w.tenant, "grace", admin, ["admin"], { expiresMs: Date.now() - 1 });
    const foreign = await enrol(w.rootKey, "other", "grace", admin, ["admin"]);
    const operator = await enrol(w.rootKey, w.tenant, "grace", admin, ["operator"]);
    const envelope = await attestation(key, w.tenant, reviews[0]!, "approve");
    const by = async (link: typeof operator) =>
      code(await w.executor().decide(reviews[0]!.id, { envelope, chain: [chain[0]!, link] }));
    expect([await by(expired), await by(foreign), await by(operator)]).toEqual([
      "key-expired",
      "chain-broken",
      "role-missing",
    ]);
  });
});
