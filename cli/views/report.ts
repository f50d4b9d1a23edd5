/** The report of a verification, for people. */
import type { Finding, VerificationReport } from "../../shared/verify/index.ts";
import { bold, dim, green, line, red, table, yellow } from "../output.ts";

/** Findings shown for each check; `--json` has all of them. */
const SHOWN = 10;

/** @param resumedFrom entries that were verified before, where the verification went on from there */
export function reportText(report: VerificationReport, trustFrom: string, resumedFrom: number | null = null): string {
  const { checkpoint, counts, checks, alarms, epochs, rewinds } = report;
  const marks = { ok: green("ok"), failed: red("FAILED"), "not-run": dim("not run") };
  const lines = [
    `${bold("log")}    ${report.origin}, ${checkpoint === null ? "no checkpoint that can be believed" : `${checkpoint.size} entries, root ${checkpoint.root}`}`,
    `${bold("trust")}  ${line(trustFrom)}`,
    `${bold("holds")}  ${counts.tasks} tasks (${counts.settled} settled), ${counts.applied} applied steps, ${report.chains.length} executors${counts.erased === 0 ? "" : `, ${counts.erased} keys of people erased (their values are gone, their record holds)`}`,
    ...(resumedFrom === null
      ? []
      : [`${bold("again")}  the first ${resumedFrom} entries were verified before; this log continues them`]),
    "",
    table(
      checks.map(({ check, status, verified, failed, what }) => [
        `  ${marks[status]}`,
        check,
        status === "not-run" ? "" : String(verified),
        failed > 0 ? red(`${failed} wrong`) : dim(what),
      ]),
    ),
  ];
  for (const { findings, failed, check } of checks) {
    if (findings.length === 0) continue;
    lines.push("", bold(red(check)), ...findings.slice(0, SHOWN).map(findingText));
    if (failed > SHOWN) lines.push(dim(`  … and ${failed - SHOWN} more`));
  }
  if (epochs.length > 0)
    lines.push(
      "",
      yellow("Epochs: the log went on from an earlier checkpoint"),
      ...epochs.map(
        ({ epoch, index, oldSize, newSize, members, reason, at }) =>
          `  from ${newSize} after ${oldSize}, ${at}, signed by ${line(members.join(" and "))}: ${line(reason)} ${dim(`entry ${index}, ${epoch}`)}`,
      ),
    );
  if (rewinds.length > 0)
    lines.push(
      "",
      yellow("Rewinds: an executor took its chain back from the log"),
      ...rewinds.map(
        ({ rewind, executor, from, to, lost, setAside, tasks, members, reason, at }) =>
          `  ${executor}, ${from} to ${to}, ${at}, signed by ${line(members.join(" and "))}: ${line(reason)} ${dim(`${lost} records without values, ${setAside} set aside, ${tasks} tasks ended, ${rewind}`)}`,
      ),
    );
  if (alarms.length > 0)
    lines.push(
      "",
      yellow("Alarms that executors wrote into their chains"),
      ...alarms.map(({ code, detail, where }) => `  ${code}: ${line(detail)} ${dim(placeOf(where))}`),
    );
  lines.push("", dim("Not authenticated"), ...report.notAuthenticated.map((text) => dim(`  ${text}`)));
  lines.push("", report.verified ? green(bold("The record verifies.")) : red(bold("The record does NOT verify.")));
  return lines.join("\n");
}

const findingText = ({ code, detail, where }: Finding): string =>
  `  ${red(code)}: ${line(detail)} ${dim(placeOf(where))}`;

const placeOf = ({ index, executor, seq, task, step }: Finding["where"]): string =>
  [
    index === undefined ? "" : `entry ${index}`,
    executor === undefined ? "" : `${executor}${seq === undefined ? "" : `#${seq}`}`,
    task === undefined ? "" : `${task}${step === undefined ? "" : `/${step}`}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
