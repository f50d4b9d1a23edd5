/** `countersign reverse TASK STEP`: takes an applied action back, or shows what that would meet. */
import type { DependentsView, ReversalAnswer } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { cyan, line, table, time } from "../output.ts";
import { status, taskText } from "../views/task.ts";

export const reverse: Command = {
  name: "reverse",
  summary: "Takes an applied action back, inside its window and as policy allows.",
  args: {
    task: { type: "positional", description: "The task" },
    step: { type: "positional", description: "Its step" },
    reason: { type: "string", description: "Why; it is recorded as written" },
    cascade: { type: "boolean", description: "Reverse what depends on it first, the newest first" },
    preview: { type: "boolean", description: "Only show until when it can be reversed, and what depends on it" },
  },
  examples: [
    "countersign reverse tsk_eu_2_… cancel --preview",
    `countersign reverse tsk_eu_2_… cancel --reason "the customer changed her mind"`,
  ],
  run: async (call) => {
    const client = call.client("operator", "app", "admin");
    if (!client.ok) return client;
    const [task, step] = [call.args.required("task"), call.args.required("step")];
    if (call.args.flag("preview")) {
      const preview = await client.value.previewReversal(task, step);
      return preview.ok ? ok({ json: preview.value, text: previewText(step, preview.value) }) : preview;
    }
    const reason = call.args.required("reason");
    const reversed = await client.value.reverseStep(task, step, { reason, cascade: call.args.flag("cascade") });
    return reversed.ok ? ok({ json: reversed.value, text: answerText(step, reversed.value) }) : reversed;
  },
};

function previewText(step: string, { status: now, reversibleUntil, dependents }: DependentsView): string {
  const window = reversibleUntil === null ? "cannot be reversed" : `can be reversed until ${time(reversibleUntil)} UTC`;
  const lines = [`${line(step)} is ${status(now)} and ${window}.`];
  if (dependents.length === 0) lines.push("Nothing that the ledger knows of depends on it.");
  else
    lines.push(
      `${dependents.length} later ${dependents.length === 1 ? "action" : "actions"} touched the same things, newest first:`,
      table(
        dependents.map((one) => [line(one.task), line(one.step), `${time(one.at)} UTC`, one.tags.map(line).join(", ")]),
        "  ",
      ),
      `${cyan("--cascade")} reverses these first.`,
    );
  return lines.join("\n");
}

function answerText(step: string, { status: now, cascaded, task }: ReversalAnswer): string {
  const lines = cascaded.map((one) => `${line(one.task)} ${line(one.step)}: ${status(one.status)}`);
  if (task === null) lines.push(`${line(step)} waits until these are taken back; ask again then.`);
  else lines.push(`${line(step)}: ${status(now)}`, "", taskText(task));
  return lines.join("\n");
}
