/**
 * Regional executor: one object per tenant, region and shard, named `tenant/region/shard`. It holds the state of its tasks, checks everything
 * itself and applies their actions. This class is the door; behind it stand intake, reviewing, stopping and the shard itself.
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
 */
import { DurableObject } from "cloudflare:workers";
import type { JsonObject } from "../shared/json.ts";
import { ok, type Result } from "../shared/result.ts";
import { parseText } from "./commands.ts";
import type {
  ConsentAnswer,
  DeadLetter,
  ErasedHere,
  ExecutorRpc,
  PlanningLease,
  SignalAnswer,
  StopAnswer,
  SubjectHere,
  Submitted,
  TaskContext,
  Reconciled,
  Witness,
} from "../shared/rpc.ts";
import type { LedgerRpc } from "../shared/rpc/ledger.ts";
import type { DoubtView, ReviewView, TaskEventView, TaskView } from "../shared/views.ts";
import { capabilities } from "./capabilities/index.ts";
import { acceptEpoch } from "./epochs.ts";
import { correlationOf } from "./correlation.ts";
import { configOf, keysHere } from "./config.ts";
import { reconcile } from "./reconcile.ts";
import type { GateRpc } from "./gate/types.ts";
import { keepLetter, lettersKept } from "./dead-letters.ts";
import { outcomesCounted } from "./outcomes.ts";
import { recordCompleteness, replay } from "./replaying.ts";
import type { ReplayAnswer } from "../shared/api/replay.ts";
import * as intake from "./intake.ts";
import type { LimitRpc } from "./limits/limit.ts";
import * as oversight from "./oversight.ts";
import type { OwedKind, OwedView } from "../shared/api/oversight.ts";
import * as planning from "./planning.ts";
import { workersPlatform } from "./platform.ts";
import * as consents from "./privacy/consents.ts";
import * as erasing from "./privacy/erasing.ts";
import { removeTraces } from "./privacy/traces.ts";
import { reportOutcome } from "./reporting.ts";
import * as resolving from "./resolving.ts";
import { acceptRewind } from "./rewind/accept.ts";
import type { RewindApplied } from "../shared/api/rewinds.ts";
import * as reversing from "./reversing.ts";
import * as reviewing from "./reviewing.ts";
import { Shard } from "./shard.ts";
import * as signalling from "./signalling.ts";
import * as stopping from "./stopping.ts";
import { cancelTask } from "./task/decide.ts";
import { dueSince, undeliveredSince } from "./projections.ts";

