/**
 * What happened to an executor itself, as its chain tells it: releases promoted, stops set and lifted, keys revoked, checkpoints seen.
 * The rest of the verification asks this state what was in force at a position of the chain.
 */
import { Restore, type ExecutorEvent, type StopKind } from "../events.ts";
import { openEpoch } from "../epoch.ts";
import { LIMITS } from "../limits.ts";
import { hasRole, openSignedByMember } from "../members.ts";
import { PAYLOAD_TYPES } from "../payload-types.ts";
import { problem, type ProblemCode } from "../problems.ts";
import { Promotion } from "../release.ts";
import { err, ok, unreachable, type Result } from "../result.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import { openRewind, type OpenedRewind } from "../rewind.ts";
import { openLogCheckpoint } from "./open-checkpoint.ts";
import type { Findings, Where } from "./findings.ts";
import { refill, refillSet } from "./saved.ts";
import type { VerifierTrust } from "./trust.ts";

/** `settledBy`: the first epoch that the executor accepted after it saw this head. */
export type SeenHead = TreeHead & { readonly where: Where; settledBy: string | null };
export type Alarm = { readonly code: ProblemCode; readonly detail: string; readonly where: Where };

/** Where an executor took its chain back from the log: behind `from`, up to `to`. */
export type VerifiedRewind = {
  readonly rewind: string;
  readonly executor: string;
  readonly from: number;
  readonly to: number;
  readonly lost: number;
  readonly setAside: number;
  readonly tasks: number;
  readonly members: readonly string[];
  readonly reason: string;
  readonly at: string;
};

export class ExecutorState {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly revoked = new Set<string>();
  readonly seen: SeenHead[] = [];
  readonly alarms: Alarm[] = [];
  readonly restored: VerifiedRewind[] = [];
  /** Keys of data subjects that were destroyed: the values of their tasks are erased, not missing. */
  readonly erased = new Set<string>();
  readonly #consent = new Map<string, boolean>();
  /** `automation digest` of every release that was promoted here. */
  readonly #promoted = new Set<string>();
  readonly #serialByAutomation = new Map<string, number>();
  readonly #stopByTarget = new Map<string, string>();

  constructor(trust: VerifierTrust, findings: Findings) {
    this.#trust = trust;
    this.#findings = findings;
  }

  save() {
    return {
      revoked: this.revoked,
      erased: this.erased,
      consent: this.#consent,
      seen: this.seen,
      alarms: this.alarms,
      restored: this.restored,
      promoted: this.#promoted,
      serialByAutomation: this.#serialByAutomation,
      stopByTarget: this.#stopByTarget,
    };
  }

