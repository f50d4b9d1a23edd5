/**
 * What apps, agents and people do in one run. Everything about it comes from the run's chance; what they were answered is kept for the
 * checker. To add something new: a capability in capabilities.ts, a shape of task in `taskShape`, an actor in `actors`.
 */
import * as intake from "../../../executors/intake.ts";
import * as reviewing from "../../../executors/reviewing.ts";
import type { Shard } from "../../../executors/shard.ts";
import * as stopping from "../../../executors/stopping.ts";
import { cancelTask } from "../../../executors/task/decide.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { digestOf } from "../../../shared/canonical.ts";
import { commit } from "../../../shared/commitments.ts";
import { parseTaskId, planId, proposalId, shardOf, taskId, toBase32 } from "../../../shared/ids.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { derivePlan } from "../../../shared/playbook.ts";
import type { Plan } from "../../../shared/proposal.ts";
import { ok, type Result } from "../../../shared/result.ts";
import type { SubmitCommand } from "../../../shared/rpc.ts";
import type { ReviewView, TaskView } from "../../../shared/views.ts";
import { undoTemplate } from "../../../shared/undo.ts";
import { sign, type TestRelease } from "../../support/manager.ts";
import { proposalKeys, proposalKid, REGION, rootKey, SHARDS, TENANT, type Fixture, type Person } from "./keys.ts";
import { ACCOUNTS } from "./business.ts";
import { outsider, type System } from "./system.ts";

export type Step = {
  readonly id: string;
  readonly capability: string;
  readonly args: JsonObject;
  readonly after: readonly string[];
};
export type Shape = {
  readonly planner: "playbook" | "agent" | "careful";
  readonly input: JsonObject;
  /** An agent's rounds. */
  readonly rounds: readonly (readonly Step[])[];
  /** Whom the task is about, and what for. */
  readonly about?: { readonly subjects: readonly string[]; readonly purpose: string };
};

/** What somebody outside was told. */
export type Answer = {
  readonly atMs: number;
  readonly task: string;
  readonly steps: readonly { readonly id: string; readonly status: string }[];
  readonly status: string;
};

/** A signal to a task, or an event under a key; accepted as soon as somebody said so. */
export type Sent = { readonly id: string; readonly to: string; isAccepted: boolean };

export class Workload {
  readonly system: System;
  readonly fixture: Fixture;
  readonly answers: Answer[] = [];
  readonly stops: { readonly stop: string; readonly kind: string; readonly target: string; readonly atMs: number }[] =
    [];
  readonly tasks: string[] = [];
  readonly signals: Sent[] = [];
  readonly events: Sent[] = [];
  readonly #skewMs: number;
  /** Nobody dallies, nobody repeats without a reason. */
  readonly #isPrompt: boolean;

  constructor(system: System, fixture: Fixture, skewMs: number, isPrompt = false) {
    this.#isPrompt = isPrompt;
    this.system = system;
    this.fixture = fixture;
    this.#skewMs = skewMs;
  }

