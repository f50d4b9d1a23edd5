/** `countersign explain TASK`: why a task went as it did. */
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";

export const explain: Command = {
  name: "explain",
  summary:
    "What came in, the plan, each rule that decided, who signed, what changed, and where it stands in the ledger.",
  args: {
    task: { type: "positional", description: "The task" },
    markdown: { type: "boolean", description: "Markdown (this is also the default)" },
  },
  examples: [
    "countersign explain tsk_eu_2_…",
    "countersign explain tsk_eu_2_… --json | jq '.steps[].because'",
    "countersign explain tsk_eu_2_… > case.md",
  ],
  run: async (call) => {
    const client = call.client("auditor", "app", "agent");
    if (!client.ok) return client;
    const task = call.args.text("task")!;
    if (call.json) {
      const explained = await client.value.explainTask(task);
      return explained.ok ? ok({ json: explained.value, text: "" }) : explained;
    }
    const markdown = await client.value.explainTaskAsMarkdown(task);
    return markdown.ok ? ok({ json: undefined, text: markdown.value.trimEnd() }) : markdown;
  },
};