  restore(saved: ReturnType<ExecutorState["save"]>): void {
    refillSet(this.revoked, saved.revoked);
    refillSet(this.erased, saved.erased);
    refill(this.#consent, saved.consent);
    this.seen.push(...saved.seen);
    this.alarms.push(...saved.alarms);
    this.restored.push(...saved.restored);
    refillSet(this.#promoted, saved.promoted);
    refill(this.#serialByAutomation, saved.serialByAutomation);
    refill(this.#stopByTarget, saved.stopByTarget);
  }

  /** Whether a release was promoted here before; it may have been superseded since. */
  wasPromoted = (automation: string, release: string): boolean => this.#promoted.has(`${automation} ${release}`);

  /** The stop that lets nothing of this target be claimed now, or null; one of `stop-new` lets what is in flight finish. */
  stoppedBy = (kind: StopKind, target: string): string | null => this.#stopByTarget.get(`${kind}:${target}`) ?? null;

  /** Whether a subject had withdrawn consent to a purpose. */
  hasWithdrawn = (key: string, purpose: string): boolean => this.#consent.get(`${key} ${purpose}`) === false;

  /** `prev` is the hash of the record before. */
  async take(event: ExecutorEvent, atMs: number, where: Where, prev: string): Promise<void> {
    switch (event.type) {
      case "release-learned": {
        const promotion = this.#findings.valueOf("promotions", await this.#openPromotion(event, atMs), where);
        if (promotion === null) return;
        this.#promoted.add(`${promotion.automation} ${promotion.release}`);
        this.#serialByAutomation.set(promotion.automation, promotion.serial);
        this.#findings.pass("promotions");
        return;
      }
      case "stop-set":
        if (event.mode === "stop-all") this.#stopByTarget.set(`${event.kind}:${event.target}`, event.stop);
        return;
      case "stop-lifted":
        this.#stopByTarget.delete(`${event.kind}:${event.target}`);
        if (this.#findings.valueOf("restores", await this.#openRestore(event, atMs), where) !== null)
          this.#findings.pass("restores");
        return;
      case "key-revoked":
        this.revoked.add(event.kid);
        return;
      case "checkpoint-seen": {
        const opened = this.#findings.valueOf(
          "history",
          await openLogCheckpoint(event.note, this.#trust, this.revoked),
          where,
        );
        if (opened === null) return;
        const before = this.seen.at(-1);
        if (before !== undefined && before.settledBy === null && opened.size < before.size)
          this.#findings.fail(
            "history",
            "checkpoint-inconsistent",
            `The executor saw size ${opened.size} after size ${before.size}.`,
            where,
          );
        this.seen.push({ size: opened.size, root: opened.root, where, settledBy: null });
        return;
      }
      case "subject-erased":
        this.erased.add(event.key);
        return;
      case "consent-recorded":
        this.#consent.set(`${event.key} ${event.purpose}`, event.given);
        return;
      case "completeness-checked":
        return; // A finding of others: this verifier compares for itself.
      case "alarm-raised":
        this.alarms.push({ code: event.code, detail: event.detail, where });
        return;
      case "epoch-accepted": {
        const { envelope, chains } = event;
        const { anchor, logKeys } = this.#trust;
        const opened = await openEpoch({ envelope, chains }, anchor, logKeys, atMs, this.revoked);
        const epoch = this.#findings.valueOf("epochs", opened, where);
        if (epoch === null) return;
        if (epoch.payload.epoch !== event.epoch)
          return this.#findings.fail("epochs", "attestation-mismatch", "The event names another epoch.", where);
        this.#findings.pass("epochs");
        for (const head of this.seen) head.settledBy ??= event.epoch;
        return;
      }
      case "chain-restored": {
        const rewind = this.#findings.valueOf("epochs", await this.#openRewind(event, atMs, where, prev), where);
        if (rewind === null) return;
        this.#findings.pass("epochs");
        const { payload, members } = rewind;
        const { lost, setAside, tasks } = event;
        const at = new Date(payload.atMs).toISOString();
        const { executor, reason, kept, ledger } = payload;
        const restored = { rewind: payload.rewind, executor, from: kept.seq, to: ledger.seq, lost, setAside, tasks };
        this.restored.push({ ...restored, members, reason, at });
        return;
      }
      default:
        return unreachable(event);
    }
  }

  /** The people signed for exactly the record before this one. */
  async #openRewind(
    { rewind, envelope, chains }: Extract<ExecutorEvent, { type: "chain-restored" }>,
    atMs: number,
    where: Where,
    prev: string,
  ): Promise<Result<OpenedRewind>> {
    const { anchor } = this.#trust;
    const opened = await openRewind({ envelope, chains }, where.executor ?? "", anchor, atMs, this.revoked);
    if (!opened.ok) return opened;
    const { payload } = opened.value;
    if (payload.rewind !== rewind || payload.ledger.seq + 1 !== where.seq || payload.ledger.hash !== prev)
      return err(problem("attestation-mismatch", "The rewind is over another chain than the one before it."));
    return opened;
  }

  async #openPromotion(
    event: Extract<ExecutorEvent, { type: "release-learned" }>,
    atMs: number,
  ): Promise<Result<Promotion>> {
    const { envelope, chain } = event.promotion;
    const opened = await openSignedByMember(
      envelope,
      chain,
      Promotion,
      PAYLOAD_TYPES.promotion,
      this.#trust.anchor,
      atMs,
      this.revoked,
    );
    if (!opened.ok) return opened;
    const { payload, member } = opened.value;
    if (!hasRole(member, "operator") && !hasRole(member, "admin"))
      return err(problem("role-missing", "The promotion is not signed by an operator, an admin or the root key."));
    if (payload.tenant !== this.#trust.anchor.tenant)
      return err(problem("audience-mismatch", "The promotion is for another tenant."));
    if (payload.automation !== event.automation || payload.release !== event.release || payload.serial !== event.serial)
      return err(problem("release-mismatch", "The promotion names another release than the event."));
    if (atMs >= payload.expiresMs + LIMITS.clockSkewMs) return err(problem("expired", "The promotion had expired."));
    const known = this.#serialByAutomation.get(payload.automation) ?? 0;
    return payload.serial > known
      ? ok(payload)
      : err(problem("release-superseded", `Promotion ${known} of this automation was newer.`));
  }

  async #openRestore(event: Extract<ExecutorEvent, { type: "stop-lifted" }>, atMs: number): Promise<Result<Restore>> {
    const opened = await openSignedByMember(
      event.envelope,
      event.chain,
      Restore,
      PAYLOAD_TYPES.restore,
      this.#trust.anchor,
      atMs,
      this.revoked,
    );
    if (!opened.ok) return opened;
    const { payload, member } = opened.value;
    if (!hasRole(member, "admin"))
      return err(problem("restore-unsigned", "The restore is not signed by an admin or the root key."));
    const isOver = payload.kind === event.kind && payload.target === event.target && payload.stop === event.stop;
    if (payload.tenant !== this.#trust.anchor.tenant || !isOver)
      return err(problem("audience-mismatch", "The restore is for another tenant or another stop."));
    return atMs < payload.expiresMs + LIMITS.clockSkewMs
      ? ok(payload)
      : err(problem("expired", "The restore had expired."));
  }
}
