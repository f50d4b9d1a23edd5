/** An alert in the words of the overview. Pure. */
import type { AlertView } from "../../../shared/api.ts";
import { ALERT_RULES } from "../../../shared/alerts/rules.ts";
import { ago, count, percent, shortDuration } from "./format.ts";

const amount = (value: number, unit: AlertView["unit"]): string =>
  unit === "seconds" ? shortDuration(value * 1_000) : unit === "ratio" ? percent(value) : count(value);

/** `at 8 min 20 s, limit 5 min`; of what may not be at all, how many there are. */
export const valueOf = ({ value, raiseAt, unit }: AlertView): string =>
  unit === "count" && raiseAt === 1
    ? `${count(value)} now`
    : `at ${amount(value, unit)}, limit ${amount(raiseAt, unit)}`;

/** What it is about: `order-changes in eu`; null for the system as a whole. */
export const scopeOf = ({ automation, region }: AlertView): string | null =>
  automation === null ? null : region === null ? automation : `${automation} in ${region}`;

/** Whether somebody was told; null where nobody is to be. */
export function toldOf({ notification: { state, at, error } }: AlertView, nowMs: number): string | null {
  if (state === "off") return null;
  if (state === "told") return at === null ? "told" : `told ${ago(Date.parse(at), nowMs)}`;
  return state === "waiting" ? "not told yet" : `could not be told: ${error ?? "unknown"}`;
}

/** What a runbook is about, where it belongs to a rule. */
export const titleOfRule = (rule: string): string | null => ALERT_RULES.find(({ id }) => id === rule)?.title ?? null;
