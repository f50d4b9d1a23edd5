/** `countersign tasks [TASK]`: the newest tasks, or one as it stands now. */
import { ok, type Result } from "../../shared/result.ts";
import type { Answer, Call, Command } from "../command.ts";
import { cyan, dim, line, table, time } from "../output.ts";
import { status, taskText } from "../views/task.ts";

export const tasks: Command = {
  name: "tasks",
  summary: "Lists the newest tasks, or shows one.",
  args: {
    task: { type: "positional", required: false, description: "One task, read from its executor" },
    automation: { type: "string", valueHint: "NAME", description: "Only of this automation" },
    status: { type: "string", valueHint: "STATUS", description: "Only in this status" },
    region: { type: "string", valueHint: "REGION", description: "Only in this region" },
    limit: { type: "string", valueHint: "N", description: "At most so many (default 20)" },
    cursor: { type: "string", description: "Continue where an earlier page ended" },
  },
  examples: ["countersign tasks", "countersign tasks --status waiting --limit 5", "countersign tasks tsk_eu_2_…"],
  run: async (call) => {
    const task = call.args.text("task");
    return task === undefined ? list(call) : show(call, task);
  },
};

async function show(call: Call, task: string): Promise<Result<Answer>> {
  const client = call.client("app", "agent", "auditor");
  if (!client.ok) return client;
  const read = await client.value.readTask(task);
  return read.ok ? ok({ json: read.value, text: taskText(read.value) }) : read;
}

async function list(call: Call): Promise<Result<Answer>> {
  const client = call.client("app", "agent", "auditor");
  if (!client.ok) return client;
  const { args } = call;
  const filter = {
    automation: args.text("automation"),
    status: args.text("status"),
    region: args.text("region"),
    cursor: args.text("cursor"),
  };
  const page = await client.value.listTasks({
    ...(Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
      automation?: string;
    }),
    limit: args.count("limit") ?? 20,
  });
  if (!page.ok) return page;
  const rows = page.value.tasks.map((row) => [
    cyan(row.task),
    status(row.status),
    line(row.automation),
    dim(`${time(row.updatedAt)} UTC`),
  ]);
  const more = page.value.next === null ? [] : ["", dim(`more: --cursor ${page.value.next}`)];
  return ok({ json: page.value, text: rows.length === 0 ? "No tasks." : [table(rows), ...more].join("\n") });
}
