/** What a person's signature must satisfy to decide something here (see executors/guards/index.ts). */
import type { Attestation } from "../../shared/attestation.ts";
import { commit, type Disclosure } from "../../shared/commitments.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Resolution } from "../../shared/resolution.ts";
import type { Approval, Requirement, Review, StepPhase } from "../task/state.ts";

type Dated = { readonly atMs: number; readonly expiresMs: number };
type Doubt = Extract<StepPhase, { at: "in_doubt" }>;

/** Whether somebody with these roles may act in this one; `*` are all. */
export const holds = (roles: readonly string[], role: string): boolean => roles.includes(role) || roles.includes("*");

export const PERSON_GUARDS = {
  /** not-yet-valid: signatures could be made in store for a time when their key is long gone. */
  "signed-by-now": (signed: Dated, nowMs: number): boolean => nowMs + LIMITS.clockSkewMs >= signed.atMs,
  /** expired: a decision that was held back would count when its reasons are gone. */
  "signed-not-over": (signed: Dated, nowMs: number): boolean => nowMs < signed.expiresMs,
  /** replayed: one signature would decide many times. */
  "signature-unused": (burned: boolean): boolean => !burned,
  /** approver-is-requester: whoever asked for an action would approve it. */
  "not-by-requester": (member: string, requesters: readonly string[]): boolean => !requesters.includes(member),

  /** attestation-mismatch: an approval given in one tenant would count in another. */
  "attestation-tenant": (signed: Attestation, tenant: string): boolean => signed.tenant === tenant,
  /** attestation-mismatch: the record would show an approval for a task that nobody approved. */
  "attestation-task": (signed: Attestation, task: string): boolean => signed.task === task,
  /** attestation-mismatch, review-not-waiting: the approval of one review would close another. */
  "attestation-review": (signed: Attestation, review: string): boolean => signed.review === review,
  /** attestation-mismatch: the record would show an approval for another step than was approved. */
  "attestation-step": (signed: Attestation, step: string): boolean => signed.step === step,
  /** attestation-mismatch: a person would see one thing and approve another. */
  "attestation-subject": (signed: Attestation, review: Review): boolean => signed.subject === review.subject,
  /** review-not-waiting: what was rejected could still be approved. */
  "review-waits": (phase: StepPhase): boolean => phase.at === "awaiting_review",
  /** review-expired: approvals would be gathered for as long as it takes to find somebody who signs. */
  "review-in-time": (review: Review, nowMs: number): boolean => nowMs < review.expiresMs,
  /** role-missing: any enrolled person would approve anything. */
  "approver-role": (roles: readonly string[], required: readonly Requirement[]): boolean =>
    required.some(({ role }) => holds(roles, role)),
  /** already-decided: one person's signatures would stand in the record as several decisions. */
  "approver-once": (member: string, approvals: readonly Approval[]): boolean =>
    approvals.every((approval) => approval.member !== member),
  /** awaiting_review: one approval would do where two people were asked for. */
  "review-quorum": (approvals: readonly Approval[], { role, quorum }: Requirement): boolean =>
    new Set(approvals.filter((one) => holds(one.roles, role)).map((one) => one.member)).size >= quorum,
  /** premise-failed: an approval would be used for what has changed since it was shown. */
  "approval-fresh": (subject: string, review: Review): boolean => subject === review.subject,

  /** attestation-mismatch: a word given in one tenant would count in another. */
  "resolution-tenant": (signed: Resolution, tenant: string): boolean => signed.tenant === tenant,
  /** attestation-mismatch: the record would show a word about another task. */
  "resolution-task": (signed: Resolution, task: string): boolean => signed.task === task,
  /** attestation-mismatch: the record would show a word about another step. */
  "resolution-step": (signed: Resolution, step: string): boolean => signed.step === step,
  /** attestation-mismatch: what became of one action would be taken for what became of another. */
  "resolution-action": (signed: Resolution, action: string): boolean => signed.action === action,
  /** attestation-mismatch: a word about one set of arguments would be taken for another. */
  "resolution-digest": (signed: Resolution, digest: string): boolean => signed.digest === digest,
  /** attestation-mismatch: "not applied", said of an attempt, would let a later one be doubled. */
  "resolution-attempt": (signed: Resolution, attempt: number): boolean => signed.attempt === attempt,
  /** attestation-mismatch: what has happened would be asked for again. */
  "resolution-retry": ({ outcome, retry }: Resolution): boolean => outcome !== "applied" || !retry,
  /** not-in-doubt: a person's word would race the target's own answer. */
  "doubt-asked-out": ({ askAtMs }: Doubt): boolean => askAtMs === null,
  /** role-missing: any enrolled person would say what became of the money. */
  "resolver-role": (roles: readonly string[], wanted: readonly string[]): boolean =>
    wanted.some((role) => holds(roles, role)),
  /** disclosure-mismatch: later steps would work with a result that nobody signed. */
  "resolution-result": (result: string, disclosed: Disclosure | null): boolean =>
    disclosed !== null && commit(disclosed.salt, disclosed.value) === result,
};
