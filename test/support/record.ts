/**
 * Makes whole records for verifiers: a log with real plans, promotions, approvals and checkpoints, as three honest Workers would write it.
 * Every part can be made wrong afterwards: entries are texts, and whoever "stole" a key signs again.
 */
import { subjectDigest, type Attestation } from "../../shared/attestation.ts";
import { fromBase64Url, utf8 } from "../../shared/bytes.ts";
import type { ExecutorEvent, StepDecision, TaskEvent } from "../../shared/events.ts";
import { actionId, planId, proposalId, reviewId, toBase32 } from "../../shared/ids.ts";
import {
  generateKeyPair,
  importSigner,
  signEd25519,
  type PrivateJwk,
  type PublicJwk,
  type Signer,
} from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import type { Plan } from "../../shared/proposal.ts";
import { sha256 } from "../../shared/sha256.ts";
import { signEnvelope, type Envelope } from "../../shared/signing.ts";
import { signCheckpoint } from "../../shared/tlog/checkpoint.ts";
import { noteVerifier } from "../../shared/tlog/note.ts";
import { leafHash, rootOf } from "../../shared/tlog/tree.ts";
import { Trust } from "../../shared/trust.ts";
import { verifierTrust, type VerifierTrust } from "../../shared/verify/index.ts";
import { TestChain, testTask } from "./chain.ts";
import { newTenantKeys, newWorkerKeys, trustOf } from "../../scripts/lib/keys.ts";

export const TENANT = "dev";
/** Near the times that TestChain writes. */
export const NOW_MS = 1_790_000_000_000;
const YEAR_MS = 365 * 86_400_000;
export const RELEASE = `sha256:${"cd".repeat(32)}`;
export const COMMITMENT = "c".repeat(43);

export type TestPerson = {
  readonly member: string;
  readonly signer: Signer;
  readonly key: PublicJwk;
  readonly chain: readonly Envelope[];
};

const tenantKeys = newTenantKeys(TENANT);
const workerKeys = newWorkerKeys();
/** Fresh keys of each plane, and the tenant's root. */
export const KEYS: { readonly [owner in "root" | "proposal" | "receipt" | "checkpoint"]: PrivateJwk } = {
  root: tenantKeys.rootKey,
  proposal: workerKeys.proposalKey,
  receipt: workerKeys.receiptKey,
  checkpoint: workerKeys.checkpointKey,
};
export const trustConfig: Trust = Trust.parse(trustOf(workerKeys, [tenantKeys]));
export const trust = (): VerifierTrust => verifierTrust(trustConfig, TENANT)!;

/** Someone with the roles, enrolled by the root key (or by whoever `by` is). */
export async function enrolled(member: string, roles: readonly string[], by?: TestPerson): Promise<TestPerson> {
  const { kid, privateKey, publicJwk } = await generateKeyPair({ extractable: true });
  const payload = {
    version: 1,
    tenant: TENANT,
    member,
    key: publicJwk,
    roles,
    notBeforeMs: NOW_MS - 1_000,
    expiresMs: NOW_MS + YEAR_MS,
  };
  const issuer = by?.signer ?? (await importSigner(KEYS.root));
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.enrolment, payload, signers: [issuer] });
  return { member, signer: { kid, privateKey }, key: publicJwk, chain: [envelope, ...(by?.chain ?? [])] };
}

export const decision = (answer: StepDecision["answer"], reviews: StepDecision["reviews"] = []): StepDecision => ({
  answer,
  final: true,
  rules: reviews.length > 0 ? reviews.map(({ rule }) => rule) : ["small"],
  reviews: [...reviews],
  errors: [],
  deferred: [],
  byDefault: false,
});

export const opening = (region: string, release = RELEASE): TaskEvent => ({
  type: "task-opened",
  automation: "refunds",
  release,
  region,
  input: COMMITMENT,
  principal: { key: "key_test", role: "app", member: "rita", sod: "evaluable" },
  trigger: null,
  purpose: null,
  traceparent: null,
  deadlineMs: NOW_MS + YEAR_MS,
});

export function planOf(task: string, region: string, steps: readonly string[], round = 1): Plan {
  return {
    version: 1,
    tenant: TENANT,
    region,
    task,
    automation: "refunds",
    plan: planId(task, round),
    round,
    last: true,
    agent: { planner: "playbook", id: "playbook", member: null },
    release: RELEASE,
    input: COMMITMENT,
    notBeforeMs: NOW_MS - 1_000,
    expiresMs: NOW_MS + 500_000,
    steps: steps.map((id, index) => ({
      id,
      proposal: proposalId(task, round, index),
      capability: "billing.refund",
      contract: RELEASE,
      args: { orderId: `#W${index}` },
      after: index === 0 ? [] : [steps[index - 1]!],
      when: null,
      premises: [],
      undo: null,
      claimedConfidence: null,
      rationale: null,
      predicted: null,
      advice: { answer: "allow", final: true, rules: [] },
    })),
  };
}

