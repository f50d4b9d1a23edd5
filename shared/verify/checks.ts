/**
 * What a verification checks and what it cannot: the names, codes and words of its report. The names and codes are public, as those of
 * problems are; docs/verify.md explains each.
 */
import type { ProblemCode } from "../problems.ts";

/** check → what holds when it is `ok`, in the order of the report. */
export const CHECKS = {
  checkpoint: "The checkpoint is signed by a pinned key of the log and names the pinned origin.",
  tree: "The RFC 6962 root over all entries is the root of the checkpoint.",
  tiles: "Every published hash tile holds the hashes of these entries.",
  entries: "Every entry is the only canonical text of its value and has the id that follows from it.",
  chains: "Each executor's records are contiguous, and each names the hash of the one before it.",
  statements: "A pinned receipt key of the executors signed for every record.",
  promotions: "Every release in use was promoted by someone whose key chains to the tenant's root key.",
  restores: "Every stop that was lifted was lifted by an admin's or the root's signature.",
  plans: "Every admitted plan is signed by a pinned proposal key, for its own task, round and release.",
  attestations: "Every decision of a person is signed by an enrolled key, over what waited, once.",
  actions: "Nothing was applied that was not admitted, allowed or approved; and nothing twice.",
  epochs:
    "Every epoch is signed by two admins, and the log goes on from the checkpoint that it names; so is every rewind, over exactly the chain before it.",
  history: "Every checkpoint that an executor saw earlier lies on the past of this log.",
  witnesses: "What the executors say about themselves now agrees with this log.",
  effects: "The regional databases and the log name the same effects.",
} as const;

/** What is checked of a part of the record (shared/evidence), beside what is checked of the whole. */
export const PART_CHECKS = {
  inclusion: "A proof leads from each entry to the root of the checkpoint.",
  complete: "Of each task that is shown, nothing is left out from its first record to the last one shown.",
} as const;
export type CheckName = keyof typeof CHECKS | keyof typeof PART_CHECKS;

/** Findings that no problem of the protocol names; the others carry the code of the problem. */
export const FINDINGS = {
  "tile-missing": "A hash tile that the log's size asks for is not there",
  "tile-mismatch": "A hash tile holds other hashes than those of the entries",
  "prev-mismatch": "A record does not name the hash of the record before it",
  "statement-missing": "Records stand in the log that no statement signs for",
  "order-invalid": "An event stands where it cannot have happened",
  "not-authorised": "An action without a decision that allows it, or without the approvals that it needs",
  "quorum-missing": "A review was closed as approved without enough approvals",
  "action-mismatch": "An action's id does not follow from its task, round and place",
  "applied-twice": "One action was applied twice",
  "effect-key-repeated": "Two actions carry the same effect key",
  "chain-shortened": "An executor's chain ends before what the log holds of it",
  "effect-unproposed": "A database holds an effect that the log does not know",
  "effect-missing": "The log says applied, and the database holds no such effect",
} as const;
export type FindingCode = ProblemCode | keyof typeof FINDINGS;

/** What a successful verification does not say. */
export const NOT_AUTHENTICATED = [
  "Values behind commitments (inputs, arguments, results, what a reviewer was shown): the log holds salted commitments, not values.",
  "Whether policy answered rightly: the executor's decision is in the record and is not evaluated again.",
  "Whether an effect took place: the record holds the executor's word; --completeness compares it with the databases' own rows.",
  "Times: `atMs` is the executor's clock, signed by it; an entry's CloudEvents `time` is bound by the checkpoint alone.",
  "The order of different executors' entries: the ledger's choice, bound by the checkpoint and by every checkpoint an executor saw.",
  "Freshness: an older checkpoint verifies as well as the newest; --witnesses shows what has been seen since.",
  "Signatures by unknown keys, in the checkpoint and in envelopes: they are ignored.",
  "What stands outside the entries: task views, explanations, review texts, API answers, HTTP headers.",
] as const;
