/**
 * What one executor object trusts and refuses: promoted releases by digest, stops, revoked keys. In memory, backed by the object's tables.
 *
 * T1  A release is in force only while a promotion, signed by a person whose key chains to the tenant's root key, names its digest.
 * T2  The serial of an automation's promotion only rises: an old promotion cannot bring an old release back.
 * T3  A stop is lifted only by a signature of an admin or the root, naming that very stop.
 */
import { compileRelease, releaseDigest, type CompiledRelease } from "../shared/compiled-release.ts";
import { Restore, type ExecutorEvent, type StopKind, type StopMode } from "../shared/events.ts";
import { LIMITS } from "../shared/limits.ts";
import { openSignedByMember, type TenantAnchor } from "../shared/members.ts";
import { PAYLOAD_TYPES } from "../shared/payload-types.ts";
import { problem, type Problem } from "../shared/problems.ts";
import { Promotion, type ReleaseDelivery, type SignedPromotion } from "../shared/release.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { StopCommand } from "../shared/rpc.ts";
import type { Envelope } from "../shared/signing.ts";
import { CompiledReleases } from "./compiled-releases.ts";
import { GUARDS } from "./guards/index.ts";

type StopRow = {
  kind: StopKind;
  mode: StopMode;
  target: string;
  stop: string;
  by: string;
  reason: string;
  at_ms: number;
};
type PromotionRow = { automation: string; serial: number; release: string; expires_ms: number };
export type ExecutorChange<T> = { value: T; events: readonly ExecutorEvent[]; write: (sql: SqlStorage) => void };

export class Trusted {
  readonly #sql: SqlStorage;
  readonly #anchor: TenantAnchor;
  readonly #compiled = new CompiledReleases(LIMITS.compiledChars);
  readonly #promotionByAutomation = new Map<string, PromotionRow>();
  readonly #stopByTarget = new Map<string, StopRow>();
  readonly revoked = new Set<string>();

  constructor(sql: SqlStorage, anchor: TenantAnchor) {
    this.#sql = sql;
    this.#anchor = anchor;
    this.reload();
  }

  /** Reads everything from storage again: what a round decided and could not write must not be believed. */
  reload(): void {
    const sql = this.#sql;
    this.#promotionByAutomation.clear();
    this.#stopByTarget.clear();
    this.revoked.clear();
    for (const row of sql.exec<PromotionRow>("SELECT * FROM promotions"))
      this.#promotionByAutomation.set(row.automation, row);
    for (const row of sql.exec<StopRow>("SELECT * FROM stops"))
      this.#stopByTarget.set(`${row.kind}:${row.target}`, row);
    for (const row of sql.exec<{ kid: string }>("SELECT kid FROM revoked")) this.revoked.add(row.kid);
  }

  readonly ready = (digest: string): CompiledRelease | undefined => this.#compiled.get(digest);
  readonly bundleOf = (digest: string): string | null =>
    this.#sql.exec<{ bundle: string }>("SELECT bundle FROM releases WHERE digest = ?", digest).toArray()[0]?.bundle ??
    null;

  /** The release of a task that is open already: held by digest, promoted now or superseded since. */
  held(digest: string): Result<CompiledRelease> {
    const known = this.ready(digest);
    if (known !== undefined) return ok(known);
    const bundle = this.bundleOf(digest);
    if (bundle === null)
      return err(problem("release-needed", "This executor does not hold the release.", { release: digest }));
    const compiled = compileRelease(bundle);
    if (compiled.ok) this.#compiled.put(digest, compiled.value, bundle);
    return compiled;
  }

  /** The release under which a new task may open: held, and the one that is promoted now. */
  inForce(automation: string, digest: string, nowMs: number): Result<CompiledRelease> {
    const promotion = this.#promotionByAutomation.get(automation);
    if (promotion === undefined || !GUARDS["release-promoted"](promotion, digest)) {
      // Never promoted here, or another one is: only a newer signed promotion can change that, and it travels with the answer to this.
      return err(
        problem("release-needed", "This executor knows no promotion of this release.", {
          release: digest,
          serial: promotion?.serial ?? 0,
        }),
      );
    }
    if (!GUARDS["release-in-force"](promotion, nowMs))
      return err(problem("release-not-promoted", "The promotion of this release has expired."));
    return this.held(digest);
  }

