/** One event of a task as one line. */
import type { TaskEventView } from "../../shared/views.ts";
import { bold, clock, dim, green, line, red, valueText, yellow } from "../output.ts";

type Event = TaskEventView["event"] & { readonly [field: string]: unknown };

export function eventText({ seq, at, event }: TaskEventView): string {
  const words = describe(event);
  return `${dim(clock(at))}  ${dim(`#${seq}`.padEnd(5))} ${paint(event.type)(event.type.padEnd(18))} ${words}`.trimEnd();
}

const paint = (type: string) => {
  if (type === "step-applied" || type === "review-approved") return green;
  if (/denied|failed|rejected|expired|doubt|refused|contradicted/.test(type)) return red;
  return type === "review-requested" ? yellow : bold;
};

function describe(event: Event): string {
  const field = (name: string): string =>
    event[name] === null || event[name] === undefined ? "" : valueText(event[name]);
  const list = (name: string): string => (Array.isArray(event[name]) ? event[name].map(valueText).join(", ") : "");
  const answer = (decision: unknown): string =>
    typeof decision === "object" && decision !== null && "answer" in decision
      ? `${valueText(decision.answer)}${"rules" in decision && Array.isArray(decision.rules) && decision.rules.length > 0 ? ` by ${decision.rules.map(valueText).join(", ")}` : ""}`
      : "";
  switch (event.type) {
    case "task-opened":
      return `${field("automation")} in ${field("region")}`;
    case "plan-admitted": {
      const decisions = Object.entries((event["decisions"] ?? {}) as Record<string, unknown>);
      return `round ${field("round")}: ${decisions.map(([step, decision]) => `${line(step)} ${answer(decision)}`).join("; ")}`;
    }
    case "step-resolved":
      return `${field("step")}: ${answer(event["decision"])}`;
    case "review-requested":
      return `${field("step")}: ${field("review")}`;
    case "attested":
      return `${field("step")}: ${field("decision")} by ${field("member")}`;
    case "step-applied":
      return `${field("step")}${list("tags") === "" ? "" : `: ${list("tags")}`}${event["replayed"] === true ? " (replayed)" : ""}`;
    case "step-refused":
    case "step-failed":
      return `${field("step")}: ${field("code")}`;
    case "step-held":
      return `${field("step")}: waits, ${field("code")}`;
    case "step-denied":
      return `${field("step")}: ${event["byDefault"] === true ? "no rule allows it" : `by ${list("rules")}`}`;
    case "step-skipped":
      return `${field("step")}: ${field("why")}`;
    case "step-in-doubt":
      return `${field("step")}: ${field("code")}, ${event["askAtMs"] === null ? "someone must check" : "asked again"}`;
    case "doubt-resolved":
      return `${field("step")}: ${field("outcome")}, says ${field("member")}`;
    case "answer-contradicted":
      return `${field("step")}: the target says ${field("answer")}`;
    case "outcome-observed":
      return `${field("step")}: ${event["verdict"] === "mismatched" ? `not as predicted: ${list("fields")}` : event["verdict"] === "matched" ? "as predicted" : `not compared, ${field("code")}`}`;
    case "outcome-reported":
      return `${event["correct"] === true ? "right" : "wrong"}, says ${field("source")}${field("label") === "" ? "" : ` (${field("label")})`}`;
    case "compensation-started":
      return `takes back what was done: ${field("why")}`;
    case "undo-started":
      return `${field("undo")} takes ${field("step")} back${event["kind"] === "reversal" ? `, asked for by ${field("by")}` : ""}`;
    case "task-settled":
      return field("status");
    default:
      return field("step");
  }
}
