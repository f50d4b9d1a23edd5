/** `countersign samples`, `judge` and `notices`: what people look at after an action was done without them. */
import type { NoticePage, SamplePage } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, cyan, dim, green, line, time, yellow } from "../output.ts";
import { taskText } from "../views/task.ts";

export const samples: Command = {
  name: "samples",
  summary: "Lists automatic actions that were drawn at random, for people to say whether they were right.",
  args: {},
  examples: ["countersign samples", "countersign samples --json | jq '.samples[].args'"],
  run: async (call) => {
    const client = call.client("approver", "auditor");
    if (!client.ok) return client;
    const page = await client.value.listSamples();
    return page.ok ? ok({ json: page.value, text: samplesText(page.value) }) : page;
  },
};

export const judge: Command = {
  name: "judge",
  summary: "Says whether an action of the audit sample was right; a later word supersedes an earlier one.",
  args: {
    task: { type: "positional", description: "The task" },
    step: { type: "positional", description: "The step" },
    correct: { type: "boolean", description: "It was right" },
    wrong: { type: "boolean", description: "It was wrong" },
    label: { type: "string", valueHint: "CODE", description: "What was found, in one short code" },
    note: { type: "string", description: "Words for people; the record only commits to them" },
  },
  examples: [
    "countersign judge tsk_eu_2_… refund --correct",
    "countersign judge tsk_eu_2_… refund --wrong --label not-due",
  ],
  run: async ({ args, client: connect }) => {
    if (args.flag("correct") === args.flag("wrong")) throw new UsageError("Say one of --correct and --wrong.");
    const client = connect("approver", "auditor");
    if (!client.ok) return client;
    const [label, note] = [args.text("label"), args.text("note")];
    const judged = await client.value.judgeStep(args.required("task"), args.required("step"), {
      correct: args.flag("correct"),
      ...(label === undefined ? {} : { label }),
      ...(note === undefined ? {} : { note }),
    });
    return judged.ok ? ok({ json: judged.value, text: taskText(judged.value) }) : judged;
  },
};

export const notices: Command = {
  name: "notices",
  summary: "Lists what was done without a person and of which the owner is told, with the time to take it back.",
  args: {},
  examples: ["countersign notices", "countersign notices --json"],
  run: async (call) => {
    const client = call.client("approver", "auditor");
    if (!client.ok) return client;
    const page = await client.value.listNotices();
    return page.ok ? ok({ json: page.value, text: noticesText(page.value) }) : page;
  },
};

function samplesText({ samples: all, overdue, incomplete }: SamplePage): string {
  const lines = all.flatMap(({ task, step, capability, automation, label, args, dueAt }) => [
    `${bold(line(capability))}  ${line(automation)}${label === null ? "" : `, labelled ${line(label)}`}`,
    `  ${line(JSON.stringify(args)).slice(0, 200)}`,
    dim(`  to be judged by ${dueAt === null ? "now" : time(dueAt)} UTC`),
    `  ${cyan(`countersign judge ${line(task)} ${line(step)} --correct`)}`,
  ]);
  return [
    ...(lines.length === 0 ? [green("Nothing is to be judged.")] : lines),
    ...(overdue === 0 ? [] : [yellow(`${overdue} of them are overdue.`)]),
    ...silent(incomplete),
  ].join("\n");
}

function noticesText({ notices: all, incomplete }: NoticePage): string {
  const lines = all.flatMap(({ task, step, capability, automation, at, dueAt, toldAt }) => [
    `${bold(line(capability))}  ${line(automation)}, ${time(at)} UTC${toldAt === null ? dim("  nobody was told yet") : ""}`,
    dueAt === null
      ? dim("  nothing takes it back")
      : `  until ${time(dueAt)} UTC: ${cyan(`countersign reverse ${line(task)} ${line(step)} --reason …`)}`,
  ]);
  return [...(lines.length === 0 ? ["There are no notices."] : lines), ...silent(incomplete)].join("\n");
}

const silent = (incomplete: readonly string[]): string[] =>
  incomplete.length === 0 ? [] : [yellow(`No answer from ${incomplete.join(", ")}: theirs are missing.`)];
