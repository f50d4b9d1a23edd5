/**
 * What to do about each problem, for the page that its `type` names. Text whose only markup is code between backticks.
 * Every code has a line: whoever adds one says what its reader should do.
 */
import type { ProblemCode } from "../../shared/problems.ts";

export const ADVICE: { readonly [code in ProblemCode]: string } = {
  "invalid-json":
    "Send one JSON text in UTF-8. `detail` names the line and column of the first fault, or the rule: no key twice, numbers within ±(2^53 − 1), no lone surrogates, not nested deeper than 32.",
  "invalid-request":
    "Compare the request with the route's shape in `/docs/api`; `facts.issues` names each place. Unknown fields and parameters are refused, so look for a misspelled one.",
  "body-too-large": "Send less: `facts.maxBytes` is the limit. Put documents where they live and send their ids.",
  "unsupported-media-type": "Send `Content-Type: application/json`.",
  unauthenticated:
    "Send `Authorization: Bearer KEY` with an API key that exists and is not revoked. Locally the keys stand in `.countersign/dev.json`.",
  forbidden: "Use a key with a role that `detail` names. A key that belongs to a person asks for that person alone.",
  "not-found": "Check the id and the key: what another tenant owns looks the same as what does not exist.",
  "idempotency-conflict": "Repeat the first body with this key, or take a new key for a new request.",
  "not-running":
    "Locally, run `npm start` at the repository root: it starts all three Workers. Elsewhere repeat the request; it is safe.",
  overloaded: "Repeat the same request, with the same idempotency key, after a pause that grows.",
  "method-not-allowed": "Use a method of the `Allow` header.",
  unhealthy: "Read `facts.reasons`; each says what does not work and what to run. `countersign doctor` looks further.",
  "internal-error":
    "Repeat it once with the same idempotency key. If it stays, give the operator the request id (`instance`, `X-Request-Id`): it finds the log line.",
  "contract-violation":
    "Correct the input: `facts.errors` names each place and the keyword that it breaks. The contract stands in the automation's release (`contract.json`).",
  "invalid-contract":
    "Correct the contract: only the JSON Schema keywords of `docs/automations.md` are understood, and patterns must be bounded.",
  "contract-breaking":
    "`facts.changes` names what breaks, field by field. Change the contract so that it goes on as before, or give it the next major version: `contractVersion` in `automation.yaml` for the input, `version` for a capability.",
  "planning-moved":
    "Nothing to do: another planner plans this round. A person may propose where planning has stopped (`planning-stopped` among the task's events).",
  "model-not-configured":
    "Set the secret `OPENAI_API_KEY`, and `OPENAI_BASE_URL` for another endpoint than OpenAI's; or let `model.fallback` of the automation end with `playbook` or `person` (docs/models.md).",
  "model-switched-off":
    "Nothing to do: the toggle in `facts.toggle` switches this automation's models off, and whoever follows them plans. `countersign toggles set` switches them on again.",
  "model-unavailable":
    "Check the model endpoint (`OPENAI_BASE_URL`) and its key; a model that fails five times in a row is left alone for 30 seconds. Then ask for planning again.",
  "model-timeout":
    "Raise `timeoutMs` of the model in the automation, or take a faster one. Then ask for planning again.",
  "model-answer-invalid":
    "Read the transcript in the run (`GET /v1/runs/{id}`): it says what the model wrote. A clearer prompt or a larger model helps.",
  "model-unsure": "Plan it as a person, or lower `minConfidence` in a new release.",
  "terms-violated":
    "Ask for planning again, or propose the texts yourself. Where a good text is refused, the terminology lacks one of its forms (`docs/content-operations.md`).",
  "terms-invalid": "Write the items of the glossary again, as a JSON list of terms (`docs/content-operations.md`).",
  "loop-limit": "Raise `loop.rounds` or `loop.seconds` in a new release, if the task deserves it.",
  "memory-moved":
    "Read the item again (`facts.version` is where it stands), and send your change with that version as `expect`.",
  "memory-full":
    "Delete items, or raise `maxItems` or `maxBytes` of the namespace (`PUT /v1/memory/{namespace}`); `facts.bytes` stands where it is bytes that are used up. A tenant's canonical namespaces share 100 MB.",
  "memory-not-searchable":
    "Ask for items by their keys, or make the canonical namespace `searchable` (`PUT /v1/memory/{namespace}`).",
  "memory-settings":
    "A namespace with items keeps its tier: take another name. `vectorize` needs the binding `MEMORY_INDEX`.",
  "budget-exceeded":
    "`facts` says whose budget and which figure. `GET /v1/budgets` shows what is spent; days begin at midnight UTC. Limits stand in the release, the tenant's in `MODEL_TENANT_DAY`.",
  "classifier-invalid":
    "Correct `classifier` in `automation.yaml` or its examples: the detail says what is wrong. Fields are declared in the contract; each label has at least five examples.",
  "features-invalid": "Correct `features` in `automation.yaml`; `docs/automations.md` has every key.",
  "gates-invalid":
    "Correct `gates` in `automation.yaml`: `facts.gate` names the one at fault. Fields are declared in the contract, each gate has one test.",
  "intake-rate":
    "Send the same request again after `Retry-After`. The limit stands in the automation's release (`intakeLimits`) or in the deployment's `INTAKE_LIMITS`.",
  "intake-full":
    "Send the same request again after `Retry-After`: it is taken once a task has ended. The limit stands in the automation's release (`intakeLimits`) or in the deployment's `INTAKE_LIMITS`.",
  "toggle-moved": "Read `GET /v1/toggles`; if the change is still wanted, set it after the version that holds now.",
  "triggers-invalid":
    "Correct `triggers` in `automation.yaml`: `facts.trigger` names the one at fault. Each gives the contract's required fields; expressions are over `event`.",
  "trigger-failed":
    "Compare the event with the trigger that `facts.trigger` names: its condition or its input reads a field that the event does not have. `has(event.data.field)` asks first.",
  "quality-gate":
    "Correct the field that `facts.field` names; `facts.gate` is the automation's rule. Repeating the same input changes nothing.",
  "unknown-automation": "Check the name with `GET /v1/automations`, or publish the automation (`countersign publish`).",
  "no-release":
    "Promote a release of the automation: `countersign promote NAME DIGEST`. A promotion that has expired counts as none.",
  "region-unavailable": "Name a region that the tenant has, or none and let the automation's rule choose.",
  "key-not-canonical":
    "Make a new key with the device's own generator; this one has a second spelling and is never taken.",
  "key-small-order": "Make a new key; anybody can sign for this one.",
  "key-malformed": "Send a public JWK: `kty` OKP, `crv` Ed25519, `x` as 43 characters of base64url, nothing else.",
  "possession-not-proved":
    "Sign the statement of possession with the very key that is to be enrolled, for this tenant, not more than ten minutes ago.",
  "signature-malformed": "Send a DSSE envelope: standard base64 with padding, one to four signatures of 64 bytes.",
  "signature-invalid":
    "Sign the exact bytes again (DSSE's pre-authentication encoding over the canonical payload) with the key that `keyid` names.",
  "payload-invalid": "Make the payload anew in the shape of `shared/PROTOCOL.md`; unknown fields are refused.",
  "payload-not-canonical": "Sign the canonical form (RFC 8785) of the payload.",
  "payload-type-mismatch": "Sign the payload under its own type; a signature for one purpose never counts for another.",
  "key-unknown": "Have the key enrolled (`countersign keys new`, `countersign keys enrol`), or pin the key that signs.",
  "key-revoked": "Use another enrolled key. A revocation is not taken back: enrol a new key.",
  "key-expired": "Enrol the key again, or check the clock of the device (`countersign doctor`).",
  "chain-broken": "Send the enrolments from the key up to the tenant's root key, each signed by the next.",
  "role-missing": "Let somebody decide whose enrolment has a role that `detail` names, or enrol the member with it.",
  "plan-invalid":
    "Correct the plan: step names are new in the task, references point to earlier steps, and it carries the next round.",
  "plan-mismatch":
    "Nothing that a caller can do: the plan is not what the promoted playbook derives. Look at the intent-manager that signed it.",
  "round-closed": "Read the task, then propose again into its next round (`facts.next`).",
  "audience-mismatch": "Send the envelope to the executor of its own tenant, region and shard.",
  "not-yet-valid": "Check the clocks: more than 30 seconds of difference are refused.",
  expired: "Sign it again; what was signed is valid for a bounded time only.",
  replayed: "Sign a new one: each signature counts once.",
  "capability-unknown": "Check the name with `GET /v1/capabilities`, or deploy executors that have it.",
  "capability-not-in-release": "Add the capability to the automation's `automation.yaml` and promote the new release.",
  "contract-mismatch":
    "Publish and promote the automation again: the executors run another version of this capability than the release was made with.",
  "release-needed": "Send the bundle with its promotion; the intent-manager does so by itself.",
  "release-not-promoted": "Promote the release with a key that may promote.",
  "release-superseded": "Ask again: a newer release is in force.",
  "release-revoked": "An admin's signed restore lifts the stop; otherwise promote another release.",
  "release-mismatch": "Publish the bundle again; its bytes are not the ones that were promoted.",
  "disclosure-missing": "Send the value behind every commitment that the plan names.",
  "disclosure-mismatch": "Send the value and salt that the commitment was made from.",
  "policy-denied":
    "Read why: `detail` carries the words of the rule, `GET /v1/tasks/{id}/explain` the whole decision. Change the request; repeating it changes nothing.",
  "policy-invalid": "Correct `policy.yaml`; `docs/policy.md` has the language and its bounds.",
  "playbook-invalid": "Correct `playbook.yaml`; `docs/automations.md` has every key.",
  "cel-invalid": "Correct the expression: `docs/policy.md` lists what is refused when a rule is published.",
  stopped:
    "Wait until an operator's stop is lifted: `countersign doctor` shows who stopped what and why. An admin's signature restores it.",
  "restore-unsigned": "Sign the restore with an enrolled admin's key: `countersign restore NAME`.",
  "task-settled": "Open a new task; this one takes nothing further.",
  restored:
    "The storage of the task's executor went back to an earlier moment, and values of this task were lost (`docs/runbooks/restore.md`). Look at what the record shows as done; new work needs a new idempotency key and a new task.",
  "subject-erased":
    "The person was erased (`docs/privacy.md`): the values are gone for everybody. New work about them needs a new idempotency key and a new task.",
  "consent-withdrawn":
    "Do not ask again for this purpose. Once the person consents, `PUT /v1/subjects/{id}/consents/{purpose}` records it; then open a new task.",
  "task-limit": "Open a new task, or make fewer and smaller steps; `detail` names the limit.",
  "record-unreadable":
    "An operator has to look: `countersign doctor` names the tasks, the executors' log has the reason. Other tasks go on; the ledger still has the record of this one.",
  "reference-unresolved":
    "Correct the reference: it points to an earlier step's result by JSON pointer, and that step must have been applied.",
  "premise-failed": "Nothing was changed. Read the record again and ask again on what it says now.",
  "effect-conflict": "Look at the task that did it (`GET /v1/tasks`); doing it again is not possible and not needed.",
  "effect-refused": "Nothing was changed. `detail` has the target's reason; correct the request.",
  "effect-in-doubt":
    "Wait: a transactional target is asked again. Never repeat it under another key; where it stays so, a person decides.",
  "target-unavailable": "Try again later: the target did not answer, and nothing was changed.",
  "answer-invalid": "Correct the capability's contract, or the target: its answer has another shape than was declared.",
  "tool-changed":
    "Look at the tool's new description and schema. Where they are acceptable, publish a contract that pins their digest; until then the tool is not called.",
  "egress-refused": "Add the target's exact origin to the egress list of the capability, or correct the address.",
  "credential-unavailable":
    "Set the secret that the capability names for the executors, or see why it cannot be minted.",
  "breaker-open": "Nothing to repair here: the target has failed too often, and is tried again by itself.",
  "rate-exceeded":
    "Nothing to repair: the step goes on when the capability's rate allows; raise the rate if it is too low.",
  "concurrency-full": "Nothing to repair: the step goes on when another action of this capability has ended.",
  "limit-exceeded": "Wait until the limit's window has passed, or let the reviewers that the limit names decide.",
  "permit-unanswered": "Nothing to repair: the step asks again by itself.",
  "not-observable":
    "Nothing to repair in the task. Where predictions should be compared, let the capability declare `observe`.",
  "not-reversible":
    "Nothing to repair here: the release holds no capability that takes this action back. Correct its effect with a new task.",
  "task-not-settled":
    "Wait for the task's end, or cancel it. While it takes its own work back, only the undo that failed can be tried again.",
  "not-applied": "Read the task: only an applied step can be reversed.",
  "already-undone": "Read the task: the undo stands beside its step.",
  "undo-attempts-spent": "Correct the effect with a new task, or say with `resolve` that it was undone by hand.",
  "reversal-window-closed": "Correct the effect with a new task: the time to reverse it is over.",
  "has-dependents":
    "`dependents` names the later actions. Reverse them first, newest first, or ask with `cascade: true` to have all of them reversed.",
  "not-in-doubt":
    "Read the task: while the target is still being asked, `nextAskAt` says when; otherwise it is known what happened.",
  "wait-timeout": "Nothing to repair: the step says how long it waits. Submit again if what it waited for came later.",
  "signal-unawaited": "Read the task: the step that waited has ended, or waits for a signal of another name.",
  "outcome-limit": "Nothing more can be reported of this task; what was said stands in its record.",
  "signal-limit": "Send fewer or smaller signals ahead of the steps that wait for them.",
  "review-not-waiting": "Read the review again: somebody decided it, it expired, or its task ended.",
  "review-expired": "Ask for the action again; a new review begins.",
  "attestation-mismatch": "Read the review again and sign what it shows now.",
  "approver-is-requester": "Let another person decide.",
  "already-decided": "Nothing to do: this person's decision is recorded.",
  "chain-gap": "Nothing that a caller can do: the executor sends its records again from the ledger's cursor.",
  "chain-fork": "Stop and look: `countersign verify --witnesses`. Two histories of one executor exist.",
  "entry-invalid": "Nothing that a caller can do: the executor and the ledger run versions that do not fit together.",
  "entry-too-large": "Make smaller steps: one entry has at most 65,535 bytes.",
  "statement-mismatch": "Stop and look: `countersign verify`. The executor's signed statement is over other records.",
  "checkpoint-inconsistent":
    "Stop and look: `countersign verify --witnesses`. The ledger shows a history that contradicts an earlier one.",
  "note-malformed": "Take the note's exact bytes; nothing may be trimmed or re-encoded.",
  "proof-invalid":
    "Ask for the proof again for this index and size; if it stays, the log does not contain what it claims.",
  "tile-malformed": "Use a C2SP tile path, such as `tile/0/x001/067.p/5`.",
  "epoch-unsigned":
    "Have a second member, enrolled as admin, add a signature: `countersign epoch sign` or `countersign rewind sign`.",
  "log-full":
    "Wait: the archive makes room by itself. Where it does not, `GET /v1/ledger/state` says why; see docs/log.md for the limit.",
  "head-moved": "Repeat it; another writer was first.",
};
