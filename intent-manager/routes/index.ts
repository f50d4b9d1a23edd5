/** Every route, in the order of the API document. */
import type { Endpoint } from "../http/endpoint.ts";
import { acknowledgeAlert, listAlerts } from "./alerts.ts";
import { health, jwks, overview, trust, whoami } from "./about.ts";
import { listAutomations, pauseAutomation, putAutomation, readAutomation, resumeAutomation } from "./automations.ts";
import { reportAutomation } from "./automation-report.ts";
import { calibrateAutomation } from "./calibration.ts";
import { readBudgets } from "./budgets.ts";
import { listCapabilities, restoreCapability, revokeCapability } from "./capabilities.ts";
import { checkEffects } from "./completeness.ts";
import { enrol, listEnrolments, requestEnrolment, revokeKey } from "./enrolments.ts";
import { sendEvent } from "./events.ts";
import { periodEvidence, taskEvidence } from "./evidence.ts";
import { explainTask } from "./explain.ts";
import { readImpact } from "./impact.ts";
import { submitIntent } from "./intents.ts";
import { ledgerEffects, ledgerEntries, ledgerProof, ledgerWitnesses } from "./ledger.ts";
import { applyEpoch } from "./ledger-epochs.ts";
import { listJobs, runJobNow } from "./jobs.ts";
import { applyRewind, findRewind } from "./ledger-rewinds.ts";
import { deleteMemory, listMemory, memoryHistory, putMemory, readMemory, searchMemory } from "./memory.ts";
import { deleteMemoryNamespace, listMemoryNamespaces, putMemoryNamespace } from "./memory-namespaces.ts";
import { ledgerState } from "./ledger-state.ts";
import { logCheckpoint, logEntries, logTile } from "./log.ts";
import { prometheus, readMetrics } from "./metrics.ts";
import { documentation } from "./openapi.ts";
import { reportOutcome } from "./outcome.ts";
import { judgeStep, listNotices, listSamples } from "./oversight.ts";
import { submitProposal } from "./proposals.ts";
import { replayTask } from "./replay.ts";
import { promoteRelease, publishRelease, readRelease } from "./releases.ts";
import { decideReview, listReviews, readReview } from "./reviews.ts";
import { previewReversal, reverseStep } from "./reversals.ts";
import { listRuns, readRun } from "./runs.ts";
import { resolveStep } from "./steps.ts";
import { followTask } from "./task-events.ts";
import { eraseSubject, putConsent, readSubject } from "./subjects.ts";
import { liftStop, listStops, setStop } from "./stops.ts";
import { listToggles, putToggle } from "./toggles.ts";
import { traceTask } from "./trace.ts";
import { planTask } from "./plan-task.ts";
import { cancelTask, listTasks, readTask, signalTask } from "./tasks.ts";

export const ENDPOINTS: readonly Endpoint[] = [
  submitIntent,
  submitProposal,
  sendEvent,
  listTasks,
  readTask,
  followTask,
  explainTask,
  traceTask,
  cancelTask,
  planTask,
  signalTask,
  reportOutcome,
  resolveStep,
  previewReversal,
  reverseStep,
  listReviews,
  readReview,
  decideReview,
  listSamples,
  judgeStep,
  listNotices,
  requestEnrolment,
  listEnrolments,
  enrol,
  revokeKey,
  listAutomations,
  readAutomation,
  putAutomation,
  pauseAutomation,
  resumeAutomation,
  publishRelease,
  readRelease,
  promoteRelease,
  listToggles,
  putToggle,
  listCapabilities,
  revokeCapability,
  restoreCapability,
  listStops,
  setStop,
  liftStop,
  readSubject,
  eraseSubject,
  putConsent,
  reportAutomation,
  calibrateAutomation,
  listRuns,
  readRun,
  readImpact,
  replayTask,
  readBudgets,
  listMemoryNamespaces,
  putMemoryNamespace,
  deleteMemoryNamespace,
  listMemory,
  searchMemory,
  memoryHistory,
  readMemory,
  putMemory,
  deleteMemory,
  taskEvidence,
  periodEvidence,
  ledgerEntries,
  ledgerProof,
  ledgerWitnesses,
  ledgerEffects,
  checkEffects,
  ledgerState,
  applyEpoch,
  findRewind,
  applyRewind,
  whoami,
  overview,
  listJobs,
  runJobNow,
  readMetrics,
  listAlerts,
  acknowledgeAlert,
  prometheus,
  trust,
  logCheckpoint,
  // Before the tiles, whose path would hold this one.
  logEntries,
  logTile,
  jwks,
  health,
  ...documentation(() => ENDPOINTS),
];
