/** The offline verifier. */
export { CHECKS, FINDINGS, NOT_AUTHENTICATED, PART_CHECKS, type CheckName, type FindingCode } from "./checks.ts";
export type { EffectRow, EffectsAround, EffectsByRegion } from "./effects.ts";
export type { CheckReport, Finding, Where } from "./findings.ts";
export { openLogCheckpoint } from "./open-checkpoint.ts";
export { verifyPlace, type Place, type PlaceClaim } from "./place.ts";
export type { ReadTile } from "./tiles.ts";
export { verifierTrust, type VerifierTrust } from "./trust.ts";
export { pack, SAVED_VERSION, unpack, type SavedRun } from "./saved.ts";
export {
  verifyRecord,
  verifyResumably,
  type Verification,
  type VerificationInput,
  type VerificationReport,
} from "./verify.ts";
export type { WitnessHead } from "./witnesses.ts";
