/** `countersign calibration NAME`: how sure its decisions were, against what came out. */
import type { CalibrationTable, CalibrationView } from "../../shared/api.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, dim, line, table, yellow } from "../output.ts";

export const calibration: Command = {
  name: "calibration",
  summary: "Shows how sure an automation's decisions were, against what came out, and which threshold that supports.",
  args: {
    automation: { type: "positional", description: "The automation" },
    error: { type: "string", valueHint: "RATE", description: "The wanted error rate; 0.05 without" },
  },
  examples: ["countersign calibration invoice-triage --error 0.02"],
  run: async ({ args, client: connect }) => {
    const error = args.text("error");
    if (error !== undefined && !(Number(error) >= 0.001 && Number(error) <= 0.5))
      throw new UsageError("--error is a rate from 0.001 to 0.5, such as 0.05.");
    const client = connect("auditor", "operator", "admin");
    if (!client.ok) return client;
    const read = await client.value.calibration(args.required("automation"), error === undefined ? {} : { error });
    return read.ok ? ok({ json: read.value, text: textOf(read.value) }) : read;
  },
};

function textOf({ automation, wantedError, runs, cut, tables }: CalibrationView): string {
  const head = `${bold(line(automation))}: ${runs} tasks${cut ? " (the newest; there are more)" : ""}`;
  if (tables.length === 0) return `${head}\nNothing was decided.`;
  return [head, ...tables.flatMap((one) => ["", ...tableText(one, wantedError)])].join("\n");
}

function tableText(one: CalibrationTable, wantedError: number): string[] {
  const { by, release, reviewed, sampled, reported, bins, value, worth, error } = one;
  return [
    `${bold(by)}  ${dim(line(release).slice(0, 19))}`,
    `  reviewed ${reviewed.right} of ${reviewed.answers} right · sampled ${sampled.right} of ${sampled.answers} right, for ${Math.round(sampled.standFor)}, ${sampled.waiting} to be judged · reported ${reported.right} of ${reported.answers} right`,
    ...(error === null ? [] : [`  wrong: ${percent(error.share)} (${percent(error.low)} to ${percent(error.high)})`]),
    ...(bins.length === 0
      ? [dim("  Nothing came out yet.")]
      : [
          table(
            bins.map(({ from, to, answers, said, share, low, high }) => [
              `${value} ${from.toFixed(1)}-${to.toFixed(1)}`,
              `${answers} answers`,
              `said ${percent(said)}`,
              `right ${percent(share)} (${percent(low)} to ${percent(high)})`,
            ]),
            "  ",
          ),
        ]),
    `  ${thresholdText(one, wantedError)}`,
    ...(worth?.state === "suggested"
      ? [`  confidence: { ${by}: { slope: ${worth.slope}, intercept: ${worth.intercept} } }`]
      : []),
  ];
}

function thresholdText({ threshold }: CalibrationTable, wantedError: number): string {
  const wanted = percent(wantedError);
  switch (threshold.state) {
    case "suggested":
      return `threshold for at most ${wanted} wrong: ${threshold.value}`;
    case "not-enough-data":
      return yellow(
        `not enough data for at most ${wanted} wrong: it takes ${threshold.needed} right answers at the least`,
      );
    case "too-many-errors":
      return yellow(`no threshold has at most ${wanted} wrong: too many errors`);
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
