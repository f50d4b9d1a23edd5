/** Attacks at the moment of an action, in the objects that count, and by asking to take things back. */
import { ClaimBook } from "../../../executors/adapters/claim-book.ts";
import { exchange, NEW_GATE } from "../../../executors/gate/core.ts";
import { end, reserve, type Entry } from "../../../executors/limits/core.ts";
import { decide } from "../../../executors/reviewing.ts";
import { reverse } from "../../../executors/reversing.ts";
import { stop } from "../../../executors/stopping.ts";
import { openUndone } from "../../../executors/undone.ts";
import { permitsHold, type Wanted } from "../../../executors/task/permits.ts";
import { movedPremise } from "../../../executors/task/premises.ts";
import { startUndo } from "../../../executors/task/undo.ts";
import { Draft } from "../../../executors/task/draft.ts";
import type { StepState, TaskState } from "../../../executors/task/state.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { ReleaseBundle } from "../../../shared/release.ts";
import type { Receipt } from "../../../shared/receipt.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import type { Reversal } from "../../../shared/reversal.ts";
import { undoIdOf, undoStepId } from "../../../shared/undo.ts";
import { attestation, HOUR_MS, newSalt, randomToken, sign } from "../manager.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";
import { keyId } from "../../../shared/keys.ts";
import { config, Desk, keys, memoryStorage, must, person, taskOn, TENANT } from "./shard.ts";

const lead = await person("ada", ["lead"]);
const reviewed: ReleaseBundle["policy"] = {
  default: "deny",
  rules: [{ id: "ask", when: "true", then: "review", reviewers: { role: "lead", quorum: 1 } }],
};
const allowed: ReleaseBundle["policy"] = { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] };

/** A task that a person approves after `between`; what became of its step. */
async function approved(between: (it: Desk) => Promise<unknown>, change: Partial<SubmitCommand> = {}): Promise<string> {
  const playbook = {
    version: 1 as const,
    steps: [{ id: "a", capability: "journal.note", args: { text: { $cel: "intent.input.text" } } }],
  };
  const it = await Desk.open({ playbook, policy: reviewed });
  const task = await it.task(change);
  const seen = await it.review(task);
  await between(it);
  const envelope = await attestation(lead.key, TENANT, seen, "approve");
  const decided = await decide(it.shard, seen.id, { envelope, chain: [...lead.chain] });
  // What an erased task shows afterwards is nothing, whatever became of it.
  if (codeOf(decided) !== "subject-erased") must(decided);
  const outcome = await it.outcome(task, "a");
  return outcome === "skipped" ? (it.shard.tasks.get(task)!.settled?.why ?? "") : outcome;
}

const ADA = "customer:ada";
const aboutAda = { subjects: [ADA], purpose: "service" };

/** An action that can be taken back: a flag that was turned on. */
async function flag(policy = allowed): Promise<{ it: Desk; task: string; step: StepState; name: string }> {
  const it = await Desk.open({
    reversal: { windowMs: HOUR_MS },
    playbook: {
      version: 1,
      steps: [
        {
          id: "a",
          capability: "flags.set",
          args: { flag: { $cel: "intent.input.text" }, on: { $cel: "true" }, percent: { $cel: "100" } },
        },
      ],
    },
    policy,
  });
  for (;;) {
    // A flag lives in one shard: one name in two has its home here.
    const name = `f${randomToken()}`;
    const task = await it.task({}, { text: name });
    if ((await it.outcome(task, "a")) === "ok" && (await it.settled(task)))
      return { it, task, step: it.shard.tasks.get(task)!.steps.get("a")!, name };
  }
}
async function asks(
  { it, task, step }: Pick<Awaited<ReturnType<typeof flag>>, "it" | "task" | "step">,
  change: Partial<Reversal> = {},
): Promise<string> {
  const nowMs = it.shard.nowMs();
  const asked: Reversal = {
    version: 1,
    id: `rvs_${randomToken()}`,
    tenant: TENANT,
    region: "eu",
    task,
    step: "a",
    action: step.action,
    undone: [],
    by: { key: "key_app", role: "app", member: null },
    reason: "a mistake",
    atMs: nowMs,
    expiresMs: nowMs + 60_000,
    ...change,
  };
  return codeOf(await reverse(it.shard, task, "a", await sign(keys.proposal, PAYLOAD_TYPES.reversal, asked), 0));
}
async function reverses(change: Partial<Reversal> = {}, aheadMs = 0): Promise<string> {
  const made = await flag();
  made.it.clock.aheadMs = aheadMs;
  return asks(made, change);
}
/** Begins an undo in a state that is changed first. */
async function undoes(change: (step: StepState, state: TaskState) => readonly StepState[]): Promise<string> {
  const { it, task, step } = await flag();
  const state = it.shard.tasks.get(task)!;
  const steps = new Map(change(step, state).map((one) => [one.id, one]));
  const draft = new Draft({ ...state, steps }, { task, seq: 9, atMs: Date.now() }, newSalt, 9);
  return codeOf(startUndo(draft, "a", "compensation", null, must(it.shard.depsOf(state.release, Date.now()))));
}
const undoOf = (step: StepState, attempt: number, phase: StepState["phase"]): StepState => ({
  ...step,
  id: undoStepId("a", attempt),
  undoes: { step: "a", action: step.action } as StepState["undoes"],
  phase,
});

