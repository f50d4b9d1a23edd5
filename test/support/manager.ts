/**
 * What an intent-manager does, in the hands of a test: it holds the proposal key and the tenant's keys, builds releases, promotes them,
 * and signs plans, honest ones and others.
 */
import { canonicalize, digestOf } from "../../shared/canonical.ts";
import { commit, type Disclosure } from "../../shared/commitments.ts";
import { labelHere, labelOrigin } from "../../shared/classifier/label.ts";
import { intentFacts } from "../../shared/facts.ts";
import { compileRelease, releaseDigest, type CompiledRelease } from "../../shared/compiled-release.ts";
import { planId, proposalId, shardOf, taskId, toBase32 } from "../../shared/ids.ts";
import { toBase64Url } from "../../shared/bytes.ts";
import { importSigner, keyId, type PrivateJwk, type PublicJwk } from "../../shared/keys.ts";
import type { JsonObject } from "../../shared/json.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { derivePlan, type PlaybookStep } from "../../shared/playbook.ts";
import type { Plan, ProposedStep } from "../../shared/proposal.ts";
import type { Promotion, ReleaseBundle, ReleaseDelivery } from "../../shared/release.ts";
import type { SignedPlan, SubmitCommand } from "../../shared/rpc.ts";
import { signEnvelope, type Envelope } from "../../shared/signing.ts";
import type { Attestation } from "../../shared/attestation.ts";
import type { Enrolment } from "../../shared/members.ts";
import type { ReviewView } from "../../shared/views.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import { undoTemplate } from "../../shared/undo.ts";

export const HOUR_MS = 3_600_000;
export const newSalt = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
export const randomToken = (): string => toBase32(crypto.getRandomValues(new Uint8Array(16)));

/** Signs any payload with any key: what an attacker with that key can do. */
export const sign = async (key: PrivateJwk, payloadType: string, payload: unknown): Promise<Envelope> =>
  signEnvelope({ payloadType, payload, signers: [await importSigner(key)] });

export type TestRelease = { readonly text: string; readonly digest: string; readonly compiled: CompiledRelease };

/** A release of three journal.note steps, one after another, that policy allows; `change` makes it anything else. */
export function release(
  contracts: ReadonlyMap<string, CapabilityContract>,
  change: Partial<ReleaseBundle> = {},
): TestRelease {
  const names = (change.playbook?.steps as PlaybookStep[] | undefined)?.map((step) => step.capability) ?? [
    "journal.note",
  ];
  const bundle: ReleaseBundle = {
    version: 1,
    automation: "notes",
    summary: "Three notes.",
    owner: "test",
    tier: 3,
    planner: "playbook",
    region: { rule: "fixed", region: "eu" },
    input: {
      type: "object",
      properties: { text: { type: "string", "x-origin": "principal" } },
      required: ["text"],
      additionalProperties: false,
    },
    playbook: {
      version: 1,
      steps: ["a", "b", "c"].map((id, i, all) => ({
        id,
        capability: "journal.note",
        args: { text: { $cel: "intent.input.text" } },
        ...(i === 0 ? {} : { after: [all[i - 1]!] }),
      })),
    },
    policy: { default: "deny", rules: [{ id: "notes", when: 'capability.name == "journal.note"', then: "allow" }] },
    capabilities: Object.fromEntries(names.map((name) => [name, contracts.get(name)!])),
    deadlines: { taskMs: 24 * HOUR_MS, reviewMs: HOUR_MS },
    ...change,
  };
  const text = canonicalize(bundle);
  const compiled = compileRelease(text);
  if (!compiled.ok) throw new Error(`${compiled.problem.code}: ${compiled.problem.detail}`);
  return { text, digest: releaseDigest(text), compiled: compiled.value };
}

export async function promote(
  rootKey: PrivateJwk,
  tenant: string,
  { text, digest, compiled }: TestRelease,
  serial = 1,
  change: Partial<Promotion> = {},
): Promise<ReleaseDelivery> {
  const payload = {
    version: 1,
    tenant,
    automation: compiled.bundle.automation,
    release: digest,
    serial,
    atMs: Date.now(),
    expiresMs: Date.now() + 24 * HOUR_MS,
    ...change,
  };
  return { bundle: text, promotion: { envelope: await sign(rootKey, PAYLOAD_TYPES.promotion, payload), chain: [] } };
}

export type Opened = { readonly command: SubmitCommand; readonly plan: Plan | null };

/** A new task's id in a region, on a shard of a tenant with `shards` of them. */
export function newTask(region: string, shards: number): { id: string; shard: number } {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const shard = shardOf(bytes, shards);
  return { id: taskId(region, shard, toBase32(bytes)), shard };
}

export type SubmitOptions = {
  readonly tenant: string;
  readonly task: string;
  readonly region?: string;
  readonly release: TestRelease;
  readonly input: JsonObject;
  readonly proposalKey: PrivateJwk;
  readonly delivery?: ReleaseDelivery | null;
  readonly change?: Partial<SubmitCommand>;
  /** Changes the plan before it is signed. */
  readonly tamper?: (plan: Plan) => Plan;
  readonly waitMs?: number;
};