  get #random() {
    return this.system.run.random;
  }

  /** The clock of everybody outside. */
  get #nowMs(): number {
    return this.system.run.loop.nowMs + this.#skewMs;
  }

  newTask(): string {
    const token = this.#random.bytes(16);
    const id = taskId(REGION, shardOf(token, SHARDS), toBase32(token));
    this.tasks.push(id);
    return id;
  }

  /** Whether somebody may be asked about anything of this: more than 100 cents need a person. */
  asksPeople({ planner, input, rounds }: Shape): boolean {
    const asked = planner === "playbook" ? [input] : rounds.flat().map(({ args }) => args);
    return asked.some(({ cents }) => typeof cents === "number" && cents > 100);
  }

  /** @param steps of an agent's round, at most */
  taskShape(steps: number): Shape {
    const random = this.#random;
    const from = random.pick(ACCOUNTS);
    const to = random.pick(ACCOUNTS.filter((id) => id !== from));
    const cents = random.pick([5, 50, 50, 100, 300, 500, 800, 1_500, 20_000]);
    const input = { from, to, cents, order: `o${random.int(1, 6)}` };
    if (random.chance(0.4)) return { planner: "playbook", input, rounds: [] };
    const rounds = Array.from({ length: random.chance(0.25) ? 2 : 1 }, (_, round) =>
      Array.from({ length: random.int(1, steps) }, (_, i): Step => {
        const capability = random.pick([
          "money.transfer",
          "money.transfer",
          "money.settle",
          "money.settle",
          "callee.keyed",
          "callee.plain",
          "journal.note",
        ]);
        return {
          id: `r${round}s${i}`,
          capability,
          args: capability === "journal.note" ? { text: "noted" } : { ...input, cents: random.pick([10, 100, cents]) },
          after: i > 0 && random.chance(0.6) ? [`r${round}s${i - 1}`] : [],
        };
      }),
    );
    return { planner: "agent", input, rounds };
  }

  /** Opens a task as an app does: again and again with the same request until it is answered. */
  async open(task: string, shape: Shape): Promise<void> {
    const release = this.fixture[shape.planner];
    const salt = toBase64Url(this.#random.bytes(16));
    const commitment = commit(salt, shape.input);
    const command = async (delivered: boolean): Promise<SubmitCommand> => ({
      task,
      automation: release.compiled.bundle.automation,
      release: release.digest,
      region: REGION,
      input: { salt, value: shape.input },
      requestDigest: digestOf({ task, input: shape.input }),
      principal: { key: "key_app", role: "app", member: "cy", sod: "not-evaluable" },
      trigger: null,
      purpose: null,
      traceparent: null,
      ...shape.about,
      plan:
        shape.planner !== "playbook"
          ? null
          : { envelope: await this.#signedPlan(derived(task, release, shape, commitment)), disclosures: {} },
      delivery: delivered ? this.fixture.deliveryOf.get(release)! : null,
      waitMs: this.#random.pick([0, 0, 2_000]),
    });
    const opened = await this.#insist(task, "submit", async (delivered) => {
      const sent = await command(delivered);
      return (shard) => intake.submit(shard, sent);
    });
    if (opened === null || shape.planner === "playbook") return;
    for (const [i, steps] of shape.rounds.entries()) {
      await this.system.run.loop.sleep(this.#random.int(0, 20_000));
      const plan = planFor(task, release, commitment, "agent", steps, i + 1, i + 1 === shape.rounds.length);
      const digest = digestOf({ task, steps: steps as unknown as JsonObject[] });
      await this.#insist(task, "propose", async (delivered) => {
        const sent = {
          task,
          plan: { envelope: await this.#signedPlan(plan), disclosures: {} },
          requestKey: digestOf({ task, round: i }),
          requestDigest: digest,
          delivery: delivered ? this.fixture.deliveryOf.get(release)! : null,
          waitMs: 0,
        };
        return (shard) => intake.propose(shard, sent);
      });
    }
  }

  /** Asks until there is an answer that trying again would not change. */
  async #insist(
    task: string,
    what: string,
    request: (delivered: boolean) => Promise<(shard: Shard) => Promise<Result<{ view: TaskView }>>>,
  ): Promise<TaskView | null> {
    const app = outsider("app");
    const shard = parseTaskId(task)!.shard;
    let delivered = false;
    for (let attempt = 0; attempt < 6; attempt++) {
      const method = await request(delivered);
      const answer = await this.system.ask(app, what, shard, method).catch(() => null);
      if (answer?.ok === true) return this.#told(answer.value.view);
      if (answer !== null) {
        this.system.run.note(`${what} ${task}: ${answer.problem.code}`);
        if (answer.problem.code === "release-needed") delivered = true;
        else if (!["overloaded", "not-yet-valid", "not-found", "internal-error"].includes(answer.problem.code))
          return null;
      }
      await this.system.run.loop.sleep(this.#random.int(10, 10_000));
    }
    return null;
  }

  #told(view: TaskView): TaskView {
    this.answers.push({
      atMs: this.system.run.loop.nowMs,
      task: view.id,
      status: view.status,
      steps: view.steps.map(({ id, status }) => ({ id, status })),
    });
    return view;
  }

  /** Signed again with each try, by the key that is in use then. */
  #signedPlan(plan: Omit<Plan, "notBeforeMs" | "expiresMs">) {
    const late = !this.#isPrompt && this.#random.chance(0.03);
    const notBeforeMs = this.#nowMs - (late ? 11 * 60_000 : 1_000);
    return sign(proposalKeys[this.system.proposalKey]!, PAYLOAD_TYPES.plan, {
      ...plan,
      notBeforeMs,
      expiresMs: notBeforeMs + 9 * 60_000,
    });
  }

  /** Somebody who decides whatever waits, sooner or later, now and then twice, and sometimes after its time. */
  async review(person: Person, rounds: number, shards: readonly number[] = [...Array(SHARDS).keys()]): Promise<void> {
    const random = this.#random;
    const caller = outsider(person.member);
    for (let round = 0; round < rounds; round++) {
      await this.system.run.loop.sleep(random.int(1_000, 8 * 60_000));
      for (const shard of shards) {
        const waiting = await this.system
          .ask(caller, "reviews", shard, async (object) => reviewing.reviews(object))
          .catch((): ReviewView[] => []);
        for (const view of waiting) {
          if (random.chance(0.2)) continue;
          void this.decide(person, view, random.chance(0.8) ? "approve" : "reject", shard);
        }
      }
    }
  }

  /** Somebody who looks every few seconds until this task has a review, and approves it. */
  async approveWhenAsked(person: Person, task: string): Promise<void> {
    const shard = parseTaskId(task)!.shard;
    for (let look = 0; look < 40; look++) {
      await this.system.run.loop.sleep(5_000);
      const waiting = await this.system
        .ask(outsider(person.member), "reviews", shard, async (object) => reviewing.reviews(object))
        .catch((): ReviewView[] => []);
      const view = waiting.find((review) => review.task === task);
      if (view !== undefined) await this.decide(person, view, "approve", shard);
      else if (look > 3 && this.answers.length > 0) return;
    }
  }

  async decide(person: Person, view: ReviewView, decision: "approve" | "reject", shard: number): Promise<void> {
    const random = this.#random;
    const caller = outsider(person.member);
    // Some decide at once, some much later, some at the last moment or just behind it.
    const leftMs = Date.parse(view.expiresAt) - this.#nowMs;
    const lateMs = random.pick([0, 0, random.int(0, 12 * 60_000), leftMs + random.int(-100, 8_000)]);
    if (lateMs > 0 && !this.#isPrompt) await this.system.run.loop.sleep(lateMs);
    const envelope = await sign(person.key, PAYLOAD_TYPES.attestation, {
      version: 1,
      id: `att_${toBase32(random.bytes(16))}`,
      tenant: TENANT,
      task: view.task,
      step: view.step,
      review: view.id,
      subject: view.subject,
      decision,
      reason: decision === "reject" ? "not now" : null,
      atMs: this.#nowMs,
      expiresMs: this.#nowMs + (this.#isPrompt ? 30 * 60_000 : random.pick([60_000, 30 * 60_000])),
    });
    const again = !this.#isPrompt && random.chance(0.3) ? 3 : 1;
    for (let i = 0; i < again; i++) {
      const answer = await this.system
        .ask(caller, `decide ${decision}`, shard, (object) =>
          reviewing.decide(object, view.id, { envelope, chain: [...person.chain] }),
        )
        .catch(() => null);
      this.system.run.note(
        `decide ${view.id} ${decision}: ${answer === null ? "no answer" : answer.ok ? "ok" : answer.problem.code}`,
      );
    }
  }

  /** A call from somebody outside, asked again while there is no answer, a few times. */
  async asked<T>(who: string, what: string, shard: number, method: (object: Shard) => Promise<Result<T>>, times = 4) {
    for (let attempt = 0; attempt < times; attempt++) {
      if (attempt > 0) await this.system.run.loop.sleep(this.#random.int(100, 8_000));
      const answer = await this.system.ask(outsider(who), what, shard, method).catch(() => null);
      if (answer?.ok === false) this.system.run.note(`${what} by ${who}: ${answer.problem.code}`);
      if (answer !== null && (answer.ok || !["overloaded", "internal-error"].includes(answer.problem.code)))
        return answer;
    }
    return null;
  }

  /** What anybody sees of a task now. */
  async see(task: string): Promise<TaskView | null> {
    const view = await this.asked("app", "look", parseTaskId(task)!.shard, async (object) => {
      const found = object.find(task);
      return found.ok ? ok(await object.receiptedView(found.value)) : found;
    });
    return view?.ok === true ? this.#told(view.value) : null;
  }

  told(view: TaskView): void {
    this.#told(view);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  async cancel(task: string): Promise<void> {
    const shard = parseTaskId(task)!.shard;
    await this.system
      .ask(outsider("app"), "cancel", shard, async (object) => {
        const found = object.find(task);
        return found.ok ? object.onTask(found.value, (draft, deps) => cancelTask(draft, "key_app", deps)) : found;
      })
      .catch(() => null);
  }

  /** Stops something everywhere; where all shards answered, notes when the last one did. Perhaps lifts it later. */
  async stop(): Promise<void> {
    const random = this.#random;
    const [kind, target] = random.pick([
      ["capability", "money.transfer"],
      ["automation", "payments"],
      ["tenant", TENANT],
    ] as const);
    const stop = `stp_${toBase32(random.bytes(16))}`;
    const caller = outsider("operator");
    const answers = await Promise.all(
      this.system.shards.map((_, shard) =>
        this.system
          .ask(caller, "stop", shard, (object) =>
            stopping.stop(object, { kind, target, stop, by: "ops", reason: "test" }),
          )
          .catch(() => null),
      ),
    );
    for (const [shard, answer] of answers.entries())
      if (answer?.ok === true)
        this.stops.push({ stop: `${shard} ${stop}`, kind, target, atMs: this.system.run.loop.nowMs });
    if (random.chance(0.5)) return;
    await this.system.run.loop.sleep(random.int(1_000, 5 * 60_000));
    const envelope = await sign(rootKey, PAYLOAD_TYPES.restore, {
      version: 1,
      tenant: TENANT,
      kind,
      target,
      stop,
      atMs: this.#nowMs,
      expiresMs: this.#nowMs + 60 * 60_000,
    });
    for (const [shard] of answers.entries())
      await this.system
        .ask(caller, "restore", shard, (object) => stopping.restore(object, { envelope, chain: [] }))
        .catch(() => null);
  }

  /** The first proposal key is revoked in every shard. */
  async revoke(): Promise<void> {
    await Promise.all(
      this.system.shards.map((_, shard) =>
        this.system
          .ask(outsider("operator"), "revoke", shard, (object) =>
            stopping.revokeKey(object, { kid: proposalKid, by: "ops", reason: "test" }),
          )
          .catch(() => null),
      ),
    );
  }
}

function derived(task: string, release: TestRelease, { input }: Shape, commitment: string) {
  const { bundle, playbook } = release.compiled;
  const plan = derivePlan(
    playbook!,
    { automation: bundle.automation, input, region: REGION, purpose: "" },
    { openedByAgent: false },
  );
  if (!plan.ok) throw new Error(plan.problem.detail);
  return planFor(task, release, commitment, "playbook", plan.value, 1, true);
}

const planFor = (
  task: string,
  { compiled, digest }: TestRelease,
  input: string,
  planner: "playbook" | "agent",
  steps: readonly {
    id: string;
    capability: string;
    args: JsonObject;
    after?: readonly string[];
    when?: string | null;
  }[],
  round: number,
  last: boolean,
): Omit<Plan, "notBeforeMs" | "expiresMs"> => ({
  version: 1,
  tenant: TENANT,
  region: REGION,
  task,
  automation: compiled.bundle.automation,
  plan: planId(task, round),
  round,
  last,
  agent: { planner, id: planner === "agent" ? "key_agent" : "playbook", member: null },
  release: digest,
  input,
  steps: steps.map((step, index) => ({
    id: step.id,
    proposal: proposalId(task, round, index),
    capability: step.capability,
    contract: compiled.contractDigestByName.get(step.capability)!,
    args: step.args as Record<string, never>,
    after: [...(step.after ?? [])],
    when: step.when ?? null,
    premises: [],
    undo: undoTemplate(compiled.declarations.capabilities.get(step.capability)!.contract, compiled),
    claimedConfidence: null,
    rationale: null,
    predicted: null,
    advice: { answer: "allow", final: true, rules: [] },
  })),
});
