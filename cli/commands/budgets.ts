/** `countersign budgets` and `countersign plan TASK`: what models cost today, and planning again where it has stopped. */
import type { BudgetsView } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { bold, dim, line, table } from "../output.ts";
import { taskText } from "../views/task.ts";

export const budgets: Command = {
  name: "budgets",
  summary: "What models have cost today, and what they may.",
  args: {},
  examples: ["countersign budgets", "countersign budgets --json"],
  run: async (call) => {
    const client = call.client("operator", "auditor", "app", "admin");
    if (!client.ok) return client;
    const read = await client.value.budgets();
    return read.ok ? ok({ json: read.value, text: textOf(read.value) }) : read;
  },
};

export const plan: Command = {
  name: "plan",
  summary: "Asks the models of a task's automation for its next plan, also where planning has stopped for a person.",
  args: { task: { type: "positional", description: "The task" } },
  examples: ["countersign plan tsk_eu_2_…"],
  run: async (call) => {
    const client = call.client("app", "operator", "admin");
    if (!client.ok) return client;
    const asked = await client.value.planTask(call.args.required("task"));
    return asked.ok ? ok({ json: asked.value, text: taskText(asked.value) }) : asked;
  },
};

type Spending = BudgetsView["tenant"];

function textOf({ day, configured, tenant, automations }: BudgetsView): string {
  const rows = [
    row("all of the tenant", tenant),
    ...automations.map(({ automation, ...spending }) => row(automation, spending)),
  ];
  return [
    bold(`Models on ${day} (UTC)`),
    ...(configured ? [] : [dim("  No model endpoint is configured: no model is asked.")]),
    table(rows, "  "),
  ].join("\n");
}

const row = (name: string, { spent, limit }: Spending): string[] => [
  line(name),
  `${spent.calls} of ${limit.calls} calls`,
  `${spent.tokens} of ${limit.tokens} tokens`,
  `${money(spent.microCents)} of ${money(limit.microCents)}`,
];

/** A micro-cent is a millionth of a cent; money is in the currency of the release's prices. */
const money = (microCents: number): string => (microCents / 100_000_000).toFixed(4);
