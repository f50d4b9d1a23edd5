/**
 * Regional executor: one object per tenant, region and shard, named `tenant/region/shard`. It holds the state of its tasks, checks everything
 * itself and applies their actions.
 *
 * Stored: journal (hash chain and outbox), tasks, timers, reviews, attestations, releases, promotions, stops, revoked keys (executors/storage.ts).
 * Ordered, always: delivered <= committed = head of the chain.
 *
 * E1  An effect is applied at most once per effect key; exactly once where the adapter is transactional.
 * E2  Nothing is applied whose envelope, release, policy, attestations, premises or contract did not hold in this object.
 * E3  State, chain event and outbox row are written in one transaction; the chain of an executor has no gap.
 * E4  After any crash the object reaches the same outcome from storage alone: recovery runs the code of the happy path.
 * E5  An ambiguous outcome is never retried blindly: transactional and idempotent adapters re-ask, others go to a person as `in_doubt`.
 * E6  A reversal, compensation or override is itself a proposal: signed, decided, attested, recorded; one undo per action.
 *
 * submit()   opened | duplicate (same task, same answer) | refused { idempotency-conflict, release-needed, stopped, overloaded, and all of admission }
 * propose()  admitted | duplicate | refused { not-found, round-closed, task-settled, and all of admission }
 * decide()   recorded | duplicate | refused { review-not-waiting, review-expired, attestation-mismatch, approver-is-requester, role-missing, and all of signatures }
 * stop()     set | already set, with what was claimed before; restore() lifted | refused without an admin's signature
 */
import { DurableObject } from "cloudflare:workers";
import { commit } from "../shared/commitments.ts";
import type { CompiledRelease } from "../shared/compiled-release.ts";
import { parseExecutorName, parseReviewId, parseTaskId } from "../shared/ids.ts";
import { toBase64Url } from "../shared/bytes.ts";
import type { JsonObject } from "../shared/json.ts";
import { Attestation, SignedAttestation } from "../shared/attestation.ts";
import { LIMITS } from "../shared/limits.ts";
import { openSignedByMember } from "../shared/members.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { ReleaseDelivery } from "../shared/release.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { ExecutorRpc, LedgerRpc, SignedPlan, StopAnswer, Submitted, TaskContext, Witness } from "../shared/rpc.ts";
import { signEnvelope, type Envelope } from "../shared/signing.ts";
import type { ReviewView, TaskEventView, TaskView } from "../shared/views.ts";
import { capabilities } from "./capabilities/index.ts";
import { parseCommand, ProposeCommand, RevokeCommand, SignedByMember, StopCommand, SubmitCommand } from "./commands.ts";
import { configOf, logKeysOf, tenantTrust, type ExecutorsConfig } from "./config.ts";
import { Effects } from "./effects.ts";
import { Journal, type Sealed } from "./journal.ts";
import { Outbox, type SeenCheckpoint } from "./outbox.ts";
import { dueTasks, nextTimer, spendTimers } from "./projections.ts";
import { Rounds } from "./rounds.ts";
import { migrate, readMeta, writeMeta } from "./storage.ts";
import { admitPlan, openPlan, type AdmitDeps } from "./task/admit.ts";
import { advance, canContinue } from "./task/advance.ts";
import { attest, cancelTask, openTask, proposePlan, timePassed, type AdmittedPlan } from "./task/decide.ts";
import { taskFacts } from "./task/act.ts";
import type { TaskDeps } from "./task/deps.ts";
import { recordsOf, recordViewsOf } from "./task/records.ts";
import { resultsOf, taskStatus, type TaskState } from "./task/state.ts";
import { receiptOf, reviewView, taskView } from "./task/view.ts";
import { Tasks } from "./tasks.ts";
import { Trusted, type ExecutorChange } from "./trusted.ts";
import { Wakeups } from "./wakeups.ts";
import type { CapabilityRegistry } from "./adapters/types.ts";
import { parseCheckpoint } from "../shared/tlog/checkpoint.ts";
import { parseNote } from "../shared/tlog/note.ts";

/** How long work that is under way may go without the alarm looking after it. */
const WATCH_MS = 5_000;
/** Tasks handled by one run of the alarm; the next run follows at once. */
const ALARM_TASKS = 100;
/** A checkpoint is written into the chain at most this often. */
const CHECKPOINT_EVERY_MS = 1_000;

