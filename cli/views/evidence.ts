/** What a verification of an evidence file says, for people. */
import type { Evidence, EvidenceReport } from "../../shared/evidence/index.ts";
import { bold, dim, green, line, red, table } from "../output.ts";

export function evidenceText(
  { about }: Evidence,
  report: EvidenceReport,
  trustFrom: string,
  sameRootKey: boolean,
): string {
  const { checkpoint, checks, tasks, chains } = report;
  const marks = { ok: green("ok"), failed: red("FAILED"), "not-run": dim("not run") };
  const lines = [
    `${bold("evidence")}  ${about.scope.kind === "task" ? about.scope.task : `tasks opened from ${day(about.scope.fromMs)} until ${day(about.scope.toMs)}`}`,
    `${bold("log")}       ${checkpoint === null ? "no checkpoint that can be believed" : `${checkpoint.size} entries, root ${checkpoint.root}`}`,
    `${bold("trust")}     ${line(trustFrom)}`,
    `${bold("holds")}     ${tasks.length} tasks`,
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
  for (const { check, findings } of checks)
    for (const { code, detail } of findings.slice(0, 10)) lines.push(`  ${red(check)} ${code}: ${line(detail)}`);
  lines.push("");
  for (const { executor, seq, gaps } of chains)
    lines.push(
      dim(
        `  ${executor} is shown up to position ${seq}${gaps.length === 0 ? ", from its first record" : `, without ${gaps.map(({ from, to }) => `${from} to ${to}`).join(", ")}`}`,
      ),
    );
  if (!sameRootKey) lines.push(red("The file names another root key than the one that is pinned."));
  lines.push("", report.verified ? green(bold("The evidence verifies.")) : red(bold("The evidence does NOT verify.")));
  return lines.join("\n");
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
