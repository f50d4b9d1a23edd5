/** Which alert rules hold, by the figures of the last hour and of now. Pure. */
import type { AlertView } from "../api/alerts.ts";
import type { AutomationMetrics, Metrics } from "../api/metrics.ts";
import { ALERT_RULES, runbookOf, type AlertRule } from "./rules.ts";

export function alertsOf(
  { automations, now }: { readonly automations: readonly AutomationMetrics[]; readonly now: Metrics["now"] },
  nowMs: number,
  rules: readonly AlertRule[] = ALERT_RULES,
): AlertView[] {
  const raised: AlertView[] = [];
  for (const rule of rules) {
    const { id, title, severity, owner, raiseAt, unit } = rule;
    const about = { id, title, severity, owner, raiseAt, unit, runbook: runbookOf(id) };
    if (rule.of === "system") {
      const value = rule.value(now, nowMs);
      if (value >= raiseAt) raised.push({ ...about, automation: null, region: null, value });
      continue;
    }
    for (const figures of automations) {
      if (rule.counted(figures) < (rule.cases ?? 1)) continue;
      const value = rule.value(figures);
      if (value === null || !(value >= raiseAt)) continue;
      const rounded = Math.round(value * 10_000) / 10_000;
      raised.push({ ...about, automation: figures.automation, region: figures.region, value: rounded });
    }
  }
  return raised.toSorted((a, b) => (a.severity === b.severity ? 0 : a.severity === "page" ? -1 : 1));
}
