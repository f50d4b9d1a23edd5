/** A report in words that a business person follows: a few sentences, and the whole as Markdown. */
import type { AutomationReport } from "../../shared/api/automation-report.ts";

type Counts = { readonly [name: string]: number | undefined };

export function inWords(report: Omit<AutomationReport, "words">): string[] {
  const { runs, did, stopped, countersigned, undone, inDoubt, failed, cost } = report;
  const total = (name: string): number => did.reduce((sum, { byStatus }) => sum + ((byStatus as Counts)[name] ?? 0), 0);
  const done = did.flatMap(({ capability, byStatus }) =>
    byStatus.applied ? [`${capability} ${times(byStatus.applied)}`] : [],
  );
  const denied = stopped.filter(({ answer }) => answer === "deny");
  const asked = stopped.filter(({ answer }) => answer === "review");
  const approved = countersigned.members.reduce((sum, member) => sum + member.approved, 0);
  const rejected = countersigned.members.reduce((sum, member) => sum + member.rejected, 0);
  return [
    runs.total === 0
      ? `${report.automation} ran no task in this time.`
      : `${report.automation} ran ${many(runs.total, "task")}: ${each(runs.byStatus)}.`,
    ...(done.length === 0 ? [] : [`It did, and nobody took back: ${done.join(", ")}.`]),
    ...denied.map(
      ({ rule, message, when, times: n }) =>
        `${many(n, "action")} denied by ${rule}: ${message ?? when ?? "the rule says no more"}`,
    ),
    ...asked.map(
      ({ rule, message, when, times: n }) =>
        `${many(n, "action")} sent to people by ${rule}: ${message ?? when ?? "the rule says no more"}`,
    ),
    ...(approved + rejected === 0
      ? []
      : [
          `People approved ${times(approved)} and rejected ${times(rejected)} (${countersigned.members.map(({ member }) => member).join(", ")})${countersigned.medianMs === null ? "" : `, mostly within ${duration(countersigned.medianMs)}`}.`,
        ]),
    ...(countersigned.expired === 0
      ? []
      : [`${many(countersigned.expired, "review")} expired before anybody decided.`]),
    ...(countersigned.waiting === 0 ? [] : [`${many(countersigned.waiting, "review")} had not been decided.`]),
    ...(undone.length === 0
      ? []
      : [
          `${many(total("reversed") + total("compensated") + total("undoing") + total("undo_in_doubt"), "action")} taken back, or being taken back.`,
        ]),
    ...(inDoubt.length === 0
      ? []
      : [`Of ${many(inDoubt.length, "action")} it is not known whether it happened: someone must check.`]),
    ...failed.map(({ code, times: n }) => `${many(n, "action")} failed with ${code}.`),
    ...(cost.costMicroCents + cost.inputTokens + cost.outputTokens === 0
      ? []
      : [
          `Models took ${cost.inputTokens} tokens in and ${cost.outputTokens} out, and cost ${(cost.costMicroCents / 1e8).toFixed(2)}.`,
        ]),
    ...(report.cut ? [`There were more tasks: this counts those since ${report.countedFrom}.`] : []),
  ];
}

export function reportMarkdown(report: AutomationReport): string {
  const cases = (all: readonly { readonly task: string; readonly step: string; readonly explain: string }[]): string =>
    all.map(({ task, step, explain }) => `[${step} of ${task}](${explain})`).join(", ");
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", `## ${title}`, "", ...lines];
  return [
    `# What ${report.automation} did`,
    "",
    `From ${report.from} to ${report.to}, by the time at which a task began.`,
    "",
    ...report.words.map((sentence) => `- ${plain(sentence)}`),
    ...section(
      "Done",
      report.did.map(({ capability, byStatus }) => `- \`${capability}\`: ${each(byStatus)}`),
    ),
    ...section(
      "Stopped or sent to people, by rule",
      report.stopped.map(
        (one) =>
          `- \`${one.rule}\` ${one.answer === "deny" ? "denied" : "asked people"} ${times(one.times)}${one.message === null ? "" : `: ${plain(one.message)}`}${one.when === null ? "" : ` (when \`${one.when.replaceAll("`", "'").replaceAll(/\s+/g, " ")}\`)`}. ${cases(one.cases)}`,
      ),
    ),
    ...section(
      "Countersigned",
      report.countersigned.members.map(
        ({ member, approved, rejected }) => `- \`${member}\` approved ${times(approved)}, rejected ${times(rejected)}`,
      ),
    ),
    ...section(
      "Taken back",
      report.undone.map(
        (one) => `- ${cases([one])}: ${one.as}${one.by === null ? "" : `, asked for by \`${one.by}\``}`,
      ),
    ),
    ...section(
      "In doubt",
      report.inDoubt.map((one) => `- ${cases([one])}: \`${one.capability}\` since ${one.at}`),
    ),
    ...section(
      "Failed",
      report.failed.map((one) => `- \`${one.code}\` ${times(one.times)}: ${cases(one.cases)}`),
    ),
    ...section(
      "Releases",
      report.releases.map(({ release, runs }) => `- \`${release}\`: ${many(runs, "task")}`),
    ),
    "",
  ].join("\n");
}

/** Somebody else's words on one line, without anything that Markdown would act on. */
export const plain = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>#|]/g, (char) => `\\${char}`);

const each = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll("_", " ")}`)
    .join(", ");
const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function duration(ms: number): string {
  if (ms < 60_000) return `${Math.max(1, Math.round(ms / 1_000))} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
