/** `countersign explain TASK`: why a task went as it did. */
import { ok, type Result } from "../../shared/result.ts";
import type { Answer, Call, Command } from "../command.ts";
import { pastTime } from "../times.ts";

export const explain: Command = {
  name: "explain",
  summary:
    "What came in, the plan, each rule that decided, who signed, what changed, and where it stands in the ledger.",
  args: {
    task: { type: "positional", required: false, description: "The task" },
    automation: { type: "string", valueHint: "NAME", description: "Instead: what this automation did, and why" },
    since: {
      type: "string",
      valueHint: "TIME",
      description: "With --automation: from then on (default 7d): a time, a day, or 7d, 12h",
    },
    to: { type: "string", valueHint: "TIME", description: "With --automation: until then (default now)" },
    markdown: { type: "boolean", description: "Markdown (this is also the default)" },
  },
  examples: [
    "countersign explain tsk_eu_2_…",
    "countersign explain tsk_eu_2_… --json | jq '.steps[].because'",
    "countersign explain tsk_eu_2_… > case.md",
    "countersign explain --automation order-cancellation --since 7d",
  ],
  run: async (call) => {
    const client = call.client("auditor", "app", "agent");
    if (!client.ok) return client;
    const automation = call.args.text("automation");
    if (automation !== undefined) return explainAutomation(call, automation);
    const task = call.args.required("task");
    if (call.json) {
      const explained = await client.value.explainTask(task);
      return explained.ok ? ok({ json: explained.value, text: "" }) : explained;
    }
    const markdown = await client.value.explainTaskAsMarkdown(task);
    return markdown.ok ? ok({ json: undefined, text: markdown.value.trimEnd() }) : markdown;
  },
};

async function explainAutomation(call: Call, name: string): Promise<Result<Answer>> {
  const client = call.client("auditor", "operator", "admin");
  if (!client.ok) return client;
  const nowMs = call.platform.nowMs();
  const from = pastTime(call.args.text("since") ?? "7d", nowMs)!;
  const to = pastTime(call.args.text("to"), nowMs);
  const span = { from, ...(to === undefined ? {} : { to }) };
  if (call.json) {
    const report = await client.value.reportAutomation(name, span);
    return report.ok ? ok({ json: report.value, text: "" }) : report;
  }
  const markdown = await client.value.reportAutomationAsMarkdown(name, span);
  return markdown.ok ? ok({ json: undefined, text: markdown.value.trimEnd() }) : markdown;
}