/** An `plan-admitted` event over a signed plan. */
export async function admitting(
  plan: Plan,
  decisions: { readonly [step: string]: StepDecision },
  key: PrivateJwk = KEYS.proposal,
): Promise<TaskEvent> {
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.plan,
    payload: plan,
    signers: [await importSigner(key)],
  });
  return {
    type: "plan-admitted",
    round: plan.round,
    plan: plan.plan,
    planner: plan.agent.planner,
    agent: plan.agent.id,
    last: plan.last,
    envelope,
    decisions: { ...decisions },
    provenance: Object.fromEntries(plan.steps.map(({ id }) => [id, { orderId: "principal" }])),
  };
}

export const claiming = (
  task: string,
  step: string,
  index: number,
  attestations: readonly string[] = [],
  effectKey: string | null = null,
  delivery: "exactly-once" | "idempotent" = "exactly-once",
): TaskEvent => ({
  type: "step-claimed",
  step,
  action: actionId(task, 1, index),
  delivery,
  effectKey,
  attempt: 1,
  attestations: [...attestations],
});

export const applying = (
  task: string,
  step: string,
  index: number,
  attestations: readonly string[] = [],
  effectKey: string | null = null,
): TaskEvent => ({
  type: "step-applied",
  step,
  action: actionId(task, 1, index),
  effectKey,
  result: COMMITMENT,
  premises: [{ resource: "orders/#W1", version: 3, class: "same-transaction" }],
  attestations: [...attestations],
  tags: ["money"],
  replayed: false,
  left: [],
  reversibleUntilMs: null,
});

/** The verdict about a prediction whose commitment the plan holds. */
export const observing = (
  task: string,
  step: string,
  index: number,
  change: Partial<Extract<TaskEvent, { type: "outcome-observed" }>> = {},
): TaskEvent => ({
  type: "outcome-observed",
  step,
  action: actionId(task, 1, index),
  predicted: COMMITMENT,
  verdict: "matched",
  fields: [],
  values: COMMITMENT,
  code: null,
  ...change,
});

export const settling = (status: "succeeded" | "failed" = "succeeded"): TaskEvent => ({
  type: "task-settled",
  status,
  why: null,
});

export const LEAD = [{ rule: "large", role: "lead", quorum: 1 }];
export const subjectOf = (task: string, step: string): string =>
  subjectDigest({ challenge: task, step: RELEASE, args: { step }, premises: [], shown: { summary: step } });

export const requesting = (task: string, step: string, index: number): TaskEvent => ({
  type: "review-requested",
  step,
  review: reviewId(task, 1, index, 1),
  subject: subjectOf(task, step),
  shown: COMMITMENT,
  required: [...LEAD],
  expiresMs: NOW_MS + YEAR_MS,
});

/** An `attested` event by a person; `change` makes the signed payload wrong before it is signed. */
export async function attesting(
  task: string,
  step: string,
  index: number,
  by: TestPerson,
  change: Partial<Attestation> = {},
): Promise<Extract<TaskEvent, { type: "attested" }>> {
  const payload: Attestation = {
    version: 1,
    id: `att_${toBase32(sha256(`${task} ${step} ${by.member}`).subarray(0, 16))}`,
    tenant: TENANT,
    task,
    step,
    review: reviewId(task, 1, index, 1),
    subject: subjectOf(task, step),
    decision: "approve",
    reason: null,
    atMs: NOW_MS,
    expiresMs: NOW_MS + 600_000,
    ...change,
  };
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.attestation, payload, signers: [by.signer] });
  return {
    type: "attested",
    step,
    review: reviewId(task, 1, index, 1),
    attestation: payload.id,
    member: by.member,
    roles: ["lead"],
    decision: payload.decision,
    envelope,
    chain: [...by.chain],
  };
}

/** Both closings of a review, by what was decided. */
export const closing = (task: string, step: string, index: number, approved: boolean): TaskEvent => ({
  type: approved ? "review-approved" : "review-rejected",
  step,
  review: reviewId(task, 1, index, 1),
});

/** The promotion of RELEASE, signed by the root unless `by` says otherwise. */
export async function learning(serial = 1, by?: TestPerson): Promise<ExecutorEvent> {
  const payload = {
    version: 1,
    tenant: TENANT,
    automation: "refunds",
    release: RELEASE,
    serial,
    atMs: NOW_MS - 1_000,
    expiresMs: NOW_MS + YEAR_MS,
  };
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.promotion,
    payload,
    signers: [by?.signer ?? (await importSigner(KEYS.root))],
  });
  return {
    type: "release-learned",
    automation: "refunds",
    release: RELEASE,
    serial,
    promotion: { envelope, chain: [...(by?.chain ?? [])] },
  };
}

/** Signs the checkpoint over these entries, as the ledger does (with two keys while one is replaced) or as a thief of its key would. */
export async function checkpointOf(
  entries: readonly string[],
  key: PrivateJwk | readonly PrivateJwk[] = KEYS.checkpoint,
  origin = `countersign.local/${TENANT}`,
): Promise<string> {
  const signers = await Promise.all(
    [key].flat().map(async (one: PrivateJwk) => {
      const { privateKey } = await importSigner(one);
      return {
        ...noteVerifier(origin, fromBase64Url(one.x)!),
        sign: (message: Uint8Array) => signEd25519(privateKey, message),
      };
    }),
  );
  const root = rootOf(entries.map((entry) => leafHash(utf8(entry))));
  return signCheckpoint({ origin, size: entries.length, root, extensions: [] }, signers[0]!, signers.slice(1));
}

