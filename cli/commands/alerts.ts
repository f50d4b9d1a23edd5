/** `countersign alerts`: what somebody should look at, and the word that somebody does. */
import type { AlertView } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { bold, cyan, dim, green, line, red, time, yellow } from "../output.ts";

export const alerts: Command = {
  name: "alerts",
  summary: "Shows what somebody should look at, with owner and runbook; --acknowledge says that you are on it.",
  args: {
    acknowledge: { type: "string", valueHint: "ID", description: "Acknowledge this alert" },
    all: { type: "boolean", description: "Also those that cleared within the last day, and those seen once" },
  },
  examples: ["countersign alerts", "countersign alerts --acknowledge task-failures:order-cancellation:eu"],
  run: async ({ args, client: connect }) => {
    const id = args.text("acknowledge");
    const client = id === undefined ? connect("auditor", "operator", "admin") : connect("operator", "admin");
    if (!client.ok) return client;
    if (id !== undefined) {
      const alert = await client.value.acknowledgeAlert(id);
      return alert.ok ? ok({ json: alert.value, text: alertText(alert.value) }) : alert;
    }
    const page = await client.value.alerts();
    if (!page.ok) return page;
    const shown = page.value.alerts.filter(({ state }) => args.flag("all") || state === "raised");
    const { at, stale } = page.value;
    const when = at === null ? "The rules were never evaluated." : `Evaluated ${time(at)} UTC.`;
    const text = [
      shown.length === 0 ? green("Nothing is raised.") : shown.map(alertText).join("\n\n"),
      stale ? yellow(`${when} That is too long ago: see the jobs.`) : dim(when),
    ];
    return ok({ json: page.value, text: text.join("\n") });
  },
};

function alertText(alert: AlertView): string {
  const { id, title, severity, owner, value, raiseAt, unit, runbook, state, firstSeenAt, notification } = alert;
  const colour = state !== "raised" ? dim : severity === "page" ? red : yellow;
  const shown = (n: number): string =>
    unit === "ratio" ? `${Math.round(n * 100)} %` : unit === "seconds" ? `${n} s` : `${n}`;
  const on =
    alert.acknowledged === null
      ? cyan(`countersign alerts --acknowledge ${line(id)}`)
      : `${line(alert.acknowledged.by)} is on it`;
  return [
    `${colour(severity)}  ${bold(line(title))}  ${dim(line(id))}${state === "raised" ? "" : dim(`  ${state}`)}`,
    `  ${shown(value)} (raised at ${shown(raiseAt)}), since ${time(firstSeenAt)} UTC`,
    `  ${line(owner)}: ${line(runbook)}`,
    `  ${on}`,
    ...(notification.state === "failed" ? [red(`  nobody could be told: ${line(notification.error ?? "")}`)] : []),
  ].join("\n");
}
