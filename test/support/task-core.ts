/**
 * The core of one task in the hands of a test: no object, no I/O, a clock that the test moves. Every decision makes a record, as in an
 * executor, and the task can be folded again from its records, as after a crash.
 */
import type { Capability, CapabilityRegistry, Outcome } from "../../executors/adapters/types.ts";
import { advance, canContinue, effectsOf } from "../../executors/task/advance.ts";
import { NO_SUBJECTS } from "../../executors/task/deps.ts";
import { openTask, timePassed, type AdmittedPlan } from "../../executors/task/decide.ts";
import type { TaskDeps } from "../../executors/task/deps.ts";
import { Draft } from "../../executors/task/draft.ts";
import { evolve, type Known } from "../../executors/task/evolve.ts";
import { stepOutcome } from "../../executors/task/outcome.ts";
import type { TaskState } from "../../executors/task/state.ts";
import { waits } from "../../executors/capabilities/waits.ts";
import { toBase64, toBase64Url, utf8 } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import { commit, type Disclosure } from "../../shared/commitments.ts";
import type { StepDecision, TaskEvent } from "../../shared/events.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { FanOutElement } from "../../shared/playbook.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { problem } from "../../shared/problems.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { ok } from "../../shared/result.ts";
import { sha256 } from "../../shared/sha256.ts";
import type { Toggles } from "../../shared/toggles.ts";
import { newTask, planOf, predicting, release, type TestRelease } from "./manager.ts";

const contract = (name: string, change: Partial<CapabilityContract>): CapabilityContract => ({
  name,
  version: "1.0.0",
  summary: "Something of the tests",
  input: { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false },
  output: { type: "object", properties: { done: { type: "boolean" } }, additionalProperties: false },
  risk: "low",
  effect: "write",
  reversible: false,
  delivery: "idempotent",
  roles: {},
  tags: [],
  ...change,
});
const external = (made: CapabilityContract, reconcile: boolean, more: Pick<Capability, "leaves"> = {}): Capability => ({
  contract: made,
  ...more,
  kind: "external",
  prepare: null,
  apply: async () => ({ kind: "applied", result: {}, replayed: false }),
  reconcile: reconcile ? async () => null : null,
});

const UNDO_INPUT = {
  type: "object",
  properties: { n: { type: "integer" }, who: { type: "string" }, version: { type: "integer" } },
  required: ["n", "version"],
  additionalProperties: false,
};
const UNDOABLE = contract("test.make", {
  reversible: true,
  input: { ...UNDO_INPUT, properties: { n: { type: "integer" }, who: { type: "string" } }, required: ["n"] },
  output: {
    type: "object",
    properties: { version: { type: "integer" } },
    required: ["version"],
    additionalProperties: false,
  },
  undo: {
    capability: "test.unmake",
    args: { n: { $arg: "n" }, who: { $arg: "who" }, version: { $result: "/version" } },
  },
});

const WATCHED = {
  type: "object",
  properties: { state: { type: "string" }, n: { type: "integer" } },
  required: ["state", "n"],
  additionalProperties: false,
};

/** What `watched` leaves is read back. `make` is taken back by `unmake`, `keyed` can be sent twice, `asked` cannot but can be asked, `blind` is neither. */
export const REGISTRY: CapabilityRegistry = new Map(
  [
    external(contract("test.keyed", { delivery: "idempotent" }), false),
    external(contract("test.asked", { delivery: "at-most-once" }), true),
    external(contract("test.blind", { delivery: "at-most-once" }), false),
    external(contract("test.patient", { retry: { attempts: 20, totalMs: 3_600_000 } }), false),
    external(UNDOABLE, false, {
      leaves: (args, result) => [{ resource: `things/${args["n"]}`, version: (result as { version: number }).version }],
    }),
    external(contract("test.unmake", { input: UNDO_INPUT }), false),
    {
      ...external(contract("test.watched", { observe: WATCHED }), false),
      observe: async () => ok({}),
    } as Capability,
    ...waits,
  ].map((capability) => [capability.contract.name, capability]),
);
const CONTRACTS = new Map([...REGISTRY].map(([name, made]) => [name, made.contract]));

export type TestStep = {
  readonly id: string;
  readonly capability: string;
  readonly args?: JsonObject;
  readonly after?: readonly string[];
  readonly expect?: JsonObject;
  readonly fanOut?: FanOutElement;
};
const ALLOWED: StepDecision = {
  answer: "allow",
  final: true,
  rules: ["all"],
  reviews: [],
  errors: [],
  deferred: [],
  byDefault: false,
};

/** The release and, beside it, what the plan and the opening carry. */
type CoreChange = Partial<ReleaseBundle> & {
  seed?: string;
  last?: boolean;
  /** False: policy is asked again before the act. */
  final?: boolean;
  toggles?: Toggles;
  unusual?: readonly string[];
};

export class TaskCore {
  readonly release: TestRelease;
  readonly task = newTask("eu", 1).id;
  readonly records: {
    readonly events: readonly TaskEvent[];
    readonly seq: number;
    readonly atMs: number;
    readonly beside: Known;
  }[] = [];
  nowMs = 1_700_000_000_000;
  stoppedBy: TaskDeps["stoppedBy"] = () => null;
  drawOf: NonNullable<TaskDeps["drawOf"]> = () => 0;
  #state: TaskState | null = null;
  #salts = 0;
  readonly #seed: string;

