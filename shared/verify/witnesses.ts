/**
 * What executors say about themselves now, compared with the log: their newest checkpoint, and the head of their chain.
 * Ask them after the log was read: then an honest executor is never behind the log.
 */
import { equalBytes, fromBase64 } from "../bytes.ts";
import { verifyConsistency } from "../tlog/tree.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import type { ExecutorChain } from "./executor-chain.ts";
import type { Findings } from "./findings.ts";
import { openLogCheckpoint } from "./open-checkpoint.ts";
import type { VerifierTrust } from "./trust.ts";

/** One executor's statement about itself. It is not signed; what it is compared with is. */
export type WitnessHead = {
  readonly executor: string;
  readonly head: { readonly seq: number; readonly hash: string };
  /** The newest checkpoint that it verified, as a signed note. */
  readonly checkpoint: string | null;
  /** RFC 6962 consistency proof (base64) from the verified log to that checkpoint, where that one is larger. */
  readonly consistency: readonly string[] | null;
};

/** @param rootOf root of the log at an earlier size; null where fewer entries were there to read */
export async function checkWitnesses(
  witnesses: readonly WitnessHead[],
  log: TreeHead,
  rootOf: (size: number) => Uint8Array | null,
  chains: ReadonlyMap<string, ExecutorChain>,
  trust: VerifierTrust,
  findings: Findings,
): Promise<void> {
  findings.ran("witnesses");
  for (const witness of witnesses) {
    const chainHolds = checkChain(witness, chains.get(witness.executor), findings);
    if ((await checkCheckpoint(witness, log, rootOf, trust, findings)) && chainHolds) findings.pass("witnesses");
  }
  for (const executor of chains.keys())
    if (!witnesses.some((witness) => witness.executor === executor))
      findings.fail("witnesses", "not-running", "The executor has records in the log and did not answer.", {
        executor,
      });
}

function checkChain({ executor, head }: WitnessHead, chain: ExecutorChain | undefined, findings: Findings): boolean {
  const recorded = chain?.seq ?? 0;
  const where = { executor, seq: head.seq };
  if (head.seq < recorded) {
    findings.fail(
      "witnesses",
      "chain-shortened",
      `The executor's chain ends at ${head.seq}, the log's at ${recorded}.`,
      where,
    );
    return false;
  }
  if (head.seq === recorded && recorded > 0 && chain!.hash !== head.hash) {
    findings.fail("witnesses", "chain-fork", "The executor has another record at this position than the log.", where);
    return false;
  }
  return true;
}

async function checkCheckpoint(
  { executor, checkpoint, consistency }: WitnessHead,
  log: TreeHead,
  rootOf: (size: number) => Uint8Array | null,
  trust: VerifierTrust,
  findings: Findings,
): Promise<boolean> {
  if (checkpoint === null) return true;
  const where = { executor };
  const seen = findings.valueOf("witnesses", await openLogCheckpoint(checkpoint, trust), where);
  if (seen === null) return false;
  if (seen.size <= log.size ? hasRoot(rootOf(seen.size), seen.root) : isPastOf(log, seen, consistency)) return true;
  findings.fail(
    "witnesses",
    "checkpoint-inconsistent",
    `The executor saw a checkpoint of size ${seen.size} that this log of size ${log.size} does not agree with.`,
    where,
  );
  return false;
}

const hasRoot = (root: Uint8Array | null, seen: Uint8Array): boolean => root !== null && equalBytes(root, seen);

const isPastOf = (log: TreeHead, seen: TreeHead, proof: readonly string[] | null): boolean =>
  verifyConsistency({
    oldSize: log.size,
    newSize: seen.size,
    oldRoot: log.root,
    newRoot: seen.root,
    proof: (proof ?? []).map((hash) => fromBase64(hash) ?? new Uint8Array()),
  }).ok;
