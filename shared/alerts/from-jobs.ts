/** Which alerts follow from what the jobs found. Pure. */
import type { AlertFound } from "./evaluate.ts";
import { runbookOf } from "./rules.ts";

type Run = { readonly job: string; readonly found: number };

/** Of runs, the newest first. A later comparison looks at a later span: it says nothing of what an earlier one found. */
export function alertsOfRuns(runs: readonly Run[]): AlertFound[] {
  const compared = Math.max(0, ...runs.filter(({ job }) => job === "completeness").map(({ found }) => found));
  // A run that not every executor answered counts what it was told of.
  const overdue = runs.find(({ job }) => job === "samples")?.found ?? 0;
  return [
    ...alert("completeness", "Effects and the log do not agree", "page", compared),
    ...alert("samples-overdue", "Sampled actions have not been judged in time", "ticket", overdue),
  ];
}

const alert = (rule: string, title: string, severity: AlertFound["severity"], value: number): AlertFound[] =>
  value === 0
    ? []
    : [
        {
          id: rule,
          rule,
          title,
          severity,
          owner: "operations",
          automation: null,
          region: null,
          value,
          raiseAt: 1,
          unit: "count",
          runbook: runbookOf(rule),
        },
      ];
