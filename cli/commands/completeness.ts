/** `countersign completeness`: what the regions' databases say was done, compared with the log. */
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exits.ts";
import { bold, dim, green, line, red, table, yellow } from "../output.ts";
import { pastTime } from "../times.ts";

export const completeness: Command = {
  name: "completeness",
  summary:
    "Compares the databases' own effects with the log, both ways, and records the result. Exit code 3 where they differ.",
  args: {
    from: {
      type: "string",
      valueHint: "TIME",
      description: "From then on (default: a day): a time, a day, or 7d, 12h",
    },
    to: { type: "string", valueHint: "TIME", description: "Until then (default: a minute ago)" },
  },
  examples: ["countersign completeness", "countersign completeness --from 7d --json"],
  run: async (call) => {
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const nowMs = call.platform.nowMs();
    const from = pastTime(call.args.text("from"), nowMs);
    const to = pastTime(call.args.text("to"), nowMs);
    const span = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const answer = await client.value.checkCompleteness(span);
    if (!answer.ok) return answer;
    const { complete, regions, incomplete } = answer.value;
    const text = [
      complete ? green("complete") : red("not complete"),
      ...regions.flatMap((region) => [
        `${bold(region.region)}  ${region.effects} effects, ${region.actions} actions, ${region.extraCount} extra, ${region.missingCount} missing${region.pending === 0 ? "" : `, ${region.pending} not delivered yet`}${region.whole ? "" : yellow(", not to the end")}`,
        dim(`  report ${region.report}${region.recorded ? ", recorded" : ", NOT recorded"}`),
        table(
          [
            ...region.extra.map((one) => ["extra", one] as const),
            ...region.missing.map((one) => ["missing", one] as const),
          ].map(([kind, one]) => [red(kind), line(one.action), line(one.task), line(one.step), line(one.why)]),
          "  ",
        ),
      ]),
      ...incomplete.map((name) => yellow(`${line(name)} did not answer`)),
    ];
    return ok({
      json: answer.value,
      text: text.filter((part) => part !== "").join("\n"),
      exit: complete ? EXIT.ok : EXIT.verification,
    });
  },
};