  /** Checks a delivered release before any of it is believed (T1, T2). The change is written by the caller's round. */
  async checkDelivery(
    delivery: ReleaseDelivery,
    nowMs: number,
  ): Promise<Result<{ promotion: Promotion; signed: SignedPromotion; compiled: CompiledRelease; bundle: string }>> {
    const { envelope, chain } = delivery.promotion;
    const opened = await openSignedByMember(
      envelope,
      chain,
      Promotion,
      PAYLOAD_TYPES.promotion,
      this.#anchor,
      nowMs,
      this.revoked,
    );
    if (!opened.ok) return opened;
    const { payload: promotion, member } = opened.value;
    if (!GUARDS["promotion-signer"](member))
      return err(problem("role-missing", "A promotion is signed by an operator, an admin or the root key."));
    if (!GUARDS["promotion-tenant"](promotion, this.#anchor.tenant))
      return err(problem("audience-mismatch", "The promotion is for another tenant."));
    if (!GUARDS["promotion-begun"](promotion, nowMs))
      return err(problem("not-yet-valid", "The promotion is dated in the future."));
    if (!GUARDS["promotion-not-over"](promotion, nowMs))
      return err(problem("release-not-promoted", "The promotion has expired."));
    if (!GUARDS["promotion-bundle"](promotion, releaseDigest(delivery.bundle)))
      return err(problem("release-mismatch", "The bundle is not the one that was promoted."));
    const compiled = compileRelease(delivery.bundle);
    if (!compiled.ok) return compiled;
    if (!GUARDS["promotion-automation"](promotion, compiled.value.bundle.automation))
      return err(problem("release-mismatch", "The promotion names another automation than the bundle."));
    return ok({ promotion, signed: delivery.promotion, compiled: compiled.value, bundle: delivery.bundle });
  }

  /** Decides inside a round whether a checked delivery changes anything. */
  learn(checked: {
    promotion: Promotion;
    signed: SignedPromotion;
    compiled: CompiledRelease;
    bundle: string;
  }): Result<ExecutorChange<{ release: string; serial: number }>> {
    const { promotion, compiled } = checked;
    const refusal = this.revokedSigner(checked.signed.envelope, ...checked.signed.chain);
    if (refusal !== null) return err(refusal);
    const value = { release: promotion.release, serial: promotion.serial };
    const known = this.#promotionByAutomation.get(promotion.automation);
    if (known !== undefined && known.serial === promotion.serial && known.release === promotion.release) {
      // After a restore the promotion is known from the chain, and the bundle, named by its digest, comes again.
      if (!this.held(promotion.release).ok) this.#keepBundle(this.#sql, checked);
      return ok({ value, events: [], write: () => {} });
    }
    if (known !== undefined && !GUARDS["promotion-serial"](promotion, known))
      return err(
        problem("release-superseded", `Promotion ${known.serial} of this automation is newer.`, {
          serial: known.serial,
        }),
      );
    if (!GUARDS["promotion-step"](promotion, known))
      return err(problem("invalid-request", `A promotion's serial rises by at most ${LIMITS.promotionStep}.`));
    const row: PromotionRow = {
      automation: promotion.automation,
      serial: promotion.serial,
      release: promotion.release,
      expires_ms: promotion.expiresMs,
    };
    this.#promotionByAutomation.set(promotion.automation, row);
    this.#compiled.put(promotion.release, compiled, checked.bundle);
    return ok({
      value,
      events: [
        {
          type: "release-learned",
          automation: promotion.automation,
          release: promotion.release,
          serial: promotion.serial,
          promotion: checked.signed,
        },
      ],
      write: (sql) => {
        this.#keepBundle(sql, checked);
        sql.exec(
          "INSERT OR REPLACE INTO promotions (automation, serial, release, expires_ms) VALUES (?, ?, ?, ?)",
          row.automation,
          row.serial,
          row.release,
          row.expires_ms,
        );
      },
    });
  }

  #keepBundle(sql: SqlStorage, { promotion, bundle }: { promotion: Promotion; bundle: string }): void {
    sql.exec(
      "INSERT OR REPLACE INTO releases (digest, automation, bundle) VALUES (?, ?, ?)",
      promotion.release,
      promotion.automation,
      bundle,
    );
  }

  /**
   * The problem of envelopes that a revoked key signed. Asked again inside the round: a revocation that was recorded between the check of a
   * signature and its record must count, because a verifier reads the chain in its order.
   */
  revokedSigner(...envelopes: readonly Envelope[]): Problem | null {
    for (const envelope of envelopes)
      for (const { keyid } of envelope.signatures)
        if (!GUARDS["signer-not-revoked"](keyid, this.revoked))
          return problem("key-revoked", `The key ${keyid} is revoked.`);
    return null;
  }

  /** The stop that keeps new tasks and plans of this target out, or null. */
  stoppedBy(kind: StopKind, target: string): string | null {
    return this.#stopByTarget.get(`${kind}:${target}`)?.stop ?? null;
  }

  /** Why this API key asks for nothing here any more; null where it may. Problem: stopped. */
  stoppedCaller(key: string): Problem | null {
    const stop = this.stoppedBy("key", key);
    return GUARDS["caller-not-stopped"](stop) ? null : problem("stopped", `Stopped by ${stop}.`, { stop });
  }

  /** The stop under which no action of this target is claimed, or null. */
  claimsStoppedBy(kind: StopKind, target: string): string | null {
    const row = this.#stopByTarget.get(`${kind}:${target}`);
    return row?.mode === "stop-all" ? row.stop : null;
  }

  get stops(): readonly StopRow[] {
    return [...this.#stopByTarget.values()];
  }

  /** Sets a stop. Stopping needs no signature: it is always safe. A second stop of the same target keeps the first, except where it is the stricter one. */
  stop(command: StopCommand, nowMs: number): Result<ExecutorChange<{ stop: string }>> {
    const key = `${command.kind}:${command.target}`;
    const known = this.#stopByTarget.get(key);
    const isStricter = known?.mode === "stop-new" && command.mode === "stop-all";
    if (known !== undefined && (!isStricter || known.stop === command.stop))
      return ok({ value: { stop: known.stop }, events: [], write: () => {} });
    const lifted = this.#sql.exec("SELECT 1 FROM lifted WHERE stop = ?", command.stop).toArray().length > 0;
    if (!GUARDS["stop-id-new"](lifted))
      return err(problem("replayed", "This stop was lifted; a new one needs a new id."));
    const row: StopRow = { ...command, at_ms: nowMs };
    this.#stopByTarget.set(key, row);
    return ok({
      value: { stop: command.stop },
      events: [{ type: "stop-set", ...command }],
      write: (sql) =>
        sql.exec(
          "INSERT OR REPLACE INTO stops (kind, mode, target, stop, by, reason, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
          row.kind,
          row.mode,
          row.target,
          row.stop,
          row.by,
          row.reason,
          row.at_ms,
        ),
    });
  }

  /** T3: opens a restore; whether the stop is in force is decided in the round. */
  async checkRestore(
    signed: { readonly envelope: Envelope; readonly chain: readonly Envelope[] },
    nowMs: number,
  ): Promise<Result<Restore>> {
    const opened = await openSignedByMember(
      signed.envelope,
      signed.chain,
      Restore,
      PAYLOAD_TYPES.restore,
      this.#anchor,
      nowMs,
      this.revoked,
    );
    if (!opened.ok) return opened;
    const { payload, member } = opened.value;
    if (!GUARDS["restore-signer"](member))
      return err(problem("restore-unsigned", "A restore is signed by an admin or the root key."));
    if (!GUARDS["restore-tenant"](payload, this.#anchor.tenant))
      return err(problem("audience-mismatch", "The restore is for another tenant."));
    if (!GUARDS["restore-not-over"](payload, nowMs)) return err(problem("expired", "The restore has expired."));
    return ok(payload);
  }

  lift(
    restore: Restore,
    signed: { readonly envelope: Envelope; readonly chain: readonly Envelope[] },
  ): Result<ExecutorChange<{ stop: string }>> {
    const refusal = this.revokedSigner(signed.envelope, ...signed.chain);
    if (refusal !== null) return err(refusal);
    const key = `${restore.kind}:${restore.target}`;
    const known = this.#stopByTarget.get(key);
    if (known === undefined) return ok({ value: { stop: restore.stop }, events: [], write: () => {} });
    if (!GUARDS["restore-of-stop"](restore, known.stop))
      return err(problem("attestation-mismatch", `Another stop, ${known.stop}, is in force.`, { stop: known.stop }));
    this.#stopByTarget.delete(key);
    return ok({
      value: { stop: restore.stop },
      events: [
        {
          type: "stop-lifted",
          kind: restore.kind,
          target: restore.target,
          stop: restore.stop,
          envelope: signed.envelope,
          chain: [...signed.chain],
        },
      ],
      write: (sql) => {
        sql.exec("DELETE FROM stops WHERE kind = ? AND target = ?", restore.kind, restore.target);
        sql.exec("INSERT OR IGNORE INTO lifted (stop) VALUES (?)", restore.stop);
      },
    });
  }

  revoke(
    command: { readonly kid: string; readonly by: string; readonly reason: string },
    nowMs: number,
  ): ExecutorChange<null> {
    if (this.revoked.has(command.kid)) return { value: null, events: [], write: () => {} };
    this.revoked.add(command.kid);
    return {
      value: null,
      events: [{ type: "key-revoked", kid: command.kid, by: command.by, reason: command.reason }],
      write: (sql) => sql.exec("INSERT OR IGNORE INTO revoked (kid, at_ms) VALUES (?, ?)", command.kid, nowMs),
    };
  }
}