/** An honest submission of a playbook's intent, or with `tamper` a dishonest one under a valid signature. */
export async function submission(options: SubmitOptions): Promise<SubmitCommand> {
  const { compiled, digest } = options.release;
  const region = options.region ?? "eu";
  const input = { salt: newSalt(), value: options.input };
  const disclosures: Record<string, Disclosure> = {};
  const plan =
    compiled.playbook === null ? null : honestPlan(options, region, commit(input.salt, options.input), disclosures);
  return {
    task: options.task,
    automation: compiled.bundle.automation,
    release: digest,
    region,
    input,
    requestDigest: digestOf({ input: options.input }),
    principal: { key: "key_app", role: "app", member: null, sod: "not-evaluable" },
    trigger: null,
    purpose: null,
    traceparent: null,
    plan:
      plan === null
        ? null
        : {
            envelope: await sign(options.proposalKey, PAYLOAD_TYPES.plan, options.tamper?.(plan) ?? plan),
            disclosures,
          },
    delivery: options.delivery ?? null,
    waitMs: options.waitMs ?? 0,
    ...options.change,
  };
}

function honestPlan(
  { tenant, task, release, input }: SubmitOptions,
  region: string,
  commitment: string,
  disclosures: Record<string, Disclosure>,
): Plan {
  const { compiled } = release;
  const classified = labelHere(compiled, input);
  const derived = derivePlan(
    compiled.playbook!,
    intentFacts(compiled.bundle.automation, { input, region, purpose: null }, classified),
    { openedByAgent: false, labelOrigin: labelOrigin(compiled, classified) },
  );
  if (!derived.ok) throw new Error(derived.problem.detail);
  const steps = derived.value.map((step) => ({ ...step, predicted: predicting(step.expect, disclosures) }));
  const plan = planOf(tenant, task, region, release, commitment, "playbook", steps, 1, true);
  return classified === null ? plan : { ...plan, classified };
}

/** The commitment to what a step predicts, with its disclosure put beside. */
export function predicting(
  expect: JsonObject | null,
  disclosures: Record<string, Disclosure>,
): Plan["steps"][number]["predicted"] {
  if (expect === null) return null;
  const salt = newSalt();
  const predicted = commit(salt, expect);
  disclosures[predicted] = { salt, value: expect };
  return { $commit: predicted };
}

const undoOf = (compiled: CompiledRelease, capability: string) => {
  const declared = compiled.declarations.capabilities.get(capability);
  return declared === undefined ? null : undoTemplate(declared.contract, compiled);
};

export function planOf(
  tenant: string,
  task: string,
  region: string,
  { compiled, digest }: TestRelease,
  input: string,
  planner: "playbook" | "agent",
  steps: readonly {
    id: string;
    capability: string;
    args: JsonObject;
    after?: readonly string[];
    when?: string | null;
    predicted?: Plan["steps"][number]["predicted"];
    fanOut?: ProposedStep["fanOut"];
  }[],
  round: number,
  last: boolean,
): Plan {
  return {
    version: 1,
    tenant,
    region,
    task,
    automation: compiled.bundle.automation,
    plan: planId(task, round),
    round,
    last,
    agent: { planner, id: planner === "agent" ? "key_agent" : "playbook", member: null },
    release: digest,
    input,
    notBeforeMs: Date.now() - 1_000,
    expiresMs: Date.now() + 60_000,
    steps: steps.map((step, index): ProposedStep => ({
      id: step.id,
      proposal: proposalId(task, round, index),
      capability: step.capability,
      contract: compiled.contractDigestByName.get(step.capability) ?? `sha256:${"0".repeat(64)}`,
      args: step.args as Record<string, never>,
      after: [...(step.after ?? [])],
      when: step.when ?? null,
      ...(step.fanOut === undefined ? {} : { fanOut: step.fanOut }),
      premises: [],
      undo: undoOf(compiled, step.capability),
      claimedConfidence: null,
      rationale: null,
      predicted: step.predicted ?? null,
      advice: { answer: "allow", final: true, rules: [] },
    })),
  };
}

export const signedPlan = async (key: PrivateJwk, plan: Plan): Promise<SignedPlan> => ({
  envelope: await sign(key, PAYLOAD_TYPES.plan, plan),
  disclosures: {},
});

/** An enrolment of a key, signed by whoever holds `issuer`. */
export const enrol = (
  issuer: PrivateJwk,
  tenant: string,
  member: string,
  key: PublicJwk,
  roles: string[],
  change: Partial<Enrolment> = {},
): Promise<Envelope> =>
  sign(issuer, PAYLOAD_TYPES.enrolment, {
    version: 1,
    tenant,
    member,
    key: { kty: "OKP", crv: "Ed25519", x: key.x },
    roles,
    notBeforeMs: Date.now() - 1_000,
    expiresMs: Date.now() + 24 * HOUR_MS,
    ...change,
  });

/** A decision on a review as its signer's device makes it. */
export const attestation = (
  key: PrivateJwk,
  tenant: string,
  review: ReviewView,
  decision: "approve" | "reject",
  change: Partial<Attestation> = {},
): Promise<Envelope> =>
  sign(key, PAYLOAD_TYPES.attestation, {
    version: 1,
    id: `att_${randomToken()}`,
    tenant,
    task: review.task,
    step: review.step,
    review: review.id,
    subject: review.subject,
    decision,
    reason: decision === "reject" ? "not now" : null,
    atMs: Date.now(),
    expiresMs: Date.now() + HOUR_MS,
    ...change,
  });

export { keyId };
