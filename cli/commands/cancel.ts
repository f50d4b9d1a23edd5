/** `countersign cancel TASK`. */
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { taskText } from "../views/task.ts";

export const cancel: Command = {
  name: "cancel",
  summary: "Cancels a task: what has not begun does not begin, what is under way ends as it ends.",
  args: { task: { type: "positional", description: "The task" } },
  examples: ["countersign cancel tsk_eu_2_…"],
  run: async (call) => {
    const client = call.client("app", "operator", "admin");
    if (!client.ok) return client;
    const cancelled = await client.value.cancelTask(call.args.text("task")!);
    return cancelled.ok ? ok({ json: cancelled.value, text: taskText(cancelled.value) }) : cancelled;
  },
};
