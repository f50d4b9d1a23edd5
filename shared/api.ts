/**
 * Answers of the public HTTP interface that are more than one task or review: the server validates its document with them, the client
 * its answers. One file per area stands in `api/`. Times are RFC 3339 in UTC; `incomplete` always lists the executors that did not
 * answer in time.
 */
export * from "./api/jobs.ts";
export * from "./api/automation-report.ts";
export * from "./api/alerts.ts";
export * from "./api/automations.ts";
export * from "./api/budgets.ts";
export * from "./api/calibration.ts";
export * from "./api/capabilities.ts";
export * from "./api/completeness.ts";
export * from "./api/enrolments.ts";
export * from "./api/epochs.ts";
export * from "./api/events.ts";
export * from "./api/explain.ts";
export * from "./api/impact.ts";
export * from "./api/ledger.ts";
export * from "./api/outcomes.ts";
export * from "./api/metrics.ts";
export * from "./api/memory.ts";
export * from "./api/oversight.ts";
export * from "./api/overview.ts";
export * from "./api/replay.ts";
export * from "./api/reviews.ts";
export * from "./api/runs.ts";
export * from "./api/stops.ts";
export * from "./api/subjects.ts";
export * from "./api/tasks.ts";
export * from "./api/toggles.ts";
export * from "./api/trace.ts";
export * from "./api/trust.ts";
export * from "./api/undo.ts";
