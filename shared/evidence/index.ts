/** Evidence: a part of the record that is verified by itself. */
export { Evidence, Scope } from "./evidence.ts";
export { evidenceOf, makeEvidence, seenSizes, type LogPart } from "./make.ts";
export { isLasting, selectEntries, tooLarge, type Bounds } from "./select.ts";
export { verifyEvidence, type EvidenceReport, type ShownRecord, type ShownTask } from "./verify.ts";
export { inWords, type Said } from "./words.ts";
