/** `countersign doctor`: one line for each thing that must work, and what to do where it does not. Exit code 1 where something does not. */
import { ok, type Result } from "../../shared/result.ts";
import type { Answer, Command } from "../command.ts";
import { EXIT } from "../exits.ts";
import { bold, cyan, dim, green, line, red, table, yellow } from "../output.ts";
import { diagnose } from "../doctor/diagnose.ts";
import type { Diagnosis } from "../doctor/diagnosis.ts";

export const doctor: Command = {
  name: "doctor",
  summary: "Checks server, Workers, clock, keys, trust, executors, ledger and witnesses, and says what to do.",
  args: {
    trust: {
      type: "string",
      valueHint: "FILE",
      description: "Pinned public keys (COUNTERSIGN_TRUST); else those of .countersign/dev.json",
    },
  },
  examples: ["countersign doctor", "countersign doctor --json | jq '.lines[] | select(.status == \"problem\")'"],
  run: async (call): Promise<Result<Answer>> => {
    const lines = await diagnose(call);
    const problems = lines.filter(({ status }) => status === "problem").length;
    const isDown = lines.some(({ check, status }) => check === "server" && status === "problem");
    return ok({
      json: { ok: problems === 0, lines },
      text: [
        table(lines.map(row)),
        "",
        problems === 0
          ? green(bold("All is well."))
          : red(bold(`${problems} of ${lines.length} lines need attention.`)),
      ].join("\n"),
      exit: isDown ? EXIT.unreachable : problems === 0 ? EXIT.ok : EXIT.problem,
    });
  },
};

const MARKS = { ok: green("ok"), problem: red("problem"), unknown: yellow("unknown") };

const row = ({ check, status, detail, fix }: Diagnosis): string[] => [
  MARKS[status],
  check,
  `${line(detail)}${fix === null ? "" : `  ${dim("→")} ${cyan(line(fix))}`}`,
];
