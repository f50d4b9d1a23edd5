/**
 * Makes valid executor chains for tests: records, entries and signed statements, exactly as an executor delivers them.
 */
import { canonicalize } from "../../shared/canonical.ts";
import { entryText, statementText } from "../../shared/entry.ts";
import { GENESIS_HASH, type ChainRecord, type ExecutorEvent, type TaskEvent } from "../../shared/events.ts";
import { parseExecutorName, taskId, toBase32 } from "../../shared/ids.ts";
import { importSigner, type PrivateJwk, type Signer } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { AppendCommand } from "../../shared/rpc/ledger.ts";
import { sha256, sha256Hex } from "../../shared/sha256.ts";
import { signEnvelope } from "../../shared/signing.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const COMMITMENT = "c".repeat(43);

/** A task id of an executor, the same for the same number. */
export function testTask(executor: string, n: number): string {
  const { region, shard } = parseExecutorName(executor)!;
  return taskId(region, shard, toBase32(sha256(`${executor} ${n}`).subarray(0, 16)));
}

export const opened = (executor: string, automation = "refunds"): TaskEvent => ({
  type: "task-opened",
  automation,
  release: DIGEST,
  region: parseExecutorName(executor)!.region,
  input: COMMITMENT,
  principal: { key: "key_test", role: "app", member: null, sod: "not-evaluable" },
  trigger: null,
  purpose: null,
  traceparent: null,
  deadlineMs: 1_800_000_000_000,
});

/** An envelope of the size that a signed plan has; nobody who reads the record back verifies it here. */
const planEnvelope = (bytes: number) => ({
  payloadType: PAYLOAD_TYPES.plan,
  payload: Buffer.alloc(bytes, "plan ").toString("base64"),
  signatures: [{ keyid: "k".repeat(43), sig: Buffer.alloc(64, 7).toString("base64") }],
});

export const admitted = (steps: readonly string[], planBytes = 1_500): TaskEvent => ({
  type: "plan-admitted",
  round: 1,
  plan: "pln_test_1",
  planner: "playbook",
  agent: "playbook",
  last: true,
  envelope: planEnvelope(planBytes),
  decisions: Object.fromEntries(
    steps.map((step) => [
      step,
      {
        answer: "allow" as const,
        final: true,
        rules: ["small"],
        reviews: [],
        errors: [],
        deferred: [],
        byDefault: false,
      },
    ]),
  ),
  provenance: Object.fromEntries(steps.map((step) => [step, { orderId: "principal" }])),
});

export const claimed = (step: string): TaskEvent => ({
  type: "step-claimed",
  step,
  action: `act_${step}`,
  delivery: "exactly-once",
  effectKey: null,
  attempt: 1,
  attestations: [],
});

export const applied = (step: string): TaskEvent => ({
  type: "step-applied",
  step,
  action: `act_${step}`,
  effectKey: null,
  result: COMMITMENT,
  premises: [{ resource: "orders/#W1", version: 3, class: "same-transaction" }],
  attestations: [],
  tags: ["money"],
  replayed: false,
  left: [],
  reversibleUntilMs: null,
});

export const reviewRequested = (task: string, step: string): TaskEvent => ({
  type: "review-requested",
  step,
  review: `rev_${task.slice(4)}_1_0_1`,
  subject: DIGEST,
  shown: COMMITMENT,
  required: [{ rule: "large", role: "lead", quorum: 1 }],
  expiresMs: 1_800_000_000_000,
});

export const reviewApproved = (task: string, step: string): TaskEvent => ({
  type: "review-approved",
  step,
  review: `rev_${task.slice(4)}_1_0_1`,
});

/** An approval; nobody who reads the record back verifies it here. */
export const attested = (task: string, step: string, member: string): TaskEvent => ({
  type: "attested",
  step,
  review: `rev_${task.slice(4)}_1_0_1`,
  attestation: `att_${member}`,
  member,
  roles: ["lead"],
  decision: "approve",
  envelope: planEnvelope(10),
  chain: [],
});

export const inDoubt = (step: string, tags: readonly string[]): TaskEvent => ({
  type: "step-in-doubt",
  step,
  action: `act_${step}`,
  attempt: 1,
  code: "effect-in-doubt",
  asked: 0,
  askAtMs: null,
  tags: [...tags],
});

