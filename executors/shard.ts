/**
 * The inside of one executor object: its storage, its rounds, its effects and its outbox, wired together. The calls from outside
 * (intake, people, stops) work on it; it knows none of them.
 */
import type { CompiledRelease } from "../shared/compiled-release.ts";
import type { ExecutorEvent } from "../shared/events.ts";
import { parseExecutorName, parseTaskId } from "../shared/ids.ts";
import { toBase64Url } from "../shared/bytes.ts";
import { LIMITS } from "../shared/limits.ts";
import type { TenantAnchor } from "../shared/members.ts";
import { pauseOn, type ObjectStorage, type Platform } from "../shared/platform.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { drawOf } from "../shared/sampling.ts";
import type { StuckTask } from "../shared/rpc.ts";
import type { LedgerRpc } from "../shared/rpc/ledger.ts";
import type { TaskView } from "../shared/views.ts";
import { ResidentRecords } from "./adapters/resident-records.ts";
import type { CapabilityRegistry } from "./adapters/types.ts";
import { logKeysOf, tenantTrust, type ExecutorsConfig } from "./config.ts";
import type { Subscription } from "./correlation-book.ts";
import { Effects } from "./effects.ts";
import { Journal, type Sealed } from "./journal.ts";
import { GUARDS } from "./guards/index.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { Outbox } from "./outbox.ts";
import { earliestTimer } from "./projections.ts";
import { Quarantine } from "./quarantine.ts";
import { Receipts } from "./receipts.ts";
import type { GateRpc } from "./gate/types.ts";
import type { LimitRpc } from "./limits/limit.ts";
import { PermitOffice } from "./permits/permits.ts";
import { type Gathering, Rounds } from "./rounds.ts";
import { migrate, proveCurrent } from "./storage.ts";
import { advance, canContinue } from "./task/advance.ts";
import type { TaskDeps } from "./task/deps.ts";
import type { Draft } from "./task/draft.ts";
import { isQuiet, isTerminal, needsPerson, taskStatus, undoOf, type TaskState } from "./task/state.ts";
import { Stuck } from "./stuck.ts";
import { taskView } from "./task/view.ts";
import { Tasks } from "./tasks.ts";
import { Tellings } from "./tellings.ts";
import { Timekeeper } from "./timekeeper.ts";
import { finishErasures, type Traces } from "./privacy/erasing.ts";
import { Vault } from "./privacy/vault.ts";
import { Trusted, type ExecutorChange } from "./trusted.ts";
import { Wakeups } from "./wakeups.ts";

/** What one executor object is made of. */
export type ShardParts = {
  /** `tenant/region/shard` */
  readonly name: string;
  readonly platform: Platform;
  readonly storage: ObjectStorage;
  readonly config: ExecutorsConfig;
  readonly registry: CapabilityRegistry;
  readonly ledger: Pick<LedgerRpc, "append" | "chain">;
  /** The gate of a capability in this region, by the object's name. */
  readonly gateOf: (name: string) => GateRpc;
  /** The counter of an aggregate limit and group, by the object's name. */
  readonly limitOf: (name: string) => LimitRpc;
  /** Removes what tasks of an erased subject left outside the object. False: not everywhere, ask again. Absent: nothing is outside. */
  readonly removeTraces?: (traces: Traces) => Promise<boolean>;
  /** Says where an event is awaited, in the correlation object of a key. Absent: no event comes. */
  readonly subscribe?: (key: string, subscription: Subscription) => Promise<Result<null>>;
  /** When a commit round waits for more work. Absent: from LIMITS.roundGather on, for a turn of a timer. */
  readonly gathering?: Gathering;
};

const noEvents = (): Promise<Result<null>> => Promise.resolve(ok(null));

