/** `countersign watch TASK`: follows a task until it has settled. */
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { status } from "../views/task.ts";
import { eventText } from "../views/event.ts";

export const watch: Command = {
  name: "watch",
  summary: "Follows a task, one line for each event, until it has settled. With --json one event on a line.",
  args: {
    task: { type: "positional", description: "The task" },
    after: { type: "string", valueHint: "POSITION", description: "Only events after this position of the chain" },
  },
  examples: ["countersign watch tsk_eu_2_…", "countersign watch tsk_eu_2_… --json | jq .event.type"],
  run: async (call) => {
    const client = call.client("app", "agent", "auditor");
    if (!client.ok) return client;
    const task = call.args.text("task")!;
    const after = call.args.count("after");
    for await (const event of client.value.followTask(task, {
      signal: call.platform.signal,
      ...(after === undefined ? {} : { after }),
    })) {
      if (!event.ok) return event;
      call.print(eventText(event.value), event.value);
    }
    if (call.platform.signal.aborted) return ok({ json: undefined, text: "" });
    const settled = await client.value.readTask(task);
    if (!settled.ok) return settled;
    return ok({
      json: undefined,
      text: `${status(settled.value.status)}${settled.value.why === null ? "" : `: ${settled.value.why}`}`,
    });
  },
};
