/** A report in words that a business person follows: a few sentences, and the whole as Markdown. */
import type { AutomationReport } from "../../shared/api/automation-report.ts";
import { PROBLEMS, type ProblemCode } from "../../shared/problems.ts";

type Counts = { readonly [name: string]: number | undefined };

export function inWords(report: Omit<AutomationReport, "words">): string[] {
  const { automation, runs, did, stopped, failed, ended } = report;
  if (runs.total === 0) return [`From ${day(report.from)} to ${day(report.to)}, ${automation} had no task.`];
  return [
    `From ${day(report.from)} to ${day(report.to)}, ${automation} worked on ${many(runs.total, "task")}: ${taskWords(runs.byStatus)}.`,
    ...(report.cut ? [`There were more: only those since ${time(report.countedFrom)} are counted here.`] : []),
    ...tookWords(runs),
    ...triggerWords(report.triggers),
    ...did.flatMap(({ capability, summary, byStatus }) =>
      byStatus.applied
        ? [
            `${times(byStatus.applied, true)} it did this, and it stands: ${sentence(summary ?? capability)} (${capability})`,
          ]
        : [],
    ),
    ...stopped.map(stoppedWords),
    ...peopleWords(report),
    ...undoneWords(report),
    ...(report.inDoubt.length === 0
      ? []
      : [`It is not known whether ${many(report.inDoubt.length, "action")} happened: somebody must check.`]),
    ...failed.map(({ code, times: n }) => `${many(n, "action")} failed: ${sentence(codeWords(code))}`),
    ...ended.map(({ why, times: n }) => `${many(n, "task")} ended without success: ${sentence(codeWords(why))}`),
    ...(report.mismatched.length === 0
      ? []
      : [`${many(report.mismatched.length, "action")} did not come out as predicted.`]),
    ...judgedWords(report.judged),
    ...costWords(report),
    ...(report.releases.length > 1
      ? [`Its rules or instructions changed in this time: ${many(report.releases.length, "release")} were in use.`]
      : []),
  ];
}

const TASK_WORDS: { readonly [status: string]: string } = {
  accepted: "not begun",
  planning: "being planned",
  running: "under way",
  waiting: "waiting for somebody",
  succeeded: "done",
  compensating: "being taken back",
  compensated: "failed and taken back",
  expired: "not done in time",
};
const taskWords = (counts: Counts): string =>
  Object.entries(counts)
    .map(([status, count]) => `${count} ${TASK_WORDS[status] ?? status}`)
    .join(", ");

function tookWords({ medianMs, p90Ms }: AutomationReport["runs"]): string[] {
  if (medianMs === null || p90Ms === null) return [];
  const [half, most] = [duration(medianMs), duration(p90Ms)];
  return [
    half === most
      ? `Nine of ten of those that ended took up to ${most}.`
      : `Half of those that ended took up to ${half}, nine of ten up to ${most}.`,
  ];
}

function triggerWords(triggers: Counts): string[] {
  const said = Object.entries(triggers).filter(([kind]) => kind !== "key");
  return said.length === 0
    ? []
    : [`Set off by ${said.map(([kind, count]) => `${kind} (${times(count ?? 0)})`).join(", ")}.`];
}

/** The rule's own words; where it has none, what it looks for. */
const reasonOf = ({ message, when }: AutomationReport["stopped"][number]): string =>
  message !== null ? sentence(message) : when === null ? "the rule says no more." : `its condition held: ${when}`;

function stoppedWords(one: AutomationReport["stopped"][number]): string {
  const often = times(one.times, true);
  return one.answer === "deny"
    ? `${often} it wanted to act and was not allowed to: ${reasonOf(one)} (rule ${one.rule})`
    : `${often} it had to ask people first: ${reasonOf(one)} (rule ${one.rule})`;
}

function peopleWords({ countersigned }: Pick<AutomationReport, "countersigned">): string[] {
  const { members, medianMs, expired, waiting } = countersigned;
  const approved = members.reduce((sum, member) => sum + member.approved, 0);
  const rejected = members.reduce((sum, member) => sum + member.rejected, 0);
  const half = medianMs === null ? "" : `; half of their answers came within ${duration(medianMs)}`;
  return [
    ...(approved + rejected === 0
      ? []
      : [`People (${members.map(({ member }) => member).join(", ")}) said ${answers(approved, rejected)}${half}.`]),
    ...(expired === 0 ? [] : [`${many(expired, "question")} to people ran out before anybody answered.`]),
    ...(waiting === 0 ? [] : [`${many(waiting, "question")} to people had no answer yet.`]),
  ];
}

