/** `countersign impact RECORD`: what touched a record, and what depended on that. */
import type { Touch } from "../../shared/api/impact.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { bold, cyan, dim, line, table, time } from "../output.ts";
import { pastTime } from "../times.ts";
import { status } from "../views/task.ts";

export const impact: Command = {
  name: "impact",
  summary: "What touched a record, newest first, and what depended on that afterwards.",
  args: {
    resource: { type: "positional", description: "The record, by its impact tag, such as order:W123" },
    forward: { type: "boolean", description: "Only what depended on it" },
    back: { type: "boolean", description: "Only what touched it" },
    since: {
      type: "string",
      valueHint: "TIME",
      description: "What depended on it after this: a time, a day, or 7d, 12h",
    },
    depth: { type: "string", valueHint: "N", description: "Over at most so many records" },
    limit: { type: "string", valueHint: "N", description: "At most so many of each (default 50)" },
    cursor: { type: "string", description: "Continue where an earlier page ended; with --back or --forward" },
  },
  examples: ["countersign impact order:W123", "countersign impact customer:c_7 --forward --since 7d --json"],
  run: async (call) => {
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const { args } = call;
    const resource = args.required("resource");
    const cursor = args.text("cursor");
    const page = { resource, limit: args.count("limit") ?? 50, ...(cursor === undefined ? {} : { cursor }) };
    const back = args.flag("forward") ? ok(null) : await client.value.impact({ ...page, direction: "back" });
    if (!back.ok) return back;
    const depth = args.count("depth");
    const since = pastTime(args.text("since"), call.platform.nowMs());
    const forward = args.flag("back")
      ? ok(null)
      : await client.value.impact({
          ...page,
          direction: "forward",
          ...(depth === undefined ? {} : { depth }),
          ...(since === undefined ? {} : { since }),
        });
    if (!forward.ok) return forward;
    const text = [
      ...(back.value === null
        ? []
        : section(
            `Touched ${line(resource)}`,
            back.value.touched.map((touch) => row(touch)),
            back.value.next,
          )),
      ...(forward.value === null
        ? []
        : section(
            forward.value.since === null ? "Depended on it" : `Depended on it after ${time(forward.value.since)} UTC`,
            forward.value.depended.map((one) => [...row(one), dim(`through ${line(one.through)}`)]),
            forward.value.next,
          )),
      ...(forward.value?.cut === true ? [dim("There are further records: ask about one of those above.")] : []),
    ];
    return ok({ json: { back: back.value, forward: forward.value }, text: text.join("\n").trim() });
  },
};

const section = (title: string, rows: readonly (readonly string[])[], next: string | null): string[] => [
  bold(title),
  rows.length === 0 ? "  nothing" : table(rows, "  "),
  ...(next === null ? [] : [dim(`  more: --cursor ${next}`)]),
  "",
];

const row = (touch: Touch): string[] => [
  dim(time(touch.at)),
  status(touch.status),
  line(touch.capability ?? "?"),
  line(touch.record),
  `${cyan(touch.task)} ${line(touch.step)}`,
  line(touch.automation ?? "?"),
  `asked by ${line(touch.askedBy ?? "?")}${touch.countersignedBy.length === 0 ? "" : `, countersigned by ${touch.countersignedBy.map(line).join(", ")}`}`,
];
