/** `countersign outcome TASK`: whether what a task decided was right. */
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { pastTime } from "../times.ts";
import { taskText } from "../views/task.ts";

export const outcome: Command = {
  name: "outcome",
  summary: "Reports whether what a task decided was right; what the same source said before is superseded.",
  args: {
    task: { type: "positional", description: "The task" },
    correct: { type: "boolean", description: "It was right" },
    wrong: { type: "boolean", description: "It was wrong" },
    source: { type: "string", valueHint: "NAME", description: "Who says so: a system or a team" },
    label: { type: "string", valueHint: "CODE", description: "What was found, in one short code" },
    at: { type: "string", valueHint: "TIME", description: "When it turned out: a time, a day, or 7d, 12h" },
    note: { type: "string", description: "Words for people; the record only commits to them" },
  },
  examples: [
    "countersign outcome tsk_eu_2_… --correct --source returns-desk",
    "countersign outcome tsk_eu_2_… --wrong --source audit --label refunded-twice",
  ],
  run: async ({ args, client: connect, platform }) => {
    if (args.flag("correct") === args.flag("wrong")) throw new UsageError("Say one of --correct and --wrong.");
    const [task, source] = [args.required("task"), args.required("source")];
    const at = pastTime(args.text("at"), platform.nowMs());
    const [label, note] = [args.text("label"), args.text("note")];
    const client = connect("app", "operator", "admin");
    if (!client.ok) return client;
    const reported = await client.value.reportOutcome(task, {
      correct: args.flag("correct"),
      source,
      ...(label === undefined ? {} : { label }),
      ...(at === undefined ? {} : { at }),
      ...(note === undefined ? {} : { note }),
    });
    return reported.ok ? ok({ json: reported.value, text: taskText(reported.value) }) : reported;
  },
};
