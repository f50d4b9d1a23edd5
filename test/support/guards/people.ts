/** Attacks with the key of an enrolled person: signatures that are true, over something else than what they are used for. */
import { decide } from "../../../executors/reviewing.ts";
import { doubts, resolve } from "../../../executors/resolving.ts";
import { attest } from "../../../executors/task/decide.ts";
import { advance } from "../../../executors/task/advance.ts";
import { Draft } from "../../../executors/task/draft.ts";
import { subjectDigest, type Attestation } from "../../../shared/attestation.ts";
import { commit } from "../../../shared/commitments.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import type { Resolution } from "../../../shared/resolution.ts";
import type { ReviewView } from "../../../shared/views.ts";
import { attestation, HOUR_MS, newSalt, randomToken, sign } from "../manager.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";
import { Desk, must, person, taskOn, TENANT, type Person } from "./shard.ts";

const ada = await person("ada", ["lead"]);
const bob = await person("bob", ["lead", "operator"]);
const clerk = await person("carl", ["clerk"]);

const one = (capability: string): Pick<ReleaseBundle, "playbook"> => ({
  playbook: { version: 1, steps: [{ id: "a", capability, args: { text: { $cel: "intent.input.text" } } }] },
});
const policy = (quorum: number): ReleaseBundle["policy"] => ({
  default: "deny",
  rules: [{ id: "ask", when: "true", then: "review", reviewers: { role: "lead", quorum } }],
});
const desk = (quorum = 1) => Desk.open({ ...one("journal.note"), policy: policy(quorum) });

async function sends(it: Desk, by: Person, seen: ReviewView, change: Partial<Attestation> = {}, to = seen.id) {
  const envelope = await attestation(by.key, TENANT, seen, change.decision ?? "approve", change);
  return codeOf(await decide(it.shard, to, { envelope, chain: [...by.chain] }));
}
/** Opens a task that waits for a person, whose signature over it is changed. */
const approves =
  (change: Partial<Attestation> | ((seen: ReviewView) => Partial<Attestation>), by = ada) =>
  async () => {
    const it = await desk();
    const seen = await it.review(await it.task());
    return sends(it, by, seen, typeof change === "function" ? change(seen) : change);
  };
const DIGEST = `sha256:${"1".repeat(64)}`;
const asker = { key: "key_app", role: "app" as const, member: "ada", sod: "evaluable" as const };

const later = () => ({ atMs: Date.now() + HOUR_MS / 2, expiresMs: Date.now() + 2 * HOUR_MS });
const before = () => ({ atMs: Date.now() - 1_000, expiresMs: Date.now() - 1 });

/** A task whose effect is in doubt. */
async function doubt(capability = "test.lost", change = {}) {
  const it = await Desk.open({
    ...one(capability),
    policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
  });
  const task = await it.task(change);
  await it.phase(task, "a");
  return { it, task, doubted: doubts(it.shard).find((view) => view.task === task)! };
}
async function resolves(change: Partial<Resolution> = {}, by = bob, disclosed: unknown = null, from = doubt()) {
  const { it, task } = await from;
  const step = it.shard.tasks.get(task)!.steps.get("a")!;
  const resolution: Resolution = {
    version: 1,
    id: `res_${randomToken()}`,
    tenant: TENANT,
    task,
    step: "a",
    action: step.action,
    digest: step.digest,
    attempt: step.attempts,
    outcome: "not-applied",
    retry: false,
    result: null,
    reason: "I have looked.",
    atMs: Date.now(),
    expiresMs: Date.now() + HOUR_MS,
    ...change,
  };
  const envelope = await sign(by.key, PAYLOAD_TYPES.resolution, resolution);
  return codeOf(await resolve(it.shard, task, "a", { envelope, chain: [...by.chain], result: disclosed }));
}

