/**
 * Every expected failure of the product: one stable code per cause, its HTTP status, and whether the same request may succeed later.
 * The codes are public: they appear in problem+json (RFC 9457), in RPC results, in the CLI's exit messages and in logs.
 * A code is never renamed or reused.
 */

type Row = { readonly status: number; readonly retryable?: true; readonly title: string };

/** code → what it means. HTTP status is decided here and nowhere else. */
export const PROBLEMS = {
  // requests
  "invalid-json": { status: 400, title: "The body is not acceptable JSON" },
  "invalid-request": { status: 400, title: "The request does not have the documented shape" },
  "body-too-large": { status: 413, title: "The body is larger than the limit" },
  "unsupported-media-type": { status: 415, title: "The body must be application/json" },
  unauthenticated: { status: 401, title: "A valid API key is required" },
  forbidden: { status: 403, title: "This API key may not do that" },
  "not-found": { status: 404, title: "There is no such thing for this API key" },
  "idempotency-conflict": { status: 409, title: "The same idempotency key was used with another body" },
  "not-running": { status: 503, retryable: true, title: "A Worker that this needs is not running" },
  overloaded: { status: 503, retryable: true, title: "Too much is waiting; try again later" },
  "method-not-allowed": { status: 405, title: "The path exists, but not with this method" },
  unhealthy: { status: 503, retryable: true, title: "Something that the service needs does not work" },
  "internal-error": { status: 500, title: "Something that should not happen happened" },

  // contracts and input
  "contract-violation": { status: 422, title: "The input does not satisfy the contract" },
  "invalid-contract": { status: 422, title: "The contract itself is not acceptable" },
  "contract-breaking": { status: 409, title: "The contract breaks what the one in force promises" },
  "classifier-invalid": { status: 422, title: "The classifier is not acceptable" },
  "features-invalid": { status: 422, title: "The features are not acceptable" },
  "gates-invalid": { status: 422, title: "The quality gates are not acceptable" },
  "intake-rate": { status: 429, retryable: true, title: "As many intents as the rate allows have come in" },
  "intake-full": { status: 429, retryable: true, title: "As many tasks as may are open" },
  "toggle-moved": { status: 409, title: "The toggle was set by somebody else" },
  "triggers-invalid": { status: 422, title: "The triggers are not acceptable" },
  "trigger-failed": { status: 422, title: "A trigger cannot be computed from this event" },
  "quality-gate": { status: 422, title: "The input does not pass a quality gate" },
  "unknown-automation": { status: 404, title: "There is no such automation" },
  "no-release": { status: 409, title: "The automation has no promoted release" },
  "region-unavailable": { status: 422, title: "The tenant has no such region" },

  // keys and signatures
  "key-not-canonical": { status: 422, title: "The public key is not a canonical Ed25519 point" },
  "key-small-order": { status: 422, title: "The public key has small order" },
  "key-malformed": { status: 422, title: "The public key is not an Ed25519 JWK" },
  "possession-not-proved": { status: 422, title: "The signature does not prove possession of the key" },
  "signature-malformed": { status: 422, title: "The signature or envelope is malformed" },
  "signature-invalid": { status: 403, title: "The signature does not verify" },
  "payload-invalid": { status: 422, title: "The signed payload does not have the shape of its type" },
  "payload-not-canonical": { status: 422, title: "The signed bytes are not the canonical form of their value" },
  "payload-type-mismatch": { status: 403, title: "The envelope holds another type of payload" },
  "key-unknown": { status: 403, title: "No trusted key has this key id" },
  "key-revoked": { status: 403, title: "The key is revoked" },
  "key-expired": { status: 403, title: "The key is not valid at this time" },
  "chain-broken": { status: 403, title: "The key does not chain to the tenant's root key" },
  "role-missing": { status: 403, title: "The key's enrolment lacks the role" },

  // plans and admission
  "plan-invalid": { status: 422, title: "The plan is not well formed" },
  "plan-mismatch": { status: 403, title: "The plan is not what the release's playbook derives from the intent" },
  "round-closed": { status: 409, title: "Another plan was admitted in this round" },
  "audience-mismatch": { status: 403, title: "The envelope is for another tenant, region, shard or task" },
  "not-yet-valid": { status: 403, title: "The envelope is not valid yet" },
  expired: { status: 403, title: "The envelope has expired" },
  replayed: { status: 409, title: "This was used before" },
  "capability-unknown": { status: 422, title: "There is no such capability here" },
  "capability-not-in-release": { status: 403, title: "The release does not contain this capability" },
  "contract-mismatch": { status: 403, title: "The capability's contract here is not the one that was signed" },
  "release-needed": { status: 409, retryable: true, title: "The executor does not hold this release yet" },
  "release-not-promoted": { status: 403, title: "The release carries no valid promotion" },
  "release-superseded": { status: 409, title: "A newer release of this automation is promoted" },
  "release-revoked": { status: 403, title: "The release is stopped" },
  "release-mismatch": { status: 403, title: "The bundle does not have the digest that was promoted" },
  "disclosure-missing": { status: 422, title: "A committed value was not disclosed" },
  "disclosure-mismatch": { status: 403, title: "A disclosed value does not open its commitment" },
  "policy-denied": { status: 403, title: "Policy denies this" },
  "policy-invalid": { status: 422, title: "The policy is not acceptable" },
  "playbook-invalid": { status: 422, title: "The playbook is not acceptable" },
  "cel-invalid": { status: 422, title: "The expression is not acceptable" },
  "planning-moved": { status: 409, title: "Another planner has taken over this round" },
  "model-not-configured": { status: 409, title: "This needs a model, and none is configured" },
  "model-unavailable": { status: 503, retryable: true, title: "The model gave no answer" },
  "model-timeout": { status: 503, retryable: true, title: "The model did not answer in time" },
  "model-switched-off": { status: 409, title: "The models of this automation are switched off" },
  "model-answer-invalid": { status: 502, title: "What the model wrote is no plan" },
  "model-unsure": { status: 409, title: "No planner was sure enough" },
  "terms-violated": { status: 409, title: "A text does not keep to the terminology" },
  "terms-invalid": { status: 409, title: "The terminology in memory is not readable" },
  "loop-limit": { status: 429, title: "Planning has used up its rounds or its time" },
  "memory-moved": { status: 409, title: "The item is at another version" },
  "memory-full": { status: 409, title: "The namespace holds as many items as it may" },
  "memory-not-searchable": { status: 409, title: "This namespace is not searched" },
  "memory-settings": { status: 409, title: "The namespace cannot be changed like this" },
  "budget-exceeded": { status: 429, title: "The budget for models is spent" },
  stopped: { status: 409, title: "This is stopped by an operator" },
  "restore-unsigned": { status: 403, title: "A restore needs the signature of an enrolled person" },

  // tasks, steps and reviews
  "task-settled": { status: 409, title: "The task has already ended" },
  "task-not-settled": { status: 409, title: "The task has not ended yet" },
  restored: { status: 410, title: "The values were lost when the executor was restored" },
  "subject-erased": { status: 410, title: "The values were erased with the person whom they were about" },
  "consent-withdrawn": { status: 403, title: "The person whom this is about has withdrawn consent" },
  "task-limit": { status: 429, title: "The task has reached a limit" },
  "record-unreadable": { status: 500, title: "What is stored of this task cannot be read" },
  "reference-unresolved": { status: 422, title: "A reference does not resolve" },
  "premise-failed": { status: 409, title: "A premise of the action does not hold" },
  "effect-conflict": { status: 409, title: "Another task already did this" },
  "effect-refused": { status: 409, title: "The target refused; nothing was changed" },
  "effect-in-doubt": { status: 409, title: "It is not known whether the effect happened" },
  "target-unavailable": { status: 503, retryable: true, title: "The target could not be asked; nothing was changed" },
  "answer-invalid": { status: 502, title: "The target's answer is not what the contract says" },
  "tool-changed": { status: 409, title: "The tool is not the one that the contract pins" },
  "egress-refused": { status: 403, title: "This capability may not reach that address" },
  "credential-unavailable": { status: 503, retryable: true, title: "The credential of this capability cannot be had" },
  "not-observable": { status: 409, title: "Nothing is read back after this action" },
  "not-reversible": { status: 409, title: "Nothing takes this action back" },
  "not-applied": { status: 409, title: "Only what was applied can be taken back" },
  "already-undone": { status: 409, title: "The action is taken back already, or is being taken back" },
  "undo-attempts-spent": { status: 409, title: "The undo has failed too often" },
  "reversal-window-closed": { status: 409, title: "The time in which the action could be reversed is over" },
  "has-dependents": { status: 409, title: "Later actions depend on this one" },
  "not-in-doubt": { status: 409, title: "Nobody has to decide what became of this step" },
  "wait-timeout": { status: 409, title: "What the step waited for did not come in time" },
  "signal-unawaited": { status: 409, title: "No step of the task waits for this signal any more" },
  "outcome-limit": { status: 429, title: "The task holds as many reported outcomes as it may" },
  "signal-limit": { status: 429, title: "The task holds as many signals as it may" },
  "breaker-open": { status: 503, retryable: true, title: "The target failed too often and is left alone for a while" },
  "rate-exceeded": { status: 429, retryable: true, title: "As many actions as the rate allows have started" },
  "concurrency-full": { status: 503, retryable: true, title: "As many actions as may are under way" },
  "permit-unanswered": { status: 503, retryable: true, title: "Whoever permits the action gave no answer" },
  "limit-exceeded": { status: 409, title: "The action would exceed an aggregate limit" },
  "review-not-waiting": { status: 409, title: "This review is not waiting for a decision" },
  "review-expired": { status: 409, title: "The review's deadline has passed" },
  "attestation-mismatch": { status: 403, title: "The attestation is not over what waits here" },
  "approver-is-requester": { status: 403, title: "Whoever asked may not approve" },
  "already-decided": { status: 409, title: "This person already decided" },

  // ledger
  "chain-gap": { status: 409, title: "The executor's chain has a gap" },
  "chain-fork": { status: 409, title: "The executor's chain contradicts what is recorded" },
  "entry-invalid": { status: 422, title: "The entry does not have the form of the record" },
  "entry-too-large": { status: 413, title: "The entry is larger than 65,535 bytes" },
  "statement-mismatch": { status: 409, title: "The signed statement is not over the records delivered" },
  "checkpoint-inconsistent": { status: 409, title: "The checkpoint contradicts an earlier one" },
  "note-malformed": { status: 422, title: "The signed note is malformed" },
  "proof-invalid": { status: 422, title: "The proof does not hold" },
  "tile-malformed": { status: 422, title: "The tile, or its path, is malformed" },
  "epoch-unsigned": { status: 403, title: "This needs the signatures of two admins" },
  "log-full": { status: 503, retryable: true, title: "The ledger's database is as large as it may be" },
  "head-moved": { status: 409, retryable: true, title: "Another writer moved the head" },
} as const satisfies Record<string, Row>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One expected failure. `detail` is for people; `facts` hold what is needed to act (never personal values, never secrets). */
export type Problem = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly facts?: { readonly [name: string]: string | number | boolean | readonly string[] };
};

export const problem = (code: ProblemCode, detail: string, facts?: Problem["facts"]): Problem =>
  facts === undefined ? { code, detail } : { code, detail, facts };

/** RFC 9457 body of a problem. `type` is a stable URI reference; `code` repeats its last part for programs. */
export const toProblemJson = (p: Problem, instance?: string) => ({
  type: `/problems/${p.code}`,
  title: PROBLEMS[p.code].title,
  status: PROBLEMS[p.code].status,
  code: p.code,
  detail: p.detail,
  ...(instance === undefined ? {} : { instance }),
  ...(p.facts === undefined ? {} : { facts: p.facts }),
});

/** Whether repeating the same request unchanged may succeed later. */
export const isRetryable = (code: ProblemCode): boolean => "retryable" in PROBLEMS[code];
