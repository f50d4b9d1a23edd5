/** What deciding needs from the shell: the release, the capabilities, the clock of this decision, and which stops are in force. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { StopKind } from "../../shared/events.ts";
import type { CapabilityRegistry } from "../adapters/types.ts";
import { NO_CONSENT, type Consent } from "../privacy/vault.ts";

export type TaskDeps = {
  readonly tenant: string;
  readonly region: string;
  readonly executor: string;
  readonly release: CompiledRelease;
  readonly registry: CapabilityRegistry;
  /** One `now` for the whole decision, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** Whether what is sealed under these keys of data subjects is gone. */
  readonly isErased: (keys: readonly string[]) => boolean;
  /** What the subjects of these keys said about a purpose. */
  readonly consentOf: (keys: readonly string[], purpose: string | null) => Consent;
  /** Draws the audit sample, from 0 to below 10,000 for an action. Absent: nothing is drawn. */
  readonly drawOf?: (action: string, release: string) => number;
  /** The ledger holds records of this executor that it does not have: nothing is claimed. */
  readonly isBehind?: boolean;
  /** The id of the stop that names this target, or null. */
  /** Of stops that let nothing be claimed. */
  readonly stoppedBy: (kind: StopKind, target: string) => string | null;
};

/** For decisions about tasks that are about nobody. */
export const NO_SUBJECTS: Pick<TaskDeps, "isErased" | "consentOf"> = {
  isErased: () => false,
  consentOf: () => NO_CONSENT,
};