export class RegionalExecutor extends DurableObject<Env> implements ExecutorRpc {
  readonly #shard: Shard;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const config = configOf(env);
    if (!config.ok) throw new Error(config.problem.detail);
    this.#shard = new Shard({
      name: state.id.name ?? "",
      platform: workersPlatform,
      storage: state.storage,
      config: config.value,
      registry: capabilities(env),
      subscribe: (key, subscription) =>
        correlationOf(env.CORRELATION, state.id.name!.split("/")[0]!, key).subscribe(key, subscription) as Promise<
          Result<null>
        >,
      removeTraces: (traces) => removeTraces(env, state.id.name!, traces),
      ledger: env.LEDGER as unknown as Pick<LedgerRpc, "append" | "chain">,
      gateOf: (name) => env.CAPABILITY_GATE.getByName(name) as unknown as GateRpc,
      limitOf: (name) => env.AGGREGATE_LIMIT.getByName(name) as unknown as LimitRpc,
    });
  }

  submit(command: unknown): Promise<Result<Submitted>> {
    return intake.submit(this.#shard, command);
  }

  propose(command: unknown): Promise<Result<Submitted>> {
    return intake.propose(this.#shard, command);
  }

  async inText(call: "submit" | "propose", command: string): Promise<string> {
    const parsed = parseText(command);
    if (!parsed.ok) return JSON.stringify(parsed);
    return JSON.stringify(await (call === "submit" ? this.submit(parsed.value) : this.propose(parsed.value)));
  }

  async context(task: string, requestKey: string): Promise<Result<TaskContext>> {
    return intake.context(this.#shard, task, requestKey);
  }

  leasePlanning(task: string): Promise<Result<PlanningLease>> {
    return planning.lease(this.#shard, task);
  }

  stopPlanning(command: unknown): Promise<Result<TaskView>> {
    return planning.stop(this.#shard, command);
  }

  learn(delivery: unknown): Promise<Result<{ release: string; serial: number }>> {
    return intake.learn(this.#shard, delivery);
  }

  async read(task: string): Promise<Result<TaskView>> {
    const found = this.#shard.find(task);
    return found.ok ? ok(await this.#shard.receiptedView(found.value)) : found;
  }

  recordCompleteness(command: unknown): Promise<Result<null>> {
    return recordCompleteness(this.#shard, command);
  }

  async replay(task: string, bundle: string | null): Promise<Result<ReplayAnswer>> {
    return replay(this.#shard, task, bundle);
  }

  async wait(task: string, waitMs: number, orPerson = false): Promise<Result<TaskView>> {
    const found = this.#shard.find(task);
    if (!found.ok) return found;
    await this.#shard.settledView(task, waitMs, orPerson === true, orPerson !== true);
    return this.read(task);
  }

  async events(
    task: string,
    after: number,
    waitMs: number,
  ): Promise<Result<{ events: readonly TaskEventView[]; settled: boolean }>> {
    const found = this.#shard.find(task);
    if (!found.ok) return found;
    if (found.value.lastSeq <= after && found.value.settled === null) await this.#shard.nextChange(task, waitMs);
    const settled = this.#shard.tasks.get(task)!.settled !== null;
    const events = [...this.#shard.journal.recordsOf(task, after)].flatMap(({ record }) =>
      record.events.map((event) => ({
        seq: record.seq,
        at: new Date(record.atMs).toISOString(),
        event: event as { type: string } & JsonObject,
      })),
    );
    return ok({ events, settled });
  }

  async cancel(task: string, by: string): Promise<Result<TaskView>> {
    const found = this.#shard.find(task);
    if (!found.ok) return found;
    const who = String(by).slice(0, 100);
    const cancelled = await this.#shard.onTask(found.value, (draft, deps) => cancelTask(draft, who, deps));
    return cancelled.ok ? this.read(task) : cancelled;
  }

  async waiting(): Promise<Result<{ reviews: readonly ReviewView[]; doubts: readonly DoubtView[] }>> {
    return ok({ reviews: reviewing.reviews(this.#shard), doubts: resolving.doubts(this.#shard) });
  }

  async review(id: string): Promise<Result<ReviewView>> {
    return reviewing.review(this.#shard, id);
  }

  decide(id: string, signed: unknown): Promise<Result<ReviewView>> {
    return reviewing.decide(this.#shard, id, signed);
  }

  reportOutcome(command: unknown): Promise<Result<TaskView>> {
    return reportOutcome(this.#shard, command);
  }

  judge(command: unknown): Promise<Result<TaskView>> {
    return oversight.judge(this.#shard, command);
  }

  async owed(kind: OwedKind): Promise<Result<readonly OwedView[]>> {
    return ok(oversight.owed(this.#shard, kind === "sample" ? "sample" : "notice"));
  }

  async noticed(told: unknown): Promise<Result<null>> {
    return oversight.noticed(this.#shard, told);
  }

  signal(command: unknown): Promise<Result<SignalAnswer>> {
    return signalling.signal(this.#shard, command);
  }

  takeEvent(command: unknown): Promise<Result<"taken" | "late">> {
    return signalling.takeEvent(this.#shard, command);
  }

  resolve(task: string, step: string, signed: unknown): Promise<Result<TaskView>> {
    return resolving.resolve(this.#shard, task, step, signed);
  }

  reverse(task: string, step: string, request: unknown, waitMs: number): Promise<Result<TaskView>> {
    return reversing.reverse(this.#shard, task, step, request, waitMs);
  }

  stop(command: unknown): Promise<Result<StopAnswer>> {
    return stopping.stop(this.#shard, command);
  }

  restore(signed: unknown): Promise<Result<{ stop: string }>> {
    return stopping.restore(this.#shard, signed);
  }

  eraseSubject(command: unknown): Promise<Result<ErasedHere>> {
    return erasing.erase(this.#shard, command);
  }

  async subject(command: unknown): Promise<Result<SubjectHere>> {
    return consents.subject(this.#shard, command);
  }

  recordConsent(command: unknown): Promise<Result<ConsentAnswer>> {
    return consents.consent(this.#shard, command);
  }

  revokeKey(command: unknown): Promise<Result<null>> {
    return stopping.revokeKey(this.#shard, command);
  }

  acceptEpoch(signed: unknown): Promise<Result<{ epoch: string }>> {
    return acceptEpoch(this.#shard, signed);
  }

  /** What is late here, before and after the alarm's work was done again. */
  async reconcile(): Promise<Result<Reconciled>> {
    return ok(await reconcile(this.#shard));
  }

  acceptRewind(signed: unknown): Promise<Result<RewindApplied>> {
    return acceptRewind(this.#shard, signed);
  }

  async witness(): Promise<Result<Witness>> {
    const { name, journal, sql, trusted, watch } = this.#shard;
    const tasks = sql
      .exec<{
        open: number;
        waiting: number;
      }>("SELECT (SELECT count(*) FROM tasks) AS open, (SELECT count(*) FROM reviews) AS waiting")
      .one();
    return ok({
      executor: name,
      head: { seq: journal.head.seq, hash: journal.head.hash },
      delivered: journal.delivered,
      undeliveredSince: undeliveredSince(sql, journal.delivered),
      dueSince: dueSince(sql, this.#shard.nowMs()),
      checkpoint: watch.seen?.note ?? null,
      alarms: watch.alarm === null ? [] : [{ ...watch.alarm.problem, at: watch.alarm.at }],
      tasks: { open: tasks.open, waiting: tasks.waiting },
      deadLetters: lettersKept(sql),
      outcomes: outcomesCounted(sql),
      erasing: erasing.unfinished(sql),
      keys: await keysHere(this.#shard.config, trusted.revoked),
      stuck: this.#shard.stuck,
      quarantined: this.#shard.quarantine.list(this.#shard.registry),
      stops: trusted.stops.map(({ at_ms, ...stop }) => ({ ...stop, at: new Date(at_ms).toISOString() })),
    });
  }

  /** A message of a task of this object that no consumer could process, from the dead letter queue. */
  deadLetter(letter: Omit<DeadLetter, "at">): Promise<void> {
    return keepLetter(this.ctx.storage, letter, this.#shard.nowMs());
  }

  override alarm(): Promise<void> {
    return this.#shard.tend();
  }
}
