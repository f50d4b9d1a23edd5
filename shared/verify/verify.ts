/**
 * The offline verifier: everything that can be said about a tenant's record from pinned public keys, one signed checkpoint and the entries.
 * Pure: it reads what it is given, in one pass, and asks nobody. Runs in Node and in browsers.
 *
 * In order: the checkpoint is opened; each entry is read (form), put into its executor's chain (chains), released by a statement
 * (statements) and then checked event by event (promotions, restores, plans, attestations, actions); at the end the tree is compared with
 * the checkpoint (tree) and with every checkpoint that an executor saw (history).
 */
import { toBase64 } from "../bytes.ts";
import { verifyLog, type TreeHead } from "../tlog/verify-log.ts";
import { NOT_AUTHENTICATED } from "./checks.ts";
import type { EffectsAround } from "./effects.ts";
import type { VerifiedRewind } from "./executor-events.ts";
import type { VerifiedEpoch } from "./epoch-book.ts";
import type { Alarm } from "./executor-events.ts";
import { Findings, type CheckReport } from "./findings.ts";
import { openLogCheckpoint } from "./open-checkpoint.ts";
import { Run } from "./run.ts";
import type { SavedRun } from "./saved.ts";
import type { ReadTile } from "./tiles.ts";
import type { VerifierTrust } from "./trust.ts";
import type { WitnessHead } from "./witnesses.ts";

export type VerificationInput = {
  readonly trust: VerifierTrust;
  /** The signed note, exactly as it was received. */
  readonly checkpoint: Uint8Array | string;
  /** All entries of the log from the first, as bytes. */
  readonly entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** A checkpoint of this log that was verified before: the log must continue it. */
  readonly earlier?: TreeHead;
  /** Goes on where another verification ended, which is then `earlier`; its entries are only hashed. */
  readonly resume?: SavedRun;
  /** Gives the published hash tiles; they are compared where it is given. */
  readonly tiles?: ReadTile;
  readonly witnesses?: readonly WitnessHead[];
  readonly effects?: EffectsAround;
};

export type VerificationReport = {
  /** Every check that ran held, and none of the checks over the record itself was left out. */
  readonly verified: boolean;
  readonly tenant: string;
  readonly origin: string;
  /** Null where the checkpoint did not open. */
  readonly checkpoint: { readonly size: number; readonly root: string } | null;
  readonly checks: readonly CheckReport[];
  readonly chains: readonly { readonly executor: string; readonly seq: number; readonly hash: string }[];
  readonly counts: {
    readonly entries: number;
    readonly tasks: number;
    readonly settled: number;
    readonly applied: number;
    /** Applied steps that left something else than was predicted. */
    readonly mismatched: number;
    /** Keys of data subjects that were destroyed: what was sealed under them is erased, and the record holds all the same. */
    readonly erased: number;
  };
  /** Alarms that executors wrote into their chains: for people to look at; the record that holds them can be sound. */
  readonly alarms: readonly Alarm[];
  /** Where people let the log go on from an earlier checkpoint, in the order of the log. */
  readonly epochs: readonly VerifiedEpoch[];
  /** Where an executor took its chain back from the log, after its storage went back. */
  readonly rewinds: readonly VerifiedRewind[];
  readonly notAuthenticated: readonly string[];
};

/** A report, and where a later verification can go on: only after a record that verified. */
export type Verification = { readonly report: VerificationReport; readonly saved: SavedRun | null };

/** Verifies a record. Never throws for what it reads; a throwing iterator throws through. */
export const verifyRecord = async (input: VerificationInput): Promise<VerificationReport> =>
  (await verifyResumably(input)).report;

/** The same, for whoever goes on later. Throws for a `resume` that is none. */
export async function verifyResumably(input: VerificationInput): Promise<Verification> {
  const findings = new Findings();
  const run = new Run(input.trust, findings);
  const { resume, earlier = resume } = input;
  if (resume !== undefined) run.restore(resume);
  const checkpoint = findings.valueOf("checkpoint", await openLogCheckpoint(input.checkpoint, input.trust), {});
  if (checkpoint !== null) {
    findings.pass("checkpoint");
    findings.ran(
      "entries",
      "chains",
      "statements",
      "promotions",
      "restores",
      "plans",
      "attestations",
      "actions",
      "epochs",
      "history",
    );
    const log = await verifyLog({
      entries: run.reading(input.entries, resume?.size),
      checkpoint,
      onLeaf: (_, hash) => run.leaves.push(hash),
    });
    findings.ran("tree");
    if (findings.valueOf("tree", log, {}) !== null) findings.pass("tree", checkpoint.size);
    await run.finish(checkpoint, earlier === undefined ? input : { ...input, earlier });
  }
  const checks = findings.reports();
  const alarms = [...run.states.values()].flatMap((state) => state.alarms);
  const report: VerificationReport = {
    verified: checkpoint !== null && checks.every(({ status }) => status !== "failed"),
    tenant: input.trust.anchor.tenant,
    origin: input.trust.origin,
    checkpoint: checkpoint === null ? null : { size: checkpoint.size, root: toBase64(checkpoint.root) },
    checks,
    chains: [...run.chains.values()].map(({ executor, seq, hash }) => ({ executor, seq, hash })),
    counts: {
      entries: run.leaves.size,
      ...run.tasks.counts,
      erased: [...run.states.values()].reduce((sum, { erased }) => sum + erased.size, 0),
    },
    alarms,
    epochs: run.epochs.verified,
    rewinds: [...run.states.values()].flatMap((state) => state.restored),
    notAuthenticated: NOT_AUTHENTICATED,
  };
  return { report, saved: report.verified && checkpoint !== null ? run.save(checkpoint) : null };
}