  constructor(steps: readonly TestStep[], change: CoreChange = {}) {
    const { seed = "seed", last = true, final = true, toggles, unusual, ...bundle } = change;
    this.#seed = seed;
    this.release = release(CONTRACTS, {
      planner: "agent",
      playbook: null,
      policy: { default: "deny", rules: [{ id: "all", when: "true", then: "allow" }] },
      capabilities: Object.fromEntries(CONTRACTS),
      ...bundle,
    });
    const input = { salt: this.#salt(), value: { text: "x" } };
    const inputCommitment = commit(input.salt, input.value);
    const disclosures: Record<string, Disclosure> = {};
    const made = planOf(
      "dev",
      this.task,
      "eu",
      this.release,
      inputCommitment,
      "agent",
      steps.map(({ id, capability, args = { n: 1 }, after = [], expect = null, fanOut }) => ({
        id,
        capability,
        args,
        after,
        predicted: predicting(expect, disclosures),
        ...(fanOut === undefined ? {} : { fanOut }),
      })),
      1,
      last,
    );
    const plan = toggles === undefined ? made : { ...made, toggles };
    const admitted: AdmittedPlan = {
      plan,
      envelope: {
        payloadType: PAYLOAD_TYPES.plan,
        payload: toBase64(utf8(canonicalize(plan))),
        signatures: [{ keyid: "k".repeat(43), sig: toBase64(new Uint8Array(64)) }],
      },
      disclosures,
      decisions: Object.fromEntries(steps.map(({ id }) => [id, { ...ALLOWED, final }])),
      provenance: Object.fromEntries(steps.map(({ id }) => [id, {}])),
      requestDigest: "r",
      requestKey: "k",
      decidedMs: this.nowMs,
    };
    const opening = {
      automation: "notes",
      release: this.release.digest,
      region: "eu",
      input,
      inputCommitment,
      requestDigest: "r",
      principal: { key: "key_app", role: "app", member: "carol", sod: "not-evaluable" } as const,
      trigger: null,
      purpose: null,
      traceparent: null,
      unusual,
    };
    this.decide((draft, deps) => openTask(draft, opening, admitted, deps));
  }

  get state(): TaskState {
    return this.#state!;
  }
  phase = (step: string) => this.state.steps.get(step)!.phase;
  events = (): TaskEvent[] => this.records.flatMap(({ events }) => events);
  types = (): string[] => this.events().map(({ type }) => type);

  #salt(): string {
    return toBase64Url(sha256(`${this.#seed} ${this.#salts++}`).subarray(0, 16));
  }

  deps(): TaskDeps {
    return {
      tenant: "dev",
      region: "eu",
      executor: "dev/eu/0",
      release: this.release.compiled,
      registry: REGISTRY,
      nowMs: this.nowMs,
      stoppedBy: this.stoppedBy,
      drawOf: this.drawOf,
      ...NO_SUBJECTS,
    };
  }

  /** One decision, one record. */
  decide<T>(run: (draft: Draft, deps: TaskDeps) => T): T {
    const seq = this.records.length + 1;
    const draft = new Draft(this.#state, { task: this.task, seq, atMs: this.nowMs }, () => this.#salt(), seq);
    const answer = run(draft, this.deps());
    if (draft.events.length > 0) {
      const { values, details, requestDigest, requestKey } = draft;
      // Through JSON, as storage gives it back.
      const beside = JSON.parse(JSON.stringify({ values, details, requestDigest, requestKey })) as Known;
      this.records.push({ events: draft.events, seq, atMs: this.nowMs, beside });
      this.#state = draft.state;
    }
    return answer;
  }

  effects = () => effectsOf(this.state, this.deps());

  answer(step: string, outcome: Outcome, attempt = this.state.steps.get(step)!.attempts): void {
    this.decide((draft, deps) => stepOutcome(draft, step, attempt, outcome, null, deps));
  }

  /** What an executor does after a commit: goes on where only durability was waited for. */
  goOn(): void {
    for (let i = 0; i < 100 && canContinue(this.state, this.deps()); i++) this.decide(advance);
  }

  /** Moves the clock to the end of the pause that a step is in, or by `ms`, and lets the alarm ring. */
  wait(ms: number): void {
    this.nowMs += ms;
    this.decide(timePassed);
  }

  /** What a crash leaves: the records. */
  folded(): TaskState {
    let state: TaskState | null = null;
    for (const { events, seq, atMs, beside } of this.records)
      for (const event of events) state = evolve(state, event, { task: this.task, seq, atMs }, beside);
    return state!;
  }
}

/** What `test.make` answers. */
export const MADE: Outcome = { kind: "applied", result: { version: 7 }, replayed: false };
export const APPLIED: Outcome = { kind: "applied", result: { done: true }, replayed: false };
export const DOUBT: Outcome = { kind: "in-doubt", problem: problem("effect-in-doubt", "No answer.") };
export const refusal = (retry: boolean, retryAfterMs?: number): Outcome => ({
  kind: "refused",
  problem: problem("effect-refused", "No."),
  retry,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
