/**
 * The epochs of a log: each one signed by two admins, naming a checkpoint of this very log from which it goes on. What executors saw before
 * they accepted one, up to the size of the log that ended, is settled by it; but not another root at that very size, which no log had that ended.
 */
import { equalBytes } from "../bytes.ts";
import { openEpoch } from "../epoch.ts";
import type { ReadEntry } from "./entry-form.ts";
import type { ExecutorState } from "./executor-events.ts";
import type { Findings } from "./findings.ts";
import type { LeafHashes } from "./leaf-hashes.ts";
import { refill } from "./saved.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import type { VerifierTrust } from "./trust.ts";

export type VerifiedEpoch = {
  readonly epoch: string;
  /** Index of its entry. */
  readonly index: number;
  readonly oldSize: number;
  readonly newSize: number;
  readonly members: readonly string[];
  readonly reason: string;
  readonly at: string;
};

export class EpochBook {
  readonly #trust: VerifierTrust;
  readonly #findings: Findings;
  readonly #oldById = new Map<string, TreeHead>();
  readonly verified: VerifiedEpoch[] = [];

  constructor(trust: VerifierTrust, findings: Findings) {
    this.#trust = trust;
    this.#findings = findings;
  }

  save() {
    return { oldById: this.#oldById, verified: this.verified };
  }

  restore(saved: ReturnType<EpochBook["save"]>): void {
    refill(this.#oldById, saved.oldById);
    this.verified.push(...saved.verified);
  }

  /** Whether this epoch stands in the log and lets go of this checkpoint. */
  settles(epoch: string, { size, root }: TreeHead): boolean {
    const old = this.#oldById.get(epoch);
    return old !== undefined && (size < old.size || (size === old.size && equalBytes(root, old.root)));
  }

  /** `leaves` are those of the entries before this one. */
  async take(
    { epoch, signed, atMs }: Extract<ReadEntry, { kind: "epoch" }>,
    index: number,
    leaves: LeafHashes,
    executors: readonly ExecutorState[],
  ): Promise<void> {
    const where = { index };
    const { anchor, logKeys } = this.#trust;
    const revoked = new Set(executors.flatMap((state) => [...state.revoked]));
    const opened = this.#findings.valueOf("epochs", await openEpoch(signed, anchor, logKeys, atMs, revoked), where);
    if (opened === null) return;
    const { payload, members, old, new: next } = opened;
    if (payload.epoch !== epoch)
      return this.#findings.fail("epochs", "attestation-mismatch", "The entry names another epoch.", where);
    if (this.#oldById.has(epoch))
      return this.#findings.fail("epochs", "replayed", "The epoch stands in the log twice.", where);
    if (next.size > index || !equalBytes(leaves.rootsAt([next.size]).get(next.size)!, next.root))
      return this.#findings.fail(
        "epochs",
        "checkpoint-inconsistent",
        `The epoch goes on from another log: at size ${next.size} this one has another root.`,
        where,
      );
    this.#findings.pass("epochs");
    this.#oldById.set(epoch, { size: old.size, root: old.root });
    const { size: oldSize } = old;
    this.verified.push({
      epoch,
      index,
      oldSize,
      newSize: next.size,
      members,
      reason: payload.reason,
      at: new Date(payload.atMs).toISOString(),
    });
  }
}
