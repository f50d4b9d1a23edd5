/** An effect in doubt, for whoever must look what became of it. */
import type { DoubtView } from "../../shared/views.ts";
import { bold, cyan, dim, line, red, table, time, valueText } from "../output.ts";

export function doubtText(doubt: DoubtView): string {
  const next =
    doubt.nextAskAt === null
      ? red("someone must check: the target cannot say what happened")
      : `the target is asked again at ${time(doubt.nextAskAt)} UTC`;
  const rows: readonly (readonly [string, string])[] = [
    ["in doubt", next],
    ["action", `${line(doubt.capability)}: ${line(doubt.summary)}`],
    ["arguments", valueText(doubt.args)],
    [
      "look for",
      [
        `key ${doubt.idempotencyKey} (where the target takes one)`,
        `action ${doubt.action}`,
        ...(doubt.effectKey === null ? [] : [`effect ${doubt.effectKey}`]),
      ]
        .map(line)
        .join(", "),
    ],
    ["attempt", `${doubt.attempt}, since ${time(doubt.since)} UTC, asked ${doubt.asked} times`],
    ["why", `${doubt.problem.code}: ${line(doubt.problem.detail)}`],
    [
      "who",
      `${doubt.roles.map(line).join(" or ")}${doubt.requesters.length === 0 ? "" : `, not ${doubt.requesters.map(line).join(", ")}`}`,
    ],
  ];
  return [
    `${bold(doubt.task)}  step ${bold(line(doubt.step))}`,
    table(
      rows.map(([name, value]) => [dim(name), value]),
      "  ",
    ),
    `  then: ${cyan(`countersign resolve ${doubt.task} ${line(doubt.step)} --applied|--not-applied --reason …`)}`,
  ].join("\n");
}
