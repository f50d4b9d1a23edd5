/** Alerts and figures of the made-up world: one thing that wakes somebody, one that waits for the day, one that is over. */

const ago = (ms) => new Date(Date.now() - ms).toISOString();
const MINUTE = 60_000;

const alert = (fields) => ({
  severity: "ticket",
  owner: "operations",
  automation: null,
  region: null,
  unit: "seconds",
  raiseAt: 300,
  state: "raised",
  lastSeenAt: ago(20_000),
  raisedAt: fields.firstSeenAt,
  clearedAt: null,
  acknowledged: null,
  notification: { state: "told", at: fields.firstSeenAt, error: null },
  runbook: `docs/runbooks/${fields.rule}.md`,
  ...fields,
});

export const alerts = (state, who) => ({
  at: ago(20_000),
  stale: false,
  notifies: "https://hooks.example.com",
  alerts: [
    alert({
      id: "in-doubt",
      rule: "in-doubt",
      title: "An effect has been in doubt for long",
      severity: "page",
      value: 2_520,
      raiseAt: 1_800,
      firstSeenAt: ago(12 * MINUTE),
    }),
    alert({
      id: "task-failures:support-desk:us",
      rule: "task-failures",
      title: "Many tasks fail",
      owner: "support",
      automation: "support-desk",
      region: "us",
      value: 0.31,
      raiseAt: 0.2,
      unit: "ratio",
      firstSeenAt: ago(96 * MINUTE),
      notification: { state: "failed", at: null, error: "The address answered 500." },
    }),
    alert({
      id: "reviews-waiting",
      rule: "reviews-waiting",
      title: "A review has waited for long",
      value: 14_900,
      raiseAt: 14_400,
      state: "pending",
      firstSeenAt: ago(20_000),
      notification: { state: "off", at: null, error: null },
    }),
    alert({
      id: "trace-export",
      rule: "trace-export",
      title: "Traces do not reach their collector",
      value: 1,
      raiseAt: 1,
      unit: "count",
      state: "cleared",
      firstSeenAt: ago(400 * MINUTE),
      clearedAt: ago(380 * MINUTE),
      acknowledged: { by: "grace", at: ago(395 * MINUTE) },
    }),
  ].map((one) =>
    state.acknowledged.includes(one.id) ? { ...one, acknowledged: { by: who.member ?? who.key, at: ago(0) } } : one,
  ),
});

const durations = (count, p50Ms, p95Ms, p99Ms) => ({ count, meanMs: p50Ms, p50Ms, p95Ms, p99Ms });
const none = { count: 0, meanMs: null, p50Ms: null, p95Ms: null, p99Ms: null };

const step = (capability, attempts, fields = {}) => ({
  capability,
  throughputPerHour: attempts / 24,
  latency: durations(attempts, 30, 100, 300),
  attempts,
  applied: { write: attempts },
  retries: {},
  errors: {},
  held: {},
  inDoubt: 0,
  inDoubtFor: none,
  reviews: {},
  timeToIntervention: none,
  acceptance: null,
  rollbackRate: 0,
  overrides: 0,
  overrideRate: 0,
  predictions: { matched: attempts },
  undos: {},
  decisions: { correct: 0, incorrect: 0, accuracy: null },
  ...fields,
});

const automation = (name, region, fields) => ({
  automation: name,
  region,
  opened: 120,
  settled: { succeeded: 112, failed: 2, cancelled: 4 },
  throughputPerHour: 4.917,
  cycle: durations(118, 3_000, 300_000, 3_600_000),
  people: { tasks: 31, frequency: 0.2627, timeToIntervention: durations(31, 300_000, 3_600_000, 3_600_000) },
  suggestions: { approved: 28, rejected: 3, expired: 1, acceptance: 0.9032 },
  rollback: { compensations: 1, reversals: 2, rate: 0.0268 },
  overrides: { count: 1, rate: 0.0085 },
  predictions: { matched: 118, mismatched: 1, unobserved: 0, mismatchRate: 0.0084 },
  decisions: { correct: 40, incorrect: 1, accuracy: 0.9756 },
  sla: { met: 117, missed: 1, adherence: 0.9915 },
  models: {
    calls: none,
    errors: {},
    inputTokens: 0,
    outputTokens: 0,
    recalled: 0,
    recalledSavedMicroCents: 0,
    planningStopped: {},
  },
  costMicroCents: 0,
  costPerTaskMicroCents: 0,
  steps: [step("orders.get", 118, { applied: { read: 118 } }), step("orders.cancel", 64)],
  ...fields,
});

export const metrics = (window) => ({
  window,
  from: ago(86_400_000),
  to: ago(0),
  cut: false,
  automations:
    window === "1h"
      ? []
      : [
          automation("order-changes", "eu", {}),
          automation("order-changes", "us", { opened: 44, settled: { succeeded: 43 } }),
          automation("support-desk", "us", {
            opened: 30,
            settled: { succeeded: 20, failed: 7, expired: 2 },
            throughputPerHour: 1.208,
            sla: { met: 0, missed: 0, adherence: null },
            models: {
              calls: durations(33, 1_000, 2_500, 5_000),
              errors: { "model-timeout": 2 },
              inputTokens: 61_000,
              outputTokens: 9_200,
              recalled: 0,
              recalledSavedMicroCents: 0,
              planningStopped: { "model-unsure": 1 },
            },
            costMicroCents: 41_230_000,
            costPerTaskMicroCents: 1_421_724,
            steps: [
              step("payments.refund", 22, {
                retries: { "target-unavailable": 6 },
                errors: { "effect-refused": 4, "policy-denied": 3 },
                held: { gate: 2 },
                inDoubt: 1,
                inDoubtFor: durations(1, 1_800_000, 1_800_000, 1_800_000),
              }),
            ],
          }),
        ],
  now: {
    inDoubt: { tasks: 1, oldestAt: ago(42 * MINUTE) },
    reviews: { tasks: 5, oldestAt: ago(248 * MINUTE) },
    held: { tasks: 0, oldestAt: null },
    planning: { tasks: 0, oldestAt: null },
    waits: [],
    executors: [
      {
        executor: "dev/eu/2",
        open: 3,
        waiting: 1,
        undelivered: 2,
        oldestUndeliveredAt: ago(4_000),
        oldestDueAt: null,
        alarms: 0,
        stuck: 0,
        deadLetters: 0,
        quarantined: 0,
      },
    ],
    silent: [],
    ledger: { size: 3_207, lag: 0, quarantined: 0 },
    traces: null,
  },
});
