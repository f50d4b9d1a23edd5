/** Which alert rules hold, by the figures of the last hour and of now. Pure. */
import type { AutomationMetrics, Metrics } from "../api/metrics.ts";
import { ALERT_RULES, runbookOf, type AlertRule } from "./rules.ts";

/** A rule that holds. */
export type AlertFound = {
  /** The rule, and the automation and region that it is about. */
  readonly id: string;
  readonly rule: string;
  readonly title: string;
  readonly severity: "page" | "ticket";
  readonly owner: string;
  readonly automation: string | null;
  readonly region: string | null;
  readonly value: number;
  readonly raiseAt: number;
  readonly unit: "seconds" | "ratio" | "count";
  readonly runbook: string;
};
/** What automations say of their own alerts: who answers for them, and thresholds in place of the shipped ones. */
export type AlertSettings = ReadonlyMap<
  string,
  { readonly owner: string; readonly thresholds: { readonly [rule: string]: number | undefined } }
>;

export function alertsOf(
  { automations, now }: { readonly automations: readonly AutomationMetrics[]; readonly now: Metrics["now"] },
  nowMs: number,
  settings: AlertSettings = new Map(),
  rules: readonly AlertRule[] = ALERT_RULES,
): AlertFound[] {
  const raised: AlertFound[] = [];
  for (const rule of rules) {
    const { id, title, severity, owner, raiseAt, unit } = rule;
    const about = { rule: id, title, severity, unit, runbook: runbookOf(id) };
    if (rule.of === "system") {
      const value = rule.value(now, nowMs);
      if (value >= raiseAt) raised.push({ ...about, id, owner, raiseAt, automation: null, region: null, value });
      continue;
    }
    for (const figures of automations) {
      const { automation, region } = figures;
      const own = settings.get(automation);
      const threshold = own?.thresholds[id] ?? raiseAt;
      if (rule.counted(figures) < (rule.cases ?? 1)) continue;
      const value = rule.value(figures);
      if (value === null || !(value >= threshold)) continue;
      raised.push({
        ...about,
        id: `${id}:${automation}:${region}`,
        owner: own?.owner ?? owner,
        raiseAt: threshold,
        automation,
        region,
        value: Math.round(value * 10_000) / 10_000,
      });
    }
  }
  return raised.toSorted((a, b) => (a.severity === b.severity ? 0 : a.severity === "page" ? -1 : 1));
}
