/** Evidence: a part of the record that is verified by itself. */
export { Evidence, type Scope } from "./evidence.ts";
export { makeEvidence } from "./make.ts";
export { verifyEvidence, type EvidenceReport, type ShownRecord, type ShownTask } from "./verify.ts";
export { inWords, type Said } from "./words.ts";