const answers = (yes: number, no: number): string => {
  const said = [...(yes === 0 ? [] : [`yes ${times(yes)}`]), ...(no === 0 ? [] : [`no ${times(no)}`])];
  return said.join(" and ");
};

function undoneWords({ did, undone }: Pick<AutomationReport, "did" | "undone">): string[] {
  const total = (name: string): number => did.reduce((sum, { byStatus }) => sum + ((byStatus as Counts)[name] ?? 0), 0);
  const [back, underWay, unsure] = [total("reversed") + total("compensated"), total("undoing"), total("undo_in_doubt")];
  const by = [...new Set(undone.flatMap((one) => one.by ?? []))];
  return [
    ...(back === 0
      ? []
      : [
          `${many(back, "action")} ${back === 1 ? "was" : "were"} taken back${by.length === 0 ? "" : `, for ${by.join(", ")}`}.`,
        ]),
    ...(underWay === 0 ? [] : [`${many(underWay, "action")} ${underWay === 1 ? "is" : "are"} being taken back.`]),
    ...(unsure === 0
      ? []
      : [`It is not known whether taking back ${many(unsure, "action")} worked: somebody must check.`]),
  ];
}

function judgedWords({ correct, incorrect }: AutomationReport["judged"]): string[] {
  const all = correct + incorrect;
  return all === 0
    ? []
    : [
        `Of ${many(all, "task")} somebody said later whether the decision was right: ${correct} right, ${incorrect} wrong.`,
      ];
}

function costWords({ cost, runs }: Pick<AutomationReport, "cost" | "runs">): string[] {
  if (cost.modelCalls === 0) return [];
  const each = money(cost.costMicroCents / runs.total);
  return [
    `It asked models ${times(cost.modelCalls)} (${cost.models.join(", ")}), for ${money(cost.costMicroCents)} in the provider's currency, ${each} a task.`,
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
      report.did.map(
        ({ capability, summary, byStatus }) =>
          `- \`${capability}\`: ${each(byStatus)}${summary === null ? "" : `. ${plain(summary)}`}`,
      ),
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
      "Ended without success",
      report.ended.map(
        ({ why, times: n, tasks }) =>
          `- ${plain(codeWords(why))} ${times(n)}: ${tasks.map((task) => `[${task}](/v1/tasks/${task}/explain)`).join(", ")}`,
      ),
    ),
    ...section(
      "Not as predicted",
      report.mismatched.map((one) => `- ${cases([one])}: \`${one.capability}\``),
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
const times = (count: number, begins = false): string =>
  count === 1 ? (begins ? "Once" : "once") : `${count} times${begins ? "," : ""}`;
const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
/** Ends with a full stop, whoever wrote it. */
const sentence = (text: string): string => (/[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

const WORDS: { readonly [why: string]: string } = {
  deadline: "the time for the task was over",
  restored: "its executor was restored and could not go on with it",
  "nothing-proposed": "nobody proposed anything to do",
};
/** What a code or a word of the record means, and the code for whoever looks it up. */
const codeWords = (code: string): string => {
  const known = WORDS[code] ?? (code in PROBLEMS ? PROBLEMS[code as ProblemCode].title : undefined);
  return known === undefined ? code : `${known} (${code})`;
};

const day = (iso: string): string => iso.slice(0, 10);
const time = (iso: string): string => `${iso.slice(0, 16).replace("T", " ")} UTC`;
/** Of micro-cents; nothing that cost something is shown as free. */
function money(microCents: number): string {
  const amount = microCents / 100_000_000;
  return amount === 0 || amount >= 0.01 ? amount.toFixed(2) : `less than ${amount >= 0.001 ? "0.01" : "0.001"}`;
}

function duration(ms: number): string {
  if (ms < 1_000) return "a second";
  if (ms < 90_000) return many(Math.round(ms / 1_000), "second");
  if (ms < 5_400_000) return many(Math.round(ms / 60_000), "minute");
  return ms < 172_800_000 ? many(Math.round(ms / 3_600_000), "hour") : many(Math.round(ms / 86_400_000), "day");
}