export const people: Suite = {
  honest: [
    approves({}),
    async () => {
      const it = await desk(2);
      const task = await it.task();
      const seen = await it.review(task);
      await sends(it, ada, seen);
      await sends(it, bob, seen);
      return it.outcome(task, "a");
    },
    () => resolves(),
    () => {
      const disclosed = { salt: newSalt(), value: { noted: true } };
      const result = commit(disclosed.salt, disclosed.value);
      return resolves({ outcome: "applied", result }, bob, disclosed);
    },
  ],
  attacks: attacks({
    "signed-by-now": () => approves(later())(),
    "signed-by-now resolution": () => resolves(later()),
    "signed-not-over": () => approves(before())(),
    "signed-not-over resolution": () => resolves(before()),
    "signature-unused": async () => {
      const it = await desk();
      const [first, second] = [await it.review(await it.task()), await it.review(await it.task())];
      const id = `att_${randomToken()}`;
      await sends(it, ada, first, { id });
      // Without the table's own constraint, which fails the whole round and so would be the second line of defence.
      it.shard.sql.exec(
        "CREATE TABLE used AS SELECT * FROM attestations; DROP TABLE attestations; ALTER TABLE used RENAME TO attestations;",
      );
      return sends(it, ada, second, { id });
    },
    "not-by-requester": async () => {
      const it = await desk();
      return sends(it, ada, await it.review(await it.task({ principal: asker })));
    },
    "not-by-requester resolution": () => {
      return resolves({}, bob, null, doubt("test.lost", { principal: { ...asker, member: "bob" } }));
    },
    "attestation-tenant": approves({ tenant: "other" }),
    "attestation-task": approves({ task: taskOn(0) }),
    "attestation-review": approves((seen) => ({ review: `${seen.id.slice(0, -1)}2` })),
    "attestation-step": approves({ step: "b" }),
    "attestation-subject": approves({ subject: DIGEST }),
    "review-waits": async () => {
      const it = await desk();
      const seen = await it.review(await it.task());
      await sends(it, ada, seen, { decision: "reject", reason: "no" });
      return sends(it, bob, seen);
    },
    "review-in-time": async () => {
      const it = await desk();
      const seen = await it.review(await it.task());
      it.clock.aheadMs = HOUR_MS + 1_000;
      return sends(it, ada, seen, { expiresMs: Date.now() + 3 * HOUR_MS });
    },
    "approver-role": approves({}, clerk),
    "approver-once": async () => {
      const it = await desk(2);
      const seen = await it.review(await it.task());
      await sends(it, ada, seen);
      return sends(it, ada, seen);
    },
    "review-quorum": async () => {
      const it = await desk(2);
      const task = await it.task();
      await sends(it, ada, await it.review(task));
      return it.outcome(task, "a");
    },
    "approval-fresh": async () => {
      const it = await desk();
      const task = await it.task();
      const { envelope } = { envelope: await attestation(ada.key, TENANT, await it.review(task), "approve") };
      const state = it.shard.tasks.get(task)!;
      const step = state.steps.get("a")!;
      // What was shown to the reviewer, and signed, is no longer what would be done.
      const parts = { ...step.review!.parts, args: { text: "what was shown" } };
      const shown = { ...step.review!, parts, subject: subjectDigest(parts) };
      const steps = new Map(state.steps).set("a", { ...step, review: shown });
      const draft = new Draft({ ...state, steps }, { task, seq: 9, atMs: Date.now() }, newSalt, 9);
      const deps = must(it.shard.depsOf(state.release, Date.now()));
      const signed = { envelope, chain: [...ada.chain] };
      const decision = {
        id: "att_x",
        review: shown.id,
        step: "a",
        subject: shown.subject,
        decision: "approve",
        reason: null,
      } as Attestation;
      const member = { member: "ada", roles: ["lead"], key: ada.key, kid: "" };
      must(attest(draft, "a", decision, member, signed, deps));
      advance(draft, deps);
      const { phase } = draft.state.steps.get("a")!;
      return phase.at === "failed" ? phase.code : phase.at === "applied" ? "ok" : phase.at;
    },
    "resolution-tenant": () => resolves({ tenant: "other" }),
    "resolution-task": () => resolves({ task: taskOn(0) }),
    "resolution-step": () => resolves({ step: "b" }),
    "resolution-action": () => resolves({ action: "act_other" }),
    "resolution-digest": () => resolves({ digest: DIGEST }),
    "resolution-attempt": () => resolves({ attempt: 2 }),
    "resolution-retry": () => resolves({ outcome: "applied", retry: true }),
    "doubt-asked-out": () => resolves({}, bob, null, doubt("test.asked")),
    "resolver-role": () => resolves({}, clerk),
    "resolution-result": () =>
      resolves({ outcome: "applied", result: commit(newSalt(), { noted: true }) }, bob, {
        salt: newSalt(),
        value: { noted: true },
      }),
  }),
};
