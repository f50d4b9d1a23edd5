import { expect, it } from "vitest";
import { automationReport, type RuleWords } from "../../intent-manager/insight/automation-report.ts";
import { reportMarkdown } from "../../intent-manager/insight/report-words.ts";
import type { RunStep, RunView } from "../../shared/api/runs.ts";
import { someRun } from "../support/some-run.ts";

const step = (name: string, more: Partial<RunStep> = {}): RunStep => ({
  step: name,
  round: 1,
  action: `act_${name}`,
  capability: "orders.cancel",
  status: "applied",
  undoes: null,
  why: null,
  decision: { answer: "allow", rules: ["small"], byDefault: false, errors: [] },
  args: null,
  result: null,
  tags: [],
  reviews: [],
  claimed: null,
  sampled: null,
  judged: null,
  attempts: 1,
  retries: 0,
  holds: 0,
  asked: 0,
  errors: [],
  resolved: null,
  observed: null,
  startedAt: null,
  endedAt: "2026-11-01T00:00:01.000Z",
  durationMs: null,
  ...more,
});
const run = (task: string, steps: RunStep[], more: Partial<RunView> = {}): RunView => ({
  ...someRun,
  task,
  steps,
  ...more,
});

const asked = step("ask", {
  decision: { answer: "review", rules: ["large"], byDefault: false, errors: [] },
  reviews: [
    {
      review: "rev_1",
      requestedAt: "2026-11-01T00:00:00.000Z",
      endedAt: "2026-11-01T00:02:00.000Z",
      tookMs: 120_000,
      outcome: "approved",
      signed: [{ member: "bea", roles: ["lead"], decision: "approve", at: "2026-11-01T00:02:00.000Z" }],
    },
  ],
});
const said = (at: string, correct: boolean) => ({
  at,
  index: 10,
  type: "outcome-reported",
  step: null,
  by: "audit",
  outcome: { correct, label: null },
});
const runs = [
  run("t1", [asked], { durationMs: 100 }),
  run("t2", [step("s")], {
    durationMs: 300,
    now: { s: "reversed" },
    later: [
      { at: "2026-11-02T00:00:00.000Z", index: 9, type: "undo-started", step: "s", by: "ada" },
      said("2026-11-02T01:00:00.000Z", true),
      said("2026-11-02T02:00:00.000Z", false),
    ],
  }),
  run(
    "t3",
    [step("s", { status: "denied", decision: { answer: "deny", rules: ["never"], byDefault: false, errors: [] } })],
    {
      status: "failed",
    },
  ),
  run("t4", [step("s", { status: "in_doubt" }), step("f", { status: "failed", errors: ["premise-failed"] })], {
    status: "waiting",
  }),
  run("t5", [], {
    status: "failed",
    why: "budget-exceeded",
    models: ["tiny-1"],
    modelCalls: 3,
    costMicroCents: 125_000_000,
  }),
];
const report = automationReport({
  automation: "refunds",
  from: "2026-11-01T00:00:00.000Z",
  to: "2026-11-08T00:00:00.000Z",
  runs,
  summaries: new Map([["orders.cancel", "Cancels a pending order"]]),
  rules: new Map([
    [`${someRun.release} large`, { message: null, when: "args.amountCents > 5000" } as RuleWords],
    [`${someRun.release} never`, { message: "Shipped *orders* stay.", when: "preview.status != 'pending'" }],
  ]),
  cut: false,
});

it("a report counts what was done, stopped, countersigned, taken back and left in doubt, each case with its task", () => {
  expect(report).toMatchObject({
    runs: { total: 5, byStatus: { succeeded: 2, failed: 2, waiting: 1 }, medianMs: 100, p90Ms: 300 },
    did: [{ capability: "orders.cancel", byStatus: { applied: 1, reversed: 1, denied: 1, in_doubt: 1, failed: 1 } }],
    countersigned: { members: [{ member: "bea", approved: 1, rejected: 0 }], medianMs: 120_000 },
    undone: [{ task: "t2", step: "s", as: "reversed", by: "ada", explain: "/v1/tasks/t2/explain" }],
    inDoubt: [{ task: "t4" }],
    failed: [{ code: "premise-failed", times: 1 }],
  });
  expect(report.stopped.map(({ rule, answer, message, cases }) => [rule, answer, message, cases[0]!.task])).toEqual([
    ["large", "review", null, "t1"],
    ["never", "deny", "Shipped *orders* stay.", "t3"],
  ]);
});

it("its words say so as somebody of the business would, and its Markdown obeys nobody else's", () => {
  expect(report.words).toEqual([
    "From 2026-11-01 to 2026-11-08, refunds worked on 5 tasks: 2 done, 2 failed, 1 waiting for somebody.",
    "Nine of ten of those that ended took up to a second.",
    "Set off by mail (5 times).",
    "Once it did this, and it stands: Cancels a pending order. (orders.cancel)",
    "Once it had to ask people first: its condition held: args.amountCents > 5000 (rule large)",
    "Once it wanted to act and was not allowed to: Shipped *orders* stay. (rule never)",
    "People (bea) said yes once; half of their answers came within 2 minutes.",
    "1 action was taken back, for ada.",
    "It is not known whether 1 action happened: somebody must check.",
    "1 action failed: A premise of the action does not hold (premise-failed).",
    "1 task ended without success: The budget for models is spent (budget-exceeded).",
    "Of 1 task somebody said later whether the decision was right: 0 right, 1 wrong.",
    "It asked models 3 times (tiny-1), for 1.25 in the provider's currency, 0.25 a task.",
  ]);
  const markdown = reportMarkdown(report);
  expect(markdown).toContain("Shipped \\*orders\\* stay.");
  expect(markdown).toContain("[s of t2](/v1/tasks/t2/explain): reversed, asked for by `ada`");
  const nothing = automationReport({
    automation: "quiet",
    from: "2026-11-01T00:00:00.000Z",
    to: "2026-11-08T00:00:00.000Z",
    runs: [],
    rules: new Map(),
    summaries: new Map(),
    cut: false,
  });
  expect(nothing.words).toEqual(["From 2026-11-01 to 2026-11-08, quiet had no task."]);
});