export class Shard {
  readonly platform: Platform;
  readonly nowMs: () => number;
  readonly name: string;
  readonly tenant: string;
  readonly region: string;
  readonly number: number;
  readonly anchor: TenantAnchor;
  readonly config: ExecutorsConfig;
  readonly registry: CapabilityRegistry;
  readonly ledger: Pick<LedgerRpc, "chain">;
  readonly sql: SqlStorage;
  /** A change of tables that no record speaks of. */
  readonly transaction: (run: (sql: SqlStorage) => void) => void;
  /** Resolves when this instance is proved to be the one that may write. */
  readonly proveCurrent: () => Promise<void>;
  readonly removeTraces: (traces: Traces) => Promise<boolean>;
  readonly quarantine: Quarantine;
  readonly vault: Vault;
  readonly journal: Journal;
  readonly tasks: Tasks;
  readonly trusted: Trusted;
  readonly watch: LedgerWatch;
  readonly timekeeper: Timekeeper;
  readonly rounds: Rounds;
  #admitting = 0;
  readonly #permits: PermitOffice;
  readonly #effects: Effects;
  readonly #outbox: Outbox;
  readonly #wakeups: Wakeups;
  readonly #stuck: Stuck;
  readonly #receipts: Receipts;
  readonly #tellings: Tellings;
  /** A round could not be written: what it was to start is found again in storage. */
  #interrupted = false;
  /** Attestations of the round that is being decided: the table knows the others. */
  readonly #burning = new Set<string>();

