/** `countersign replay TASK`: a task's decisions again, from what was recorded. */
import type { ReplayedDecision } from "../../shared/api/replay.ts";
import { ok } from "../../shared/result.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exits.ts";
import { bold, dim, green, line, red, table, yellow } from "../output.ts";

export const replay: Command = {
  name: "replay",
  summary:
    "Takes a task's decisions again from the recorded facts, without effects. Exit code 3 where its own release decides otherwise.",
  args: {
    task: { type: "positional", description: "The task" },
    release: { type: "string", valueHint: "DIGEST", description: "Under this release instead of its own" },
  },
  examples: ["countersign replay tsk_eu_2_…", "countersign replay tsk_eu_2_… --release sha256:… --json"],
  run: async (call) => {
    const client = call.client("auditor", "operator", "admin");
    if (!client.ok) return client;
    const release = call.args.text("release");
    const answer = await client.value.replayTask(call.args.required("task"), release);
    if (!answer.ok) return answer;
    const { same, decisions, plan, under } = answer.value;
    const isBroken = release === undefined && decisions.some(({ outcome }) => outcome === "different");
    const text = [
      `${bold(answer.value.task)}  ${same ? green("every decision is the same") : yellow("not every decision is the same")}`,
      dim(`  under ${under}`),
      table(decisions.map(rowOf), "  "),
      ...decisions.flatMap(({ step, words }) => words.map((word) => `  ${line(step)}: ${line(word)}`)),
      ...(plan?.words ?? []).map((word) => `  plan: ${line(word)}`),
    ];
    return ok({ json: answer.value, text: text.join("\n"), exit: isBroken ? EXIT.verification : EXIT.ok });
  },
};

const rowOf = ({ step, capability, taken, outcome, recorded, replayed }: ReplayedDecision): string[] => [
  outcome === "same" ? green(outcome) : outcome === "different" ? red(outcome) : yellow(outcome),
  line(step),
  line(capability),
  taken,
  `${recorded.answer}${replayed === null || replayed.answer === recorded.answer ? "" : ` → ${replayed.answer}`}`,
];
