/** `countersign runs`: the run log, a page of it, one run, or an export. */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { RunView } from "../../shared/api/runs.ts";
import type { Client } from "../../shared/client.ts";
import type { RunsQuery } from "../../shared/client-answers.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Answer, Call, Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { cyan, dim, line, table, time } from "../output.ts";
import { pastTime } from "../times.ts";
import { status } from "../views/task.ts";

export const runs: Command = {
  name: "runs",
  summary: "The run log: what every task was, how it was decided, what it did and took. Lists, shows or exports it.",
  args: {
    task: { type: "positional", required: false, description: "One run, with the values that its region still holds" },
    automation: { type: "string", valueHint: "NAME", description: "Only of this automation" },
    capability: { type: "string", valueHint: "NAME", description: "Only with an action of this capability" },
    status: { type: "string", valueHint: "STATUS", description: "Only in this status" },
    from: { type: "string", valueHint: "TIME", description: "Opened from then on: a time, a day, or 7d, 12h" },
    to: { type: "string", valueHint: "TIME", description: "Opened before" },
    limit: { type: "string", valueHint: "N", description: "At most so many (default 20)" },
    cursor: { type: "string", description: "Continue where an earlier page ended" },
    export: { type: "string", valueHint: "FILE", description: "Write all of them to a file: .csv, or JSON Lines" },
  },
  examples: [
    "countersign runs --automation order-cancellation --from 7d",
    "countersign runs tsk_eu_2_… --json",
    "countersign runs --from 2026-11-01 --to 2026-12-01 --export november.csv",
  ],
  run: async (call) => {
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const task = call.args.text("task");
    if (task !== undefined) return show(client.value, task);
    const file = call.args.text("export");
    return file === undefined ? list(call, client.value) : exportTo(call, client.value, file);
  },
};

function filterOf({ args, platform }: Call): RunsQuery {
  const filter = {
    automation: args.text("automation"),
    capability: args.text("capability"),
    status: args.text("status"),
    from: pastTime(args.text("from"), platform.nowMs()),
    to: pastTime(args.text("to"), platform.nowMs()),
    cursor: args.text("cursor"),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as RunsQuery;
}

async function list(call: Call, client: Client): Promise<Result<Answer>> {
  const page = await client.runs({ ...filterOf(call), limit: call.args.count("limit") ?? 20 });
  if (!page.ok) return page;
  const rows = page.value.runs.map((run) => [
    dim(time(run.openedAt)),
    status(run.status),
    cyan(run.task),
    line(run.automation),
    tookText(run),
    run.errors.length === 0 ? "" : dim(run.errors.join(", ")),
  ]);
  const more = page.value.next === null ? [] : ["", dim(`more: --cursor ${page.value.next}`)];
  return ok({ json: page.value, text: rows.length === 0 ? "No runs." : [table(rows), ...more].join("\n") });
}

const tookText = ({ durationMs }: RunView): string => (durationMs === null ? "open" : `${durationMs} ms`);

async function show(client: Client, task: string): Promise<Result<Answer>> {
  const found = await client.readRun(task);
  if (!found.ok) return found;
  return ok({ json: found.value, text: JSON.stringify(found.value, null, 2) });
}

/** Part by part, as the server gives them; the first line of a later CSV part repeats the header and is left out. */
async function exportTo(call: Call, client: Client, file: string): Promise<Result<Answer>> {
  const target = path.resolve(call.platform.folder, file);
  if (existsSync(target)) throw new UsageError(`${file} exists already; choose another file.`);
  const format = file.endsWith(".csv") ? "csv" : "jsonl";
  let next: string | null = null;
  let isFirst = true;
  let lines = 0;
  do {
    const part = await client.exportRuns({ ...filterOf(call), format }, next ?? undefined);
    if (!part.ok) return part;
    const text =
      isFirst || format === "jsonl" ? part.value.text : part.value.text.slice(part.value.text.indexOf("\n") + 1);
    if (isFirst) writeFileSync(target, text, { mode: 0o600 });
    else appendFileSync(target, text);
    lines += text.split("\n").length - 1 - (isFirst && format === "csv" ? 1 : 0);
    isFirst = false;
    ({ next } = part.value);
  } while (next !== null);
  return ok({ json: { file: target, runs: lines }, text: `${lines} runs in ${file}` });
}