export class RegionalExecutor extends DurableObject<Env> implements ExecutorRpc {
  readonly #name: string;
  readonly #tenant: string;
  readonly #region: string;
  readonly #shard: number;
  readonly #config: ExecutorsConfig;
  readonly #registry: CapabilityRegistry;
  readonly #sql: SqlStorage;
  readonly #journal: Journal;
  readonly #tasks: Tasks;
  readonly #trusted: Trusted;
  readonly #rounds: Rounds;
  readonly #effects: Effects;
  readonly #outbox: Outbox;
  readonly #wakeups = new Wakeups();
  /** Attestations of rounds that are being decided: the table knows the others. */
  readonly #burning = new Set<string>();
  #seen: SeenCheckpoint | null;
  #alarm: Problem | null;
  #alarmAtMs: number | null = null;
  #checkpointInChain = { note: "", atMs: 0, seq: 0 };

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const named = parseExecutorName(state.id.name ?? "");
    if (named === null) throw new Error("an executor is named tenant/region/shard");
    const config = configOf(env);
    if (!config.ok) throw new Error(config.problem.detail);
    const trust = tenantTrust(config.value, named.tenant);
    if (trust === null || !trust.regions.includes(named.region) || named.shard >= trust.shards)
      throw new Error("no such tenant, region or shard");
    this.#name = state.id.name!;
    ({ tenant: this.#tenant, region: this.#region, shard: this.#shard } = named);
    this.#config = config.value;
    this.#registry = capabilities(env);
    migrate(state.storage);
    this.#sql = state.storage.sql;
    this.#journal = new Journal(this.#sql);
    this.#tasks = new Tasks(this.#journal);
    this.#trusted = new Trusted(this.#sql, { tenant: this.#tenant, rootKey: trust.rootKey });
    this.#seen = seenCheckpoint(readMeta(this.#sql, "checkpoint"));
    this.#alarm = JSON.parse(readMeta(this.#sql, "alarm") ?? "null") as Problem | null;
    this.#rounds = new Rounds({
      executor: this.#name,
      storage: state.storage,
      journal: this.#journal,
      stateOf: (task) => this.#tasks.get(task),
      committed: (states, records) => this.#committed(states, records),
      failed: (tasks) => {
        this.#tasks.forget(tasks);
        this.#burning.clear();
      },
      nowMs: now,
      newSalt,
    });
    this.#effects = new Effects({
      rounds: this.#rounds,
      stateOf: (task) => this.#tasks.get(task),
      depsOf: (release, nowMs) => this.#depsOf(release, nowMs),
      nowMs: now,
    });
    this.#outbox = new Outbox({
      tenant: this.#tenant,
      executor: this.#name,
      journal: this.#journal,
      ledger: env.LEDGER as unknown as Pick<LedgerRpc, "append">,
      signer: this.#config.receiptSigner,
      logKeys: logKeysOf(this.#config, this.#tenant),
      seen: () => this.#seen,
      remember: (checkpoint) => this.#remember(checkpoint),
      alarm: (why) => this.#raise(why),
      delivered: () => this.#checkpointIntoChain(),
      nowMs: now,
      pause,
    });
    // Recovery is the happy path: what storage says is under way is started again (E4).
    queueMicrotask(() => void this.#resume());
  }

  async submit(input: unknown): Promise<Result<Submitted>> {
    const parsed = parseCommand(SubmitCommand, input);
    if (!parsed.ok) return parsed;
    const command = parsed.value;
    const misrouted = this.#misrouted(command.task, command.region);
    if (misrouted !== null) return err(misrouted);
    const existing = this.#tasks.get(command.task);
    if (existing !== null) return this.#again(existing, command.requestDigest, command.waitMs);
    const refusal = this.#takesNoTasks();
    if (refusal !== null) return err(refusal);
    const learned = await this.#learnIfDelivered(command.delivery);
    if (!learned.ok) return learned;
    const release = this.#trusted.inForce(command.automation, command.release, now());
    if (!release.ok) return release;
    const stopped = this.#stopOfTask(command.automation, command.release);
    if (stopped !== null) return err(stopped);
    const { bundle } = release.value;
    if ((command.plan === null) !== (bundle.planner === "agent") && command.principal.role !== "agent")
      return err(problem("plan-invalid", "A playbook's plan travels with the intent; an agent's comes later."));
    const checked = release.value.input.check(command.input.value as JsonObject);
    if (!checked.ok) return checked;
    const inputCommitment = commit(command.input.salt, command.input.value as JsonObject);
    const opening = { ...command, input: command.input as { salt: string; value: JsonObject }, inputCommitment };
    const task = {
      task: command.task,
      automation: command.automation,
      release: command.release,
      region: this.#region,
      input: command.input.value as JsonObject,
      inputCommitment,
      purpose: command.purpose,
      principal: command.principal,
      openedByAgent: command.principal.role === "agent",
      records: [],
    };
    const admitted =
      command.plan === null
        ? ok(null)
        : await this.#admit(command.plan as SignedPlan, command.requestDigest, task, release.value);
    if (!admitted.ok) return admitted;
    const opened = await this.#rounds.run<"opened" | "again">({
      task: command.task,
      decide: (draft, found, nowMs) => {
        if (found !== null) return ok("again");
        const deps = this.#depsOf(command.release, nowMs);
        if (!deps.ok) return deps;
        openTask(draft, opening, admitted.value, deps.value);
        return ok("opened");
      },
    });
    if (!opened.ok) return opened;
    if (opened.value === "again")
      return this.#again(this.#tasks.get(command.task)!, command.requestDigest, command.waitMs);
    return ok({ view: await this.#settledView(command.task, command.waitMs), duplicate: false });
  }

  async propose(input: unknown): Promise<Result<Submitted>> {
    const parsed = parseCommand(ProposeCommand, input);
    if (!parsed.ok) return parsed;
    const command = parsed.value;
    const state = this.#find(command.task);
    if (!state.ok) return state;
    if (state.value.roundByRequest.has(command.requestDigest))
      return ok({ view: await this.#settledView(command.task, command.waitMs), duplicate: true });
    const learned = await this.#learnIfDelivered(command.delivery);
    if (!learned.ok) return learned;
    const release = this.#trusted.held(state.value.release);
    if (!release.ok) return release;
    const task = {
      ...taskFacts(state.value),
      automation: state.value.automation,
      release: state.value.release,
      inputCommitment: state.value.input.commitment,
      openedByAgent: state.value.principal.role === "agent",
      records: recordViewsOf(state.value, release.value),
    };
    const admitted = await this.#admit(command.plan as SignedPlan, command.requestDigest, task, release.value);
    if (!admitted.ok) return admitted;
    const proposed = await this.#rounds.run<"admitted" | "duplicate">({
      task: command.task,
      decide: (draft, _found, nowMs) => {
        const deps = this.#depsOf(state.value.release, nowMs);
        return deps.ok ? proposePlan(draft, admitted.value, deps.value) : deps;
      },
    });
    if (!proposed.ok) return proposed;
    return ok({
      view: await this.#settledView(command.task, command.waitMs),
      duplicate: proposed.value === "duplicate",
    });
  }

  async context(task: string, requestDigest: string): Promise<Result<TaskContext>> {
    const found = this.#find(task);
    if (!found.ok) return found;
    const state = found.value;
    return ok({
      task: this.#view(state),
      input: state.input.value,
      inputCommitment: state.input.commitment,
      nextRound: state.roundByRequest.get(requestDigest) ?? state.round + 1,
      stepIds: [...state.steps.keys()],
      records: recordsOf(state),
      results: Object.fromEntries(Object.entries(resultsOf(state)).map(([step, { result }]) => [step, result])),
    });
  }

  async read(task: string): Promise<Result<TaskView>> {
    const found = this.#find(task);
    return found.ok ? ok(await this.#receiptedView(found.value)) : found;
  }

  async wait(task: string, waitMs: number): Promise<Result<TaskView>> {
    const found = this.#find(task);
    if (!found.ok) return found;
    await this.#settledView(task, Math.min(Math.max(0, waitMs), LIMITS.waitSeconds * 1_000));
    return this.read(task);
  }

  async events(
    task: string,
    after: number,
    waitMs: number,
  ): Promise<Result<{ events: readonly TaskEventView[]; settled: boolean }>> {
    const found = this.#find(task);
    if (!found.ok) return found;
    if (found.value.lastSeq <= after && found.value.settled === null)
      await this.#wakeups.next(task, Math.min(Math.max(0, waitMs), LIMITS.waitSeconds * 1_000));
    const state = this.#tasks.get(task)!;
    const events = [...this.#journal.recordsOf(task, after)].flatMap(({ record }) =>
      record.events.map((event) => ({
        seq: record.seq,
        at: new Date(record.atMs).toISOString(),
        event: event as { type: string } & JsonObject,
      })),
    );
    return ok({ events, settled: state.settled !== null });
  }

  async cancel(task: string, by: string): Promise<Result<TaskView>> {
    const found = this.#find(task);
    if (!found.ok) return found;
    const cancelled = await this.#onTask(found.value, (draft, deps) =>
      cancelTask(draft, String(by).slice(0, 100), deps),
    );
    return cancelled.ok ? this.read(task) : cancelled;
  }

  async reviews(): Promise<Result<readonly ReviewView[]>> {
    const rows = this.#sql
      .exec<{ task: string; step: string }>(
        "SELECT task, step FROM reviews ORDER BY expires_ms LIMIT ?",
        LIMITS.reviewsListed,
      )
      .toArray();
    return ok(
      rows.flatMap(({ task, step }) => {
        const state = this.#tasks.get(task);
        const found = state?.steps.get(step);
        return state === null || found?.review == null ? [] : [reviewView(state, found, found.review)];
      }),
    );
  }

  async review(id: string): Promise<Result<ReviewView>> {
    const found = this.#findReview(id);
    return found.ok ? ok(reviewView(found.value.state, found.value.step, found.value.step.review!)) : found;
  }

  async decide(id: string, input: unknown): Promise<Result<ReviewView>> {
    const parsed = parseCommand(SignedAttestation, input);
    if (!parsed.ok) return parsed;
    const found = this.#findReview(id);
    if (!found.ok) return found;
    const signed = parsed.value;
    const opened = await openSignedByMember(
      signed.envelope,
      signed.chain,
      Attestation,
      PAYLOAD_TYPES.attestation,
      this.#anchor(),
      now(),
      this.#trusted.revoked,
    );
    if (!opened.ok) return opened;
    const { payload, member } = opened.value;
    const { state, step } = found.value;
    if (payload.tenant !== this.#tenant || payload.task !== state.id || payload.review !== id)
      return err(problem("attestation-mismatch", "The signature is for another review."));
    if (now() + LIMITS.clockSkewMs < payload.atMs)
      return err(problem("not-yet-valid", "The signature is dated in the future."));
    if (now() >= payload.expiresMs) return err(problem("expired", "The signature has expired."));
    const decided = await this.#onTask(state, (draft, deps) => {
      const repeated =
        draft.state.steps.get(step.id)?.review?.approvals.some((approval) => approval.attestation === payload.id) ===
        true;
      if (!repeated && this.#isBurned(payload.id)) return err(problem("replayed", "This signature was used before."));
      const attested = attest(draft, step.id, payload, member, signed, deps);
      if (attested.ok && draft.events.length > 0) this.#burning.add(payload.id);
      return attested;
    });
    return decided.ok ? this.review(id) : decided;
  }

  async stop(input: unknown): Promise<Result<StopAnswer>> {
    const parsed = parseCommand(StopCommand, input);
    if (!parsed.ok) return parsed;
    const set = await this.#onExecutor((nowMs) => this.#trusted.stop(parsed.value, nowMs));
    return set.ok ? ok({ stop: set.value.stop, alreadyClaimed: this.#claimed(parsed.value) }) : set;
  }

  async restore(input: unknown): Promise<Result<{ stop: string }>> {
    const parsed = parseCommand(SignedByMember, input);
    if (!parsed.ok) return parsed;
    const checked = await this.#trusted.checkRestore(parsed.value, now());
    return checked.ok ? this.#onExecutor(() => this.#trusted.lift(checked.value, parsed.value)) : checked;
  }

  async revokeKey(input: unknown): Promise<Result<null>> {
    const parsed = parseCommand(RevokeCommand, input);
    return parsed.ok ? this.#onExecutor((nowMs) => ok(this.#trusted.revoke(parsed.value, nowMs))) : parsed;
  }

  async learn(input: unknown): Promise<Result<{ release: string; serial: number }>> {
    const parsed = parseCommand(ReleaseDelivery, input);
    if (!parsed.ok) return parsed;
    const checked = await this.#trusted.checkDelivery(parsed.value, now());
    return checked.ok ? this.#onExecutor(() => this.#trusted.learn(checked.value)) : checked;
  }

  async witness(): Promise<Result<Witness>> {
    const counts = this.#sql
      .exec<{ open: number; waiting: number }>(
        "SELECT (SELECT count(*) FROM tasks WHERE settled = 0) AS open, (SELECT count(*) FROM reviews) AS waiting",
      )
      .one();
    return ok({
      executor: this.#name,
      head: this.#journal.head,
      delivered: this.#journal.delivered,
      checkpoint: this.#seen?.note ?? null,
      alarms:
        this.#alarm === null
          ? []
          : [{ code: this.#alarm.code, detail: this.#alarm.detail, at: readMeta(this.#sql, "alarm-at") ?? "" }],
      tasks: { open: counts.open, waiting: counts.waiting },
      stops: this.#trusted.stops.map(({ kind, target, stop, by, reason, at_ms }) => ({
        kind,
        target,
        stop,
        by,
        reason,
        at: new Date(at_ms).toISOString(),
      })),
    });
  }

  /** Sets the next alarm first, handles each task by itself, never throws. */
  override async alarm(): Promise<void> {
    this.#alarmAtMs = null;
    await this.ctx.storage.setAlarm(now() + WATCH_MS);
    this.#alarmAtMs = now() + WATCH_MS;
    const nowMs = now();
    for (const task of dueTasks(this.#sql, nowMs, ALARM_TASKS)) {
      try {
        const state = this.#tasks.get(task);
        if (state !== null) await this.#onTask(state, (draft, deps) => (timePassed(draft, deps), ok(null)));
        spendTimers(this.#sql, task, nowMs);
      } catch (error) {
        console.error("a timer failed", { task, message: error instanceof Error ? error.message : "unknown" });
      }
    }
    await this.#outbox.nudge().catch(() => {});
    await this.#resume();
    this.#setAlarm();
  }

  /** Starts again what storage says is under way. */
  async #resume(): Promise<void> {
    let after = "";
    for (;;) {
      const rows = this.#sql
        .exec<{ id: string }>("SELECT id FROM tasks WHERE settled = 0 AND id > ? ORDER BY id LIMIT 100", after)
        .toArray();
      for (const { id } of rows) {
        const state = this.#tasks.get(id);
        if (state !== null) this.#goOn(state);
      }
      if (rows.length < 100) break;
      after = rows.at(-1)!.id;
      await pause(0);
    }
    void this.#outbox.nudge().catch(() => {});
    this.#setAlarm();
  }

  #committed(states: ReadonlyMap<string, TaskState>, records: readonly Sealed[]): void {
    this.#burning.clear();
    for (const state of states.values()) this.#tasks.put(state);
    for (const state of states.values()) this.#goOn(state);
    for (const task of states.keys()) this.#wakeups.wake(task);
    if (records.length > 0) {
      this.#setAlarm();
      void this.#outbox.nudge().catch(() => {});
    }
  }

  /** What a task needs next: I/O, or another round now that its last one is durable. */
  #goOn(state: TaskState): void {
    if (state.settled !== null) return;
    this.#effects.start(state);
    const deps = this.#depsOf(state.release, now());
    if (deps.ok && canContinue(state, deps.value))
      void this.#onTask(state, (draft, current) => (advance(draft, current), ok(null))).catch(() => {});
  }

  #onTask<T>(
    state: TaskState,
    decide: (draft: Parameters<typeof advance>[0], deps: TaskDeps) => Result<T>,
  ): Promise<Result<T>> {
    return this.#rounds.run<T>({
      task: state.id,
      decide: (draft, _found, nowMs) => {
        const deps = this.#depsOf(state.release, nowMs);
        return deps.ok ? decide(draft, deps.value) : deps;
      },
    });
  }

  #onExecutor<T>(decide: (nowMs: number) => Result<ExecutorChange<T>>): Promise<Result<T>> {
    return this.#rounds.run<T>({ task: null, decide });
  }

  #depsOf(release: string, nowMs: number): Result<TaskDeps> {
    const held = this.#trusted.held(release);
    if (!held.ok) return held;
    return ok({
      tenant: this.#tenant,
      region: this.#region,
      executor: this.#name,
      release: held.value,
      registry: this.#registry,
      nowMs,
      stoppedBy: (kind, target) => this.#trusted.stoppedBy(kind, target),
    });
  }

  async #admit(
    signed: SignedPlan,
    requestDigest: string,
    task: Parameters<typeof admitPlan>[3],
    release: CompiledRelease,
  ): Promise<Result<AdmittedPlan>> {
    const revoked = this.#trusted.revoked;
    const deps: AdmitDeps = {
      tenant: this.#tenant,
      region: this.#region,
      registry: this.#registry,
      proposalKeys:
        revoked.size === 0
          ? this.#config.proposalKeys
          : new Map([...this.#config.proposalKeys].filter(([kid]) => !revoked.has(kid))),
      nowMs: now(),
      stoppedBy: (kind, target) => this.#trusted.stoppedBy(kind, target),
    };
    const plan = await openPlan(signed, deps);
    return plan.ok ? admitPlan(plan.value, signed, requestDigest, task, release, deps) : plan;
  }

  async #learnIfDelivered(delivery: ReleaseDelivery | null): Promise<Result<unknown>> {
    return delivery === null ? ok(null) : this.learn(delivery);
  }

  /** The same request again: the same task. The same id with another request: a conflict. */
  async #again(state: TaskState, requestDigest: string, waitMs: number): Promise<Result<Submitted>> {
    if (state.requestDigest !== requestDigest)
      return err(problem("idempotency-conflict", "This idempotency key was used with another request."));
    return ok({ view: await this.#settledView(state.id, waitMs), duplicate: true });
  }

  /** The task once it has settled or waits for its agent's next plan, or as it is when the time is over. */
  async #settledView(task: string, waitMs: number): Promise<TaskView> {
    const until = now() + waitMs;
    for (;;) {
      const state = this.#tasks.get(task)!;
      const left = until - now();
      if (state.settled !== null || left <= 0 || (state.round > 0 && taskStatus(state) === "planning"))
        return this.#view(state);
      await this.#wakeups.next(task, left);
    }
  }

  #view(state: TaskState): TaskView {
    return taskView(state, this.#name, this.#journal.delivered, new Map());
  }

  async #receiptedView(state: TaskState): Promise<TaskView> {
    const receipts = new Map<string, Envelope>();
    for (const step of state.steps.values()) {
      const delivery = this.#registry.get(step.capability)?.contract.delivery;
      const receipt = delivery === undefined ? null : receiptOf(state, step, this.#tenant, this.#name, delivery);
      if (receipt === null) continue;
      receipts.set(
        step.id,
        await signEnvelope({
          payloadType: PAYLOAD_TYPES.receipt,
          payload: receipt,
          signers: [await this.#config.receiptSigner()],
        }),
      );
    }
    return taskView(state, this.#name, this.#journal.delivered, receipts);
  }

  #find(task: string): Result<TaskState> {
    const misrouted = this.#misrouted(task, this.#region);
    const state = misrouted === null ? this.#tasks.get(task) : null;
    return state === null ? err(problem("not-found", "There is no such task.")) : ok(state);
  }

  #findReview(id: string): Result<{ state: TaskState; step: NonNullable<ReturnType<TaskState["steps"]["get"]>> }> {
    const route = parseReviewId(id);
    const found = route === null ? null : this.#find(route.task);
    if (found?.ok === true)
      for (const step of found.value.steps.values())
        if (step.review?.id === id) return ok({ state: found.value, step });
    return err(problem("not-found", "There is no such review."));
  }

  #misrouted(task: string, region: string): Problem | null {
    const route = parseTaskId(task);
    return route !== null && route.region === this.#region && route.shard === this.#shard && region === this.#region
      ? null
      : problem("audience-mismatch", "This task belongs to another executor.");
  }

  /** Why no new task is taken: the record is in doubt, or it has fallen too far behind. Those in flight finish. */
  #takesNoTasks(): Problem | null {
    if (this.#alarm !== null) return this.#alarm;
    if (this.#journal.undelivered > LIMITS.outboxRows)
      return problem("overloaded", "The ledger has not taken this executor's records for too long.", {
        undelivered: this.#journal.undelivered,
      });
    if (this.#rounds.waiting > LIMITS.roundQueue)
      return problem("overloaded", "Too many requests wait for this executor.", { waiting: this.#rounds.waiting });
    return null;
  }

  #stopOfTask(automation: string, release: string): Problem | null {
    const stop = this.#trusted.stoppedBy("tenant", this.#tenant) ?? this.#trusted.stoppedBy("automation", automation);
    if (stop !== null) return problem("stopped", `Stopped by ${stop}.`, { stop });
    return this.#trusted.stoppedBy("release", release) === null
      ? null
      : problem("release-revoked", "The release is stopped.");
  }

  /** Steps whose claim was committed before the stop: they end as they end. */
  #claimed(stop: { kind: string; target: string }): StopAnswer["alreadyClaimed"] {
    const open = this.#sql
      .exec<{ id: string }>("SELECT id FROM tasks WHERE settled = 0 LIMIT ?", LIMITS.stopListed)
      .toArray();
    return open.flatMap(({ id }) => {
      const state = this.#tasks.get(id);
      if (state === null) return [];
      return [...state.steps.values()]
        .filter((step) => step.phase.at === "applying" || step.phase.at === "in_doubt")
        .filter((step) =>
          [
            `tenant:${this.#tenant}`,
            `automation:${state.automation}`,
            `release:${state.release}`,
            `agent:${step.agent}`,
            `capability:${step.capability}`,
          ].includes(`${stop.kind}:${stop.target}`),
        )
        .map((step) => ({ task: id, step: step.id, capability: step.capability }));
    });
  }

  #anchor() {
    return { tenant: this.#tenant, rootKey: tenantTrust(this.#config, this.#tenant)!.rootKey };
  }

  #isBurned(attestation: string): boolean {
    return (
      this.#burning.has(attestation) ||
      this.#sql.exec("SELECT 1 FROM attestations WHERE id = ?", attestation).toArray().length > 0
    );
  }

  #remember(checkpoint: SeenCheckpoint): void {
    writeMeta(this.#sql, "checkpoint", checkpoint.note);
    this.#seen = checkpoint;
  }

  /** The newest checkpoint goes into the chain once tasks have been recorded since the last one that did. */
  #checkpointIntoChain(): void {
    const seen = this.#seen;
    const due =
      now() - this.#checkpointInChain.atMs >= CHECKPOINT_EVERY_MS &&
      this.#journal.head.seq > this.#checkpointInChain.seq;
    if (seen === null || !due || seen.note === this.#checkpointInChain.note) return;
    this.#checkpointInChain = { note: seen.note, atMs: now(), seq: this.#journal.head.seq + 1 };
    void this.#onExecutor(() =>
      ok({ value: null, events: [{ type: "checkpoint-seen", note: seen.note }], write: () => {} }),
    ).catch(() => {});
  }

  /** O3: an executor that saw the ledger contradict itself takes no new tasks until people decide. */
  #raise(why: Problem): void {
    if (this.#alarm !== null) return;
    this.#alarm = why;
    writeMeta(this.#sql, "alarm", JSON.stringify(why));
    writeMeta(this.#sql, "alarm-at", new Date(now()).toISOString());
    console.error("alarm", { executor: this.#name, code: why.code });
    void this.#onExecutor(() =>
      ok({ value: null, events: [{ type: "alarm-raised", code: why.code, detail: why.detail }], write: () => {} }),
    ).catch(() => {});
  }

  /** The alarm is the earliest of: the next timer, the next delivery, the next look at what is under way. */
  #setAlarm(): void {
    const wanted = [nextTimer(this.#sql)];
    if (this.#journal.undelivered > 0) wanted.push(now() + Math.max(1_000, this.#outbox.backoffMs));
    if (this.#effects.running > 0) wanted.push(now() + WATCH_MS);
    const at = Math.min(...wanted.filter((ms): ms is number => ms !== null));
    if (!Number.isFinite(at) || (this.#alarmAtMs !== null && this.#alarmAtMs <= at && this.#alarmAtMs > now())) return;
    this.#alarmAtMs = at;
    void this.ctx.storage.setAlarm(Math.max(at, now()));
  }
}

const now = (): number => Date.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** 16 random bytes, base64url. */
const newSalt = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(16)));

function seenCheckpoint(note: string | null): SeenCheckpoint | null {
  const parsed = note === null ? null : parseNote(note);
  const checkpoint = parsed?.ok === true ? parseCheckpoint(parsed.value.text) : null;
  return note !== null && checkpoint?.ok === true
    ? { size: checkpoint.value.size, root: checkpoint.value.root, note }
    : null;
}