export const undoStarted = (step: string, by: string): TaskEvent => ({
  type: "undo-started",
  step,
  undo: `${step}~undo`,
  kind: "reversal",
  by,
  member: by,
  request: "rvs_test",
  args: COMMITMENT,
  relies: [],
  envelope: null,
});

export const settled = (status: "succeeded" | "failed" = "succeeded"): TaskEvent => ({
  type: "task-settled",
  status,
  why: null,
});

/** Five records of a task of three steps, from its opening to its end. */
export const wholeTask = (executor: string): TaskEvent[][] => [
  [opened(executor), admitted(["s1", "s2", "s3"])],
  ...["s1", "s2", "s3"].map((step) => [claimed(step), applied(step)]),
  [settled()],
];

type Written = { readonly record: ChainRecord; readonly text: string; readonly hash: string };

/** One executor's chain. `write` appends records, `deliver` cuts what was written since the last delivery. */
export class TestChain {
  readonly executor: string;
  readonly #key: PrivateJwk;
  readonly #signer: Promise<Signer>;
  readonly records: Written[] = [];
  #delivered = 0;
  #nowMs: number;

  constructor(executor: string, receiptKey: PrivateJwk, startMs = 1_790_000_000_000) {
    this.#nowMs = startMs;
    this.executor = executor;
    this.#key = receiptKey;
    this.#signer = importSigner(receiptKey);
  }

  get seq(): number {
    return this.records.length;
  }

  get hash(): string {
    return this.records.at(-1)?.hash ?? GENESIS_HASH;
  }

  /** Appends one record; `task` null is a record of the executor itself. */
  write(task: string | null, events: readonly (TaskEvent | ExecutorEvent)[]): void {
    const record: ChainRecord = {
      version: 1,
      executor: this.executor,
      seq: this.seq + 1,
      prev: this.hash,
      atMs: this.#nowMs++,
      task,
      events: [...events],
    };
    const text = canonicalize(record);
    this.records.push({ record, text, hash: sha256Hex(text) });
  }

  /** Appends a whole task's records. */
  writeTask(task: string): void {
    for (const events of wholeTask(this.executor)) this.write(task, events);
  }

  /** The delivery of the records from … to: one entry per task, then the statement. */
  async cut(from: number, to: number, seenSize = 0, key?: PrivateJwk): Promise<AppendCommand> {
    const byTask = new Map<string | null, Written[]>();
    for (const written of this.records.slice(from - 1, to)) {
      const task = written.record.task;
      byTask.set(task, [...(byTask.get(task) ?? []), written]);
    }
    const atMs = this.records[to - 1]!.record.atMs;
    const entries = [...byTask].map(([task, all]) =>
      entryText(
        task === null ? "executor" : "task",
        this.executor,
        task ?? this.executor,
        all.map(({ text }) => text),
        all[0]!.record.seq,
        atMs,
      ),
    );
    entries.push(await this.statement(to, this.records[to - 1]!.hash, key));
    return { tenant: parseExecutorName(this.executor)!.tenant, executor: this.executor, from, to, entries, seenSize };
  }

  /** A signed statement over any head, by any key: also over a false one. */
  async statement(seq: number, head: string, key?: PrivateJwk): Promise<string> {
    const atMs = this.records[Math.min(seq, this.seq) - 1]!.record.atMs;
    const payload = {
      version: 1,
      tenant: parseExecutorName(this.executor)!.tenant,
      executor: this.executor,
      seq,
      head,
      atMs,
    };
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.statement,
      payload,
      signers: [key === undefined ? await this.#signer : await importSigner(key)],
    });
    return statementText(this.executor, envelope, seq, atMs);
  }

  /** Everything written since the last delivery. */
  async deliver(seenSize = 0, key?: PrivateJwk): Promise<AppendCommand> {
    const command = await this.cut(this.#delivered + 1, this.seq, seenSize, key);
    this.#delivered = this.seq;
    return command;
  }

  /** A chain that agrees with this one up to a record and goes its own way after it. */
  forkAt(seq: number): TestChain {
    const fork = new TestChain(this.executor, this.#key);
    fork.records.push(...this.records.slice(0, seq));
    fork.#delivered = seq;
    fork.#nowMs = this.#nowMs + 1_000_000;
    return fork;
  }
}