  /** Throws where the object's name is none of the tenants, regions and shards of the trust configuration: such an object must not exist. */
  constructor({
    name,
    platform,
    storage,
    config,
    registry,
    ledger,
    gateOf,
    limitOf,
    subscribe = noEvents,
    removeTraces = () => Promise.resolve(true),
    gathering = { from: LIMITS.roundGather, turn: () => pauseOn(platform)(0) },
  }: ShardParts) {
    const named = parseExecutorName(name);
    if (named === null) throw new Error("an executor is named tenant/region/shard");
    const trust = tenantTrust(config, named.tenant);
    if (trust === null || !trust.regions.includes(named.region) || named.shard >= trust.shards)
      throw new Error("no such tenant, region or shard");
    this.platform = platform;
    this.nowMs = platform.nowMs;
    this.name = name;
    ({ tenant: this.tenant, region: this.region, shard: this.number } = named);
    this.anchor = { tenant: this.tenant, rootKey: trust.rootKey };
    this.config = config;
    migrate(storage);
    this.sql = storage.sql;
    this.ledger = ledger;
    this.transaction = (run) => storage.transactionSync(() => run(storage.sql));
    this.proveCurrent = () => proveCurrent(storage);
    this.removeTraces = removeTraces;
    this.quarantine = new Quarantine(this.sql, platform);
    this.registry = this.quarantine.around(registry);
    this.#wakeups = new Wakeups(platform);
    this.#stuck = new Stuck(platform);
    this.vault = new Vault(this.sql, platform);
    this.journal = new Journal(this.sql, (text, place) => this.vault.open(text, place));
    this.tasks = new Tasks(this.journal);
    this.trusted = new Trusted(this.sql, this.anchor);
    this.watch = new LedgerWatch(this.sql, this.journal, platform, (event) => this.#record(event));
    this.rounds = new Rounds({
      executor: this.name,
      gathering,
      storage,
      journal: this.journal,
      records: new ResidentRecords(this.sql, this.number, trust.shards),
      stateOf: (task) => this.tasks.get(task),
      // Not after the sync: a crash in between would leave work in storage that nothing wakes the object for (E4).
      written: (records) => this.timekeeper.set(earliestTimer(records)),
      committed: (states, records) => this.#committed(states, records),
      failed: (tasks) => {
        this.tasks.forget(tasks);
        this.trusted.reload();
        this.vault.reload();
        this.#interrupted = true;
        this.#burning.clear();
      },
      platform,
      vault: this.vault,
      // 16 random bytes
      newSalt: () => toBase64Url(platform.randomBytes(16)),
    });
    this.#permits = new PermitOffice({
      tenant: this.tenant,
      platform,
      storage,
      stateOf: (task) => this.tasks.get(task),
      gateOf: (capability) => gateOf(`${this.tenant}/${this.region}/${capability}`),
      limitOf,
    });
    this.#effects = new Effects({
      permits: this.#permits,
      rounds: this.rounds,
      stateOf: (task) => this.tasks.get(task),
      depsOf: (release, nowMs) => this.depsOf(release, nowMs),
      platform,
      subscribe,
      executor: this.name,
    });
    this.#tellings = new Tellings({
      sql: this.sql,
      registry: this.registry,
      stateOf: (task) => this.readable(task),
      isWriting: (task) => this.rounds.isWriting(task),
      depsOf: (release, nowMs) => this.depsOf(release, nowMs),
      platform,
    });
    this.#outbox = new Outbox({
      tenant: this.tenant,
      executor: this.name,
      journal: this.journal,
      ledger,
      signer: this.config.receiptSigner,
      logKeys: () => logKeysOf(this.config, this.tenant, this.trusted.revoked),
      seen: () => this.watch.seen,
      remember: (checkpoint) => this.watch.remember(checkpoint),
      alarm: (why) => this.watch.raise(why, this.nowMs()),
      mayRefill: () => this.watch.mayRefill,
      delivered: () => {
        this.watch.intoChain(this.nowMs());
        if (this.journal.undelivered === 0) this.watch.refilled();
      },
      nowMs: this.nowMs,
      pause: pauseOn(platform),
    });
    this.#receipts = new Receipts(this.tenant, this.name, this.registry, this.config.receiptSigner);
    this.timekeeper = new Timekeeper(storage, {
      undelivered: () => this.journal.undelivered,
      backoffMs: () => this.#outbox.backoffMs,
      effectsRunning: () => this.#effects.running + this.#permits.reservations.open + this.#tellings.open,
      onTask: (task, decide) => {
        const found = this.tasks.get(task);
        return found === null ? Promise.resolve(ok(null)) : this.onTask(found, decide);
      },
      platform,
    });
    // Recovery is the happy path: what storage says is under way is started again (E4).
    queueMicrotask(() => void this.#resume());
  }

  /** What deciding about a task of this release needs. Errors: release-needed. */
  depsOf(release: string, nowMs: number): Result<TaskDeps> {
    const held = this.trusted.held(release);
    return held.ok ? ok(this.#deps(held.value, nowMs)) : held;
  }

  #deps(release: CompiledRelease, nowMs: number): TaskDeps {
    return {
      tenant: this.tenant,
      region: this.region,
      executor: this.name,
      release,
      registry: this.registry,
      nowMs,
      isBehind: this.watch.isBehind,
      drawOf: (action, digest) => drawOf(this.config.samplingKey, action, digest),
      stoppedBy: (kind, target) => this.trusted.claimsStoppedBy(kind, target),
      isErased: (keys) => this.vault.isErased(keys),
      consentOf: (keys, purpose) => this.vault.consentOf(keys, purpose),
    };
  }

  /** Decides something about a task in the next round. Resolves once that is durable. */
  onTask<T>(state: TaskState, decide: (draft: Draft, deps: TaskDeps) => Result<T>): Promise<Result<T>> {
    return this.rounds.run<T>({
      task: state.id,
      decide: (draft, _found, nowMs) => {
        const deps = this.depsOf(state.release, nowMs);
        return deps.ok ? decide(draft, deps.value) : deps;
      },
    });
  }

  /** Decides something about the executor itself in the next round. */
  onExecutor<T>(decide: (nowMs: number) => Result<ExecutorChange<T>>): Promise<Result<T>> {
    return this.rounds.run<T>({ task: null, decide });
  }

  /** A task of this object. Errors: not-found, also for ids of other objects; record-unreadable. */
  find(task: string): Result<TaskState> {
    const state = this.misrouted(task) === null ? this.load(task) : ok(null);
    if (!state.ok) return state;
    return state.value === null ? err(problem("not-found", "There is no such task.")) : ok(state.value);
  }

  /** A task's state, null where there is none. Errors: record-unreadable, and the witness names the task from then on. */
  load(task: string): Result<TaskState | null> {
    try {
      const state = this.tasks.get(task);
      this.#stuck.release(task, "record-unreadable");
      return ok(state);
    } catch (error) {
      this.#stuck.note(task, "record-unreadable", error);
      return err(problem("record-unreadable", "What is stored of this task cannot be read; an operator has to look."));
    }
  }

  /** Tasks that only an operator can help. */
  get stuck(): readonly StuckTask[] {
    return this.#stuck.list;
  }

  /** The problem of an id that belongs to another region or shard; null for one of this object's. */
  misrouted(task: string): Problem | null {
    const route = parseTaskId(task);
    return GUARDS["task-routed-here"](route, this.region, this.number)
      ? null
      : problem("audience-mismatch", "This task belongs to another executor.");
  }

  /** Why no new task is taken: the record is in doubt, or too much waits. Tasks in flight finish. */
  takesNoTasks(): Problem | null {
    if (this.watch.alarm !== null) return this.watch.alarm.problem;
    const { undelivered } = this.journal;
    if (undelivered > LIMITS.outboxRows)
      return problem("overloaded", "The ledger has not taken this executor's records for too long.", { undelivered });
    const { waiting, delayMs } = this.rounds;
    if (waiting > LIMITS.roundQueue || this.#admitting >= LIMITS.admissions)
      return problem("overloaded", "Too many requests wait for this executor.", { waiting });
    if (delayMs > LIMITS.roundDelayMs)
      return problem("overloaded", "Requests wait too long for this executor.", { delayMs });
    return null;
  }

  /** Counts an admission while it is under way, its wait for the task to settle not included. */
  async admitting<T>(admit: () => Promise<T>): Promise<T> {
    this.#admitting++;
    try {
      return await admit();
    } finally {
      this.#admitting--;
    }
  }

  /** Whether an attestation was used before, in an earlier round or in the one that is being decided (E2). */
  isBurned(attestation: string): boolean {
    return (
      this.#burning.has(attestation) ||
      this.sql.exec("SELECT 1 FROM attestations WHERE id = ?", attestation).toArray().length > 0
    );
  }

  burn(attestation: string): void {
    this.#burning.add(attestation);
  }

  view(state: TaskState): TaskView {
    return taskView(state, this.name, this.journal.delivered, new Map());
  }

  /** The task with a signed receipt for each applied step. */
  async receiptedView(state: TaskState): Promise<TaskView> {
    return taskView(state, this.name, this.journal.delivered, await this.#receipts.of(state));
  }

  /**
   * The task once it has settled or waits for its agent's next plan, or as it is when the time is over. With `orPerson` also once nothing
   * but a person's decision moves it: who has just asked for something is better told at once.
   */
  async settledView(task: string, waitMs: number, orPerson = false, orIdle = true): Promise<TaskView> {
    const until = this.nowMs() + boundedWait(waitMs);
    const rests = (): boolean => {
      const state = this.tasks.get(task)!;
      const idle = orIdle && state.round > 0 && taskStatus(state) === "planning";
      return state.settled !== null || idle || (orPerson && needsPerson(state));
    };
    for (;;) {
      const left = until - this.nowMs();
      if (rests() || left <= 0) return this.view(this.tasks.get(task)!);
      await this.#wakeups.until(task, left, rests);
    }
  }

  /** Resolves once the newest undo of a step has ended or waits for a person, or when the time is over. */
  async undone(task: string, step: string, waitMs: number): Promise<void> {
    const until = this.nowMs() + boundedWait(waitMs);
    for (;;) {
      const undo = undoOf(this.tasks.get(task)!, step);
      const left = until - this.nowMs();
      if (undo === null || isTerminal(undo.phase) || undo.phase.at === "awaiting_review" || left <= 0) return;
      await this.#wakeups.next(task, left);
    }
  }

  /** Resolves at the next commit of a task, or when the time is over. */
  nextChange(task: string, waitMs: number): Promise<void> {
    return this.#wakeups.next(task, boundedWait(waitMs));
  }

  /** The alarm: what is due happens, what was interrupted starts again, what is not delivered goes out. */
  async tend(): Promise<void> {
    for (const task of await this.timekeeper.fired()) this.#goOn(task);
    if (this.#interrupted) await this.#resume();
    this.#sweep();
    this.#deliver();
    await this.timekeeper.rearm();
  }

  /** Starts again what storage says is under way, and delivers what the ledger does not have. */
  async #resume(): Promise<void> {
    this.#interrupted = false;
    let after = "";
    for (;;) {
      const rows = this.sql
        .exec<{ id: string }>("SELECT id FROM tasks WHERE id > ? ORDER BY id LIMIT 100", after)
        .toArray();
      for (const { id } of rows) this.#goOn(id);
      if (rows.length < 100) break;
      after = rows.at(-1)!.id;
      await pauseOn(this.platform)(0);
    }
    this.#sweep();
    this.#deliver();
    this.timekeeper.set();
  }

  #committed(states: ReadonlyMap<string, TaskState>, records: readonly Sealed[]): void {
    this.#burning.clear();
    this.#tellings.committed(records);
    // What an erasure of the same round took away must not stay in memory.
    let hasEnded = false;
    for (const state of states.values())
      if (this.vault.isErased(state.subjects)) {
        this.tasks.forget([state.id]);
        hasEnded ||= isQuiet(state);
      } else this.tasks.put(state);
    // What was under way when its subject was erased has ended: what it left elsewhere goes now.
    if (hasEnded) void finishErasures(this).catch(() => {});
    for (const { task, events } of records)
      for (const event of events)
        if (event.type === "step-claimed" && task !== null) this.#effects.claimed(task, event.step);
    for (const task of states.keys()) this.#goOn(task);
    for (const task of states.keys()) this.#wakeups.wake(task);
    this.#sweep();
    if (records.length === 0) return;
    this.timekeeper.set(earliestTimer(records));
    this.#deliver();
  }

  /** A task for a list of many: one that cannot be read is left out, so that it hides none of the others. */
  readable(task: string): TaskState | null {
    const state = this.load(task);
    return state.ok ? state.value : null;
  }

  /** A task that cannot be gone on with, such as one whose capability is not deployed any more, holds up no other and no round. */
  #goOn(task: string): void {
    const state = this.readable(task);
    if (state === null || isQuiet(state)) return;
    try {
      this.#nextOf(state);
      this.#stuck.release(task, "cannot-go-on");
    } catch (error) {
      this.#stuck.note(task, "cannot-go-on", error);
    }
  }

  /** What a task needs next: I/O, or another round now that its last one is durable. */
  #nextOf(state: TaskState): void {
    this.#effects.start(state);
    const deps = this.depsOf(state.release, this.nowMs());
    if (!deps.ok || !canContinue(state, deps.value)) return;
    // A round that cannot be written is not lost: the alarm resumes the task from storage.
    void this.onTask(state, (draft, current) => ok(advance(draft, current))).catch(() => {});
  }

  /**
   * Writes the object's tables anew, between rounds and in one transaction, and goes on from what stands there. Nothing in memory outlives it.
   */
  async rewrite<T>(run: (sql: SqlStorage) => T): Promise<T> {
    let value: T;
    await this.rounds.between(() => {
      try {
        this.transaction((sql) => (value = run(sql)));
      } finally {
        this.journal.reload();
        this.tasks.forgetAll();
        this.trusted.reload();
        this.vault.reload();
        this.watch.reload();
        this.#burning.clear();
        this.#tellings.ask();
      }
    });
    await this.#resume();
    return value!;
  }

  /** Tells limits and holders of domain keys how actions ended. */
  #sweep(): void {
    void this.#permits.reservations.sweep();
    void this.#tellings.sweep();
  }

  /** Resolves once what a person's word means for others was told, or could not be: then it is told later. */
  told(): Promise<void> {
    return this.#tellings.sweep();
  }

  /** Resolves once the ledger has everything, or the time is over. */
  delivered(waitMs: number): Promise<unknown> {
    return Promise.race([this.#outbox.nudge().catch(() => {}), pauseOn(this.platform)(waitMs)]);
  }

  #deliver(): void {
    // The outbox keeps what it could not deliver; its trouble is visible in the witness and the alarm tries again.
    void this.#outbox.nudge().catch(() => {});
  }

  #record(event: ExecutorEvent): void {
    void this.onExecutor(() => ok({ value: null, events: [event], write: () => {} })).catch(() => {});
  }
}

/** What comes over RPC as a time to wait: none where it is no number, or a wait would never be over. */
const boundedWait = (waitMs: number): number => Math.min(Math.max(0, Number(waitMs) || 0), LIMITS.waitSeconds * 1_000);