const RECEIPTS_TASK = taskOn(0);
/** Hands in the receipts of an action and of its undo. */
async function taken(did: Partial<Receipt>, undid: Partial<Receipt>, revoked: readonly string[] = []): Promise<string> {
  const receipt: Receipt = {
    version: 1,
    tenant: TENANT,
    executor: `${TENANT}/eu/0`,
    task: RECEIPTS_TASK,
    step: "a",
    action: "act_1",
    proposal: "prp_1",
    capability: "flags.set",
    contract: `sha256:${"0".repeat(64)}`,
    release: `sha256:${"0".repeat(64)}`,
    delivery: "resident",
    effectKey: null,
    premises: [],
    left: [],
    attestations: [],
    result: "c".repeat(43),
    replayed: false,
    atMs: 1,
    seq: 1,
  };
  const undo = { ...receipt, step: undoStepId("a", 1), action: undoIdOf("act_1", 1), seq: 2, ...undid };
  const signed = (payload: object) => sign(keys.receipt, PAYLOAD_TYPES.receipt, payload);
  const pair = { action: await signed({ ...receipt, ...did }), undo: await signed(undo) };
  return codeOf(
    await openUndone([pair], { tenant: TENANT, region: "eu", config, trusted: { revoked: new Set(revoked) } }),
  );
}

const wanted = (amount: number) => ({ gate: null, demands: [{ amount }], peek: false }) as unknown as Wanted;
const permits = (untilMs: number) => ({ wanted: wanted(1), untilMs, used: [], exceeded: [] });
const permitted = (holds: boolean) => (holds ? "ok" : "permit-unanswered");

const NOW = 1_000_000;
const reserves = (known: Entry | null, used: number, turn = 1) => {
  const ask = { action: "act", turn, amount: 60, max: 100, windowMs: 60_000, approved: false, peek: false };
  return reserve(used, known, ask, NOW).answer.granted ? "ok" : "limit-exceeded";
};

type Claim = (book: ClaimBook) => Promise<unknown>;
async function claims(...before: Claim[]): Promise<string> {
  const book = new ClaimBook(memoryStorage());
  for (const one of before) await one(book);
  const answer = await book.claim("act_2", "task_2", 1);
  return answer.kind === "granted" ? "ok" : answer.kind === "taken" ? "effect-conflict" : "replayed";
}

const breaker = { failurePercent: 50, windowMs: 1_000, minCalls: 4, openMs: 500, probes: 2 };
const step = (version: number) => ({ expected: [{ resource: "order", version }] }) as unknown as StepState;
const found = { premises: [{ resource: "order", version: 2, class: "same-transaction" as const }] } as never;
const premise = (version: number) => movedPremise(step(version), found)?.code ?? "ok";

