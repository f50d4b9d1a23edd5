/** What must hold before an action is taken back (see executors/guards/index.ts). */
import { parseTaskId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Receipt } from "../../shared/receipt.ts";
import type { Reversal } from "../../shared/reversal.ts";
import type { StepPhase } from "../task/state.ts";

type Named = { readonly tenant: string; readonly region: string };

export const UNDO_GUARDS = {
  /** audience-mismatch: a reversal asked for in one tenant would run in another. */
  "reversal-tenant": (asked: Reversal, here: Named): boolean => asked.tenant === here.tenant,
  /** audience-mismatch: a reversal would run in another region than was asked. */
  "reversal-region": (asked: Reversal, here: Named): boolean => asked.region === here.region,
  /** audience-mismatch: the reversal of one task's action would take back another's. */
  "reversal-task": (asked: Reversal, task: string): boolean => asked.task === task,
  /** audience-mismatch: the record would say that another step was asked to be taken back. */
  "reversal-step": (asked: Reversal, step: string): boolean => asked.step === step,
  /** audience-mismatch: a request to take back one action would take back another. */
  "reversal-action": (asked: Reversal, action: string): boolean => asked.action === action,
  /** duplicate: one request would begin an undo again after every other one that failed. */
  "reversal-new": (asked: string, requests: readonly (string | null)[]): boolean => !requests.includes(asked),
  /** not-yet-valid: requests could be signed in store. */
  "reversal-begun": (asked: Reversal, nowMs: number): boolean => nowMs + LIMITS.clockSkewMs >= asked.atMs,
  /** expired: a request that was held back would take back what everybody has come to rely on. */
  "reversal-not-over": (asked: Reversal, nowMs: number): boolean => nowMs < asked.expiresMs,
  /** expired: whoever holds the proposal key for a moment could sign requests that work for as long as a window is open. */
  "reversal-lifetime": (asked: Reversal): boolean => asked.expiresMs - asked.atMs <= LIMITS.planLifetimeMs,
  /** reversal-window-closed: actions could be taken back for ever. */
  "reversal-in-window": (closed: boolean): boolean => !closed,
  /** not-applied: money would be paid back that was never paid. */
  "undo-of-applied": (phase: StepPhase): boolean => phase.at === "applied",
  /** already-undone: one payment would be paid back twice. */
  "undo-once": (known: boolean): boolean => !known,
  /** audience-mismatch: receipts of another tenant would say that a record here has only moved there and back. */
  "receipts-tenant": (did: Receipt, undid: Receipt, tenant: string): boolean =>
    did.tenant === tenant && undid.tenant === tenant,
  /** audience-mismatch: a record of the same name in another region would say that the one here has only moved there and back. */
  "receipts-region": (did: Receipt, region: string): boolean => parseTaskId(did.task)?.region === region,
  /** audience-mismatch: the undo of one task's action would pass for that of another's, which still stands. */
  "receipts-task": (did: Receipt, undid: Receipt): boolean => undid.task === did.task,
  /** audience-mismatch: the undo of one step would pass for that of another, which still stands. */
  "receipts-step": (did: Receipt, undoneStep: string): boolean => undoneStep === did.step,
  /** audience-mismatch: the undo of one action would pass for that of another, which still stands. */
  "receipts-action": (undid: Receipt, undoOfAction: string): boolean => undid.action === undoOfAction,
};