/** A log under construction. */
export class TestRecord {
  readonly entries: string[] = [];
  readonly chains = new Map<string, TestChain>();
  #tasks = 0;

  chain(executor: string): TestChain {
    const chain = this.chains.get(executor) ?? new TestChain(executor, KEYS.receipt);
    this.chains.set(executor, chain);
    return chain;
  }

  newTask(executor: string): string {
    this.#tasks += 1;
    return testTask(executor, this.#tasks);
  }

  /** Everything that the executor has written since its last delivery goes into the log. */
  async deliver(executor: string, key?: PrivateJwk): Promise<void> {
    const command = await this.chain(executor).deliver(0, key);
    this.entries.push(...command.entries);
  }

  /** The executor notes the checkpoint over the log as it stands. */
  async see(executor: string): Promise<void> {
    this.chain(executor).write(null, [{ type: "checkpoint-seen", note: await checkpointOf(this.entries) }]);
  }

  /** A task of two steps that policy allows. */
  async allowed(
    executor: string,
    effectKey: string | null = null,
    delivery: "exactly-once" | "idempotent" = "exactly-once",
  ): Promise<string> {
    const task = this.newTask(executor);
    const region = executor.split("/")[1]!;
    const chain = this.chain(executor);
    const plan = planOf(task, region, ["one", "two"]);
    chain.write(task, [opening(region), await admitting(plan, { one: decision("allow"), two: decision("notify") })]);
    chain.write(task, [claiming(task, "one", 0, [], effectKey, delivery)]);
    chain.write(task, [applying(task, "one", 0, [], effectKey)]);
    chain.write(task, [applying(task, "two", 1), settling()]);
    return task;
  }

  /** A task of one step that a person decides. */
  async reviewed(executor: string, by: TestPerson, approve = true): Promise<string> {
    const task = this.newTask(executor);
    const region = executor.split("/")[1]!;
    const chain = this.chain(executor);
    chain.write(task, [
      opening(region),
      await admitting(planOf(task, region, ["one"]), { one: decision("review", LEAD) }),
      requesting(task, "one", 0),
    ]);
    const attested = await attesting(task, "one", 0, by, approve ? {} : { decision: "reject", reason: "no" });
    if (!approve) {
      chain.write(task, [attested, closing(task, "one", 0, false), settling("failed")]);
      return task;
    }
    chain.write(task, [attested, closing(task, "one", 0, true), claiming(task, "one", 0, [attested.attestation])]);
    chain.write(task, [applying(task, "one", 0, [attested.attestation]), settling()]);
    return task;
  }

  /** What a verifier is given. */
  async input() {
    return { trust: trust(), checkpoint: await checkpointOf(this.entries), entries: bytesOf(this.entries) };
  }
}

export const bytesOf = (entries: readonly string[]): Uint8Array[] => entries.map(utf8);

export const EU = "dev/eu/0";
export const US = "dev/us/1";

/** A record with everything in it, from two executors, in several deliveries. */
export async function honestRecord(): Promise<{ record: TestRecord; lead: TestPerson; admin: TestPerson }> {
  const record = new TestRecord();
  const admin = await enrolled("grace", ["admin"]);
  const lead = await enrolled("ada", ["lead"], admin);
  for (const executor of [EU, US])
    record.chain(executor).write(null, [await learning(1, executor === EU ? undefined : admin)]);
  await record.allowed(EU, "refund:W1");
  await record.deliver(EU);
  await record.see(US);
  await record.reviewed(US, lead);
  await record.deliver(US);
  await record.see(EU);
  await record.reviewed(EU, lead, false);
  await record.allowed(EU, "refund:W2");
  await record.deliver(EU);
  await record.see(US);
  record.chain(US).write(null, [await stopped(), await lifted(admin)]);
  await record.allowed(US, "refund:W1");
  await record.deliver(US);
  return { record, lead, admin };
}

const STOP = `stp_${"a".repeat(26)}`;
export const stopped = async (): Promise<ExecutorEvent> => ({
  type: "stop-set",
  kind: "capability",
  mode: "stop-all",
  target: "billing.refund",
  stop: STOP,
  by: "key_op",
  reason: "test",
});
export async function lifted(by: TestPerson): Promise<ExecutorEvent> {
  const payload = {
    version: 1,
    tenant: TENANT,
    kind: "capability",
    target: "billing.refund",
    stop: STOP,
    atMs: NOW_MS,
    expiresMs: NOW_MS + 600_000,
  };
  const envelope = await signEnvelope({ payloadType: PAYLOAD_TYPES.restore, payload, signers: [by.signer] });
  return {
    type: "stop-lifted",
    kind: "capability",
    target: "billing.refund",
    stop: STOP,
    envelope,
    chain: [...by.chain],
  };
}