export const acts: Suite = {
  honest: [
    () => approved(async () => {}),
    () => approved(async () => {}, aboutAda),
    () => reverses(),
    () => undoes((one) => [one]),
    () => taken({}, {}),
    () => premise(2),
    () => permitted(permitsHold(permits(NOW), wanted(1), NOW)),
    () => reserves(null, 40),
    () => claims(),
  ],
  attacks: attacks({
    "claim-not-stopped": () =>
      approved(async ({ shard }) => {
        const target = { kind: "capability", mode: "stop-all", target: "journal.note" } as const;
        must(await stop(shard, { ...target, stop: `stp_${randomToken()}`, by: "ada", reason: "" }));
      }),
    "subject-not-erased": () => approved(async ({ shard }) => shard.vault.forgetKey(shard.vault.keyOf(ADA)!), aboutAda),
    "consent-not-withdrawn": () =>
      approved(async ({ shard }) => shard.vault.setConsent(shard.vault.keyOf(ADA)!, "service", false), aboutAda),
    "premise-holds": () => premise(1),
    "premise-holds undo": async () => {
      const made = await flag();
      // Somebody has set the flag since: taking the first change back would take that away too.
      await made.it.outcome(await made.it.task({}, { text: made.name }), "a");
      await asks(made);
      return made.it.outcome(made.task, undoStepId("a", 1));
    },
    "permit-for-this": () => permitted(permitsHold(permits(NOW), wanted(1_000), NOW)),
    "permit-not-over": () => permitted(permitsHold(permits(NOW), wanted(1), NOW + 1)),
    "limit-room": () => reserves(null, 41),
    "limit-turn": () => reserves({ turn: 2, amount: 60, atMs: NOW, at: "settled" }, 60),
    "limit-turn release": () => {
      // A doubled release of an action that has happened since would give its room back.
      const settled: Entry = { turn: 1, amount: 60, atMs: NOW, at: "settled" };
      return end(settled, 1, "released", NOW) === null ? "limit-exceeded" : "ok";
    },
    "effect-key-free": () => claims((book) => book.claim("act_1", "task_1", 1)),
    "effect-not-settled": () =>
      claims(
        (book) => book.claim("act_1", "task_1", 1),
        (book) => book.settle("act_1"),
        (book) => book.release("act_1", 1),
      ),
    "effect-not-undone": () =>
      claims(
        (book) => book.claim("act_2", "task_2", 1),
        (book) => book.settle("act_2"),
        (book) => book.raise("act_2"),
      ),
    "effect-attempt-open": () =>
      claims(
        (book) => book.release("act_1", 1),
        (book) => book.claim("act_1", "task_1", 1),
      ).then((found) => (found === "ok" ? "effect-conflict" : "ok")),
    "breaker-closed": () => {
      const state = { ...NEW_GATE, breaker: { at: "open" as const, untilMs: NOW + 500, openings: 1 } };
      const { answer } = exchange(state, { settings: { breaker }, holdMs: 0, want: 1, reports: [] }, NOW);
      return answer.granted > 0 ? "ok" : (answer.refused?.code ?? "");
    },
    "reversal-tenant": () => reverses({ tenant: "other" }),
    "reversal-region": () => reverses({ region: "us" }),
    "reversal-task": () => reverses({ task: taskOn(0) }),
    "reversal-step": () => reverses({ step: "b" }),
    "reversal-action": () => reverses({ action: "act_other" }),
    "reversal-new": async () => {
      // Policy lets flags be turned on and not off, so that no undo of it succeeds.
      const made = await flag({
        default: "deny",
        rules: [{ id: "on", when: "args.on", then: "allow" }],
      });
      const id = `rvs_${randomToken()}`;
      for (const request of [id, `rvs_${randomToken()}`, id]) await asks(made, { id: request });
      const attempts = [...made.it.shard.tasks.get(made.task)!.steps.values()].filter(({ undoes: of }) => of !== null);
      return attempts.length > 2 ? "ok" : attempts.length === 2 ? "duplicate" : "";
    },
    "reversal-begun": () => reverses({ atMs: Date.now() + HOUR_MS, expiresMs: Date.now() + HOUR_MS + 60_000 }),
    "reversal-lifetime": () => reverses({ expiresMs: Date.now() + HOUR_MS }),
    "caller-not-stopped": async () => {
      const made = await flag();
      const order = { kind: "key", mode: "stop-new", target: "key_app", stop: `stp_${randomToken()}` };
      must(await stop(made.it.shard, { ...order, by: "key_op", reason: "stolen" }));
      return asks(made, { by: { key: "key_app", role: "app", member: null } });
    },
    "reversal-not-over": () => reverses({ expiresMs: Date.now() - 1 }),
    "reversal-in-window": () => reverses({}, HOUR_MS + 1_000),
    "receipts-tenant": () => taken({ tenant: "other" }, { tenant: "other" }),
    "receipts-region": () => {
      const task = RECEIPTS_TASK.replace("_eu_", "_us_");
      return taken({ task }, { task });
    },
    "receipts-task": () => taken({}, { task: taskOn(0) }),
    "receipts-step": () => taken({ step: "b" }, {}),
    "receipt-signer-not-revoked": () => taken({}, {}, [keyId(keys.receipt)]),
    "receipts-action": () => taken({}, { action: undoIdOf("act_other", 1) }),
    "undo-of-applied": () => undoes((one) => [{ ...one, phase: { at: "failed", code: "premise-failed" } }]),
    "undo-once": () => undoes((one) => [one, undoOf(one, 1, one.phase)]),
  }),
};
