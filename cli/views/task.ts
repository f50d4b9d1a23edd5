/** A task and its steps, for people. */
import type { TaskView, StepView } from "../../shared/views.ts";
import { bold, cyan, dim, green, line, red, table, time, valueText, yellow } from "../output.ts";

const GOOD = new Set(["succeeded", "applied", "compensated", "reversed", "approved", "ok"]);
const BAD = new Set(["failed", "denied", "in_doubt", "undo_in_doubt", "expired", "rejected", "cancelled"]);

/** A status in the colour of what it means. */
export const status = (name: string): string =>
  GOOD.has(name) ? green(name) : BAD.has(name) ? red(name) : yellow(name);

export function taskText(task: TaskView): string {
  const { principal } = task;
  const lines = [
    `${bold(task.id)}  ${status(task.status)}${whyText(task)}`,
    table(
      [
        ["automation", line(task.automation)],
        ["asked by", `${line(principal.member ?? principal.key)} (${principal.role})`],
        ["region", `${task.region}, executor ${task.executor}`],
        ["opened", `${time(task.openedAt)} UTC`],
        ["record", `position ${task.seq}${task.recorded ? ", in the ledger" : ", on its way to the ledger"}`],
      ].map(([name, value]) => [dim(name!), value!]),
      "  ",
    ),
  ];
  if (task.erased === true) lines.push("", dim("  The person whom it was about was erased: its values are gone."));
  if (task.steps.length > 0) lines.push("", table(task.steps.map(stepRow), "  "));
  const waiting = task.steps.filter((step) => step.status === "awaiting_review" && step.review !== null);
  for (const step of waiting) lines.push("", `  waits for a person: ${cyan(`countersign reviews ${step.review}`)}`);
  for (const step of task.steps.filter(({ waitsFor }) => waitsFor !== null && waitsFor.name === null))
    lines.push("", `  ${waitText(task, step)}`);
  for (const step of task.steps) if (step.outcome !== null) lines.push("", `  ${outcomeText(step.id, step.outcome)}`);
  for (const { id, undoes } of task.steps)
    if (undoes !== null) lines.push("", `  ${line(id)} takes ${line(undoes.step)} back: ${undoText(undoes)}`);
  for (const { source, correct, label, reportedAt } of (task.reported ?? []).filter((one) => !one.superseded))
    lines.push(
      "",
      `  ${line(source)} reported ${time(reportedAt)} UTC: ${correct ? green("right") : red("wrong")}${label === null ? "" : ` (${line(label)})`}`,
    );
  const open = task.settled ? task.steps.filter((one) => one.status === "applied" && one.reversibleUntil !== null) : [];
  for (const { id, reversibleUntil } of open)
    lines.push(
      "",
      `  ${line(id)} can be reversed until ${time(reversibleUntil!)} UTC: ${cyan(`countersign reverse ${task.id} ${line(id)} --reason …`)}`,
    );
  return lines.join("\n");
}

function outcomeText(
  id: string,
  { verdict, expected, observed, fields, code }: NonNullable<StepView["outcome"]>,
): string {
  const values = (of: unknown, field: string): string => valueText((Object(of) as Record<string, unknown>)[field]);
  switch (verdict) {
    case "matched":
      return dim(`${line(id)} left what was predicted`);
    case "mismatched":
      return red(
        `${line(id)} left something else than was predicted: ${fields.map((field) => `${line(field)} is ${values(observed, field)}, expected ${values(expected, field)}`).join("; ")}`,
      );
    case "unobserved":
      return yellow(`${line(id)}: what it left could not be compared with what was predicted (${line(code ?? "")})`);
    case "pending":
      return dim(`${line(id)} predicts its outcome, which is read back after it`);
  }
}

const undoText = ({ kind, by }: NonNullable<StepView["undoes"]>): string =>
  kind === "reversal" ? `asked for by ${line(by)}` : "the task has failed";

/** Of a task that succeeded only an undo can still wait. */
function whyText({ status: name, why }: TaskView): string {
  if (why === null) return "";
  return dim(name === "succeeded" ? `  (the undo waits for ${line(why)})` : `  (${line(why)})`);
}

function waitText(task: TaskView, { id, waitsFor, attempts }: StepView): string {
  const until = waitsFor!.until === null ? "" : `${time(waitsFor!.until)} UTC`;
  switch (waitsFor!.what) {
    case "person":
      return `${line(id)} is in doubt, someone must check: ${cyan(`countersign resolve ${task.id} ${line(id)} --applied|--not-applied --reason …`)}`;
    case "retry":
      return `${line(id)} is tried again at ${until}, after ${attempts} attempts`;
    case "answer":
      return `${line(id)} is in doubt; the target is asked again at ${until}`;
    default:
      return `${line(id)} waits${until === "" ? "" : ` until ${until}`}`;
  }
}

function stepRow(step: StepView): string[] {
  const rules =
    step.decision === null || step.decision.rules.length === 0
      ? ""
      : dim(`by ${step.decision.rules.map(line).join(", ")}`);
  const problem = step.problem === null ? "" : `${step.problem.code}: ${line(step.problem.detail)}`;
  return [
    line(step.id),
    status(step.status),
    line(step.capability),
    argsText(step.args),
    problem === "" ? rules : problem,
  ];
}

/** Arguments on one short line. */
function argsText(args: unknown): string {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return valueText(args);
  const text = Object.entries(args)
    .map(([name, value]) => `${line(name)}=${valueText(value)}`)
    .join(" ");
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
