/** An explanation as Markdown, for people. Values from outside are shown as code or without markup, so that they cannot pass for the page's own words. */
import type { Explanation } from "../../shared/api.ts";
import { plain } from "./report-words.ts";

export function toMarkdown(e: Explanation): string {
  const { asked, record } = e;
  const lines = [
    `# Task \`${e.task}\``,
    "",
    `**${e.status}**${e.why === null ? "" : ` (${e.why})`} · automation \`${e.automation}\` · region \`${e.region}\` · release \`${e.release}\``,
    "",
    "## What came in",
    "",
    `- Asked ${asked.at} by key \`${asked.principal.key}\` (${asked.principal.role}${asked.principal.member === null ? "" : `, member \`${asked.principal.member}\``})${asked.principal.sod === "evaluable" ? "" : "; which person asked is not known"}`,
    ...(asked.trigger === null
      ? []
      : [`- Triggered by ${asked.trigger.kind} ${code(asked.trigger.id)}${saidBy(asked.trigger)}`]),
    ...(asked.purpose === null ? [] : [`- Purpose: ${code(asked.purpose)}`]),
    ...(e.autonomy === undefined
      ? []
      : [
          `- Tier ${e.autonomy.tier}, ${code(e.autonomy.owner)} answers for it${e.autonomy.reason === null ? "" : `: ${code(e.autonomy.reason)}`}`,
        ]),
    "",
    ...block(asked.input),
    "",
    "## Plan",
    "",
    ...(e.plans.length === 0 ? ["No plan yet."] : []),
    ...e.plans.map(
      ({ round, plan, planner, agent, kids, at, recalledFrom, insteadOf }) =>
        `- Round ${round}: \`${plan}\` by ${planner} ${code(agent)}, admitted ${at}${recalledFrom === undefined ? "" : `, repeating what it said ${recalledFrom} for the same input`}${insteadOf === undefined ? "" : `, in a model's place (${code(insteadOf)})`}, signed by key \`${kids.join("`, `")}\``,
    ),
    ...(e.classified === undefined ? [] : [labelled(e.classified)]),
  ];
  for (const step of e.steps) {
    lines.push(
      "",
      `### \`${step.id}\` · \`${step.capability}\` · ${step.status}`,
      "",
      ...block(step.args),
      "",
      `- ${plain(step.because)}`,
    );
    const words = Object.entries(step.provenance).map(([argument, provenance]) => `${code(argument)} ${provenance}`);
    if (words.length > 0) lines.push(`- Where the words come from: ${words.join(", ")}`);
    for (const { decision, member, kid, at, roles, reason } of step.attestations)
      lines.push(
        `- ${decision === "approve" ? "Approved" : "Rejected"} by \`${member}\` (${roles.join(", ")}) with key \`${kid}\`, ${at}${reason === null ? "" : `: ${code(reason)}`}`,
      );
    if (step.appliedAt !== null) {
      lines.push(
        `- Applied ${step.appliedAt}${step.replayed ? " (found done by an earlier attempt)" : ""}; receipt signed by key \`${step.receiptKid ?? "?"}\``,
      );
      if (step.tags.length > 0) lines.push(`- Touched: ${step.tags.map(code).join(", ")}`);
      for (const { resource, version, class: held } of step.premises)
        lines.push(`- Relied on ${code(resource)} at version ${version} (${held})`);
      if (step.result !== null) lines.push("", ...block(step.result));
    }
    if (step.outcome !== null) lines.push(`- ${outcomeInWords(step.outcome)}`);
    // Why policy denied a step stands in the line above.
    if (step.problem !== null && step.problem.code !== "policy-denied")
      lines.push(`- ${code(step.problem.code)}: ${code(step.problem.detail)}`);
  }
  if (e.leftOut !== undefined && e.leftOut.length > 0)
    lines.push("", "## Left out of the plan", "", ...e.leftOut.map(({ step, why }) => `- \`${step}\`: ${code(why)}`));
  if (e.features !== undefined)
    lines.push(
      "",
      "## Computed from the input",
      "",
      ...e.features.map(
        ({ name, version, from, value }) =>
          `- \`${name}\` ${version} is ${code(JSON.stringify(value))}, from ${from.map(code).join(", ")}`,
      ),
    );
  if (e.reported !== undefined) lines.push("", "## Reported later", "", ...e.reported.map(reportedInWords));
  lines.push(
    "",
    "## In the record",
    "",
    `- Executor \`${record.executor}\`, chain position ${record.seq}; ${record.recorded ? "the ledger has it" : "the ledger does not have all of it yet"}`,
    ...record.entries.map(({ index, id, proof }) => `- Ledger entry ${index} (\`${id}\`), [inclusion proof](${proof})`),
    ...(record.checkpointSize === null ? [] : [`- Newest signed checkpoint: ${record.checkpointSize} entries`]),
    ...record.missing.map((source) => `- Not readable just now: ${source}`),
    "",
  );
  return lines.join("\n");
}

function reportedInWords({ source, correct, label, at, reportedAt, note, superseded }: Reported): string {
  const said = `${code(source)} reported ${reportedAt} that this was **${correct ? "right" : "wrong"}**`;
  const more = `${label === null ? "" : ` (${code(label)})`}${at === null ? "" : `, known since ${at}`}`;
  const words = note === null ? "" : `: ${code(note)}`;
  return `- ${said}${more}${words}${superseded ? "; it has said something else since" : ""}`;
}

/** What was predicted against what was read back. */
function outcomeInWords({ verdict, expected, observed, fields, code: why }: Outcome): string {
  const all = Object.keys(Object(expected) as object);
  switch (verdict) {
    case "matched":
      return `Left what was predicted: ${all.map(code).join(", ")}`;
    case "mismatched":
      return `**Left something else than was predicted**: ${fields.map((field) => `${code(field)} is ${shown(observed, field)}, expected ${shown(expected, field)}`).join("; ")}`;
    case "unobserved":
      return `What it left could not be compared with what was predicted (${code(why ?? "")})`;
    case "pending":
      return `Predicted ${all.map(code).join(", ")}; not read back yet`;
  }
}

type Reported = NonNullable<Explanation["reported"]>[number];
type Outcome = NonNullable<Explanation["steps"][number]["outcome"]>;
/** What a trigger of the release set off is known; anything else is the app's word. */
const saidBy = ({ kind }: { readonly kind: string }): string => (kind.endsWith("-trigger") ? "" : " (as the app says)");

const shown = (values: unknown, field: string): string => {
  const value: unknown = (Object(values) as Record<string, unknown>)[field];
  return value === undefined ? "absent" : code(JSON.stringify(value));
};

/** Inline code on one line, fenced by more backticks than it holds. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  const fence = "`".repeat(longestRun(flat) + 1);
  const pad = flat.startsWith("`") || flat.endsWith("`") || flat === "" ? " " : "";
  return `${fence}${pad}${flat}${pad}${fence}`;
}

function block(value: unknown): string[] {
  const text = JSON.stringify(value, null, 2);
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return [`${fence}json`, text, fence];
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));

/** Which label was followed, how sure it is, and why others were not enough. */
const labelled = ({ label, by, confidence, claimed, escalated }: NonNullable<Explanation["classified"]>): string =>
  [
    `- It follows the label \`${label}\`, given by the ${by} tier with confidence ${confidence}${claimed === null ? "" : ` (it claimed ${claimed})`}`,
    ...escalated.map(
      (one) =>
        `the ${one.by} tier was not enough: ${one.code}${one.confidence === null ? "" : ` at ${one.confidence}`}`,
    ),
  ].join("; ");
