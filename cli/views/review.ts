/** Reviews: a list of what waits, and one in full, exactly as it will be signed. */
import type { ReviewView } from "../../shared/views.ts";
import { bold, cyan, dim, line, table, time, valueText } from "../output.ts";
import { status } from "./task.ts";

export const reviewRows = (reviews: readonly ReviewView[]): string =>
  table([
    ["REVIEW", "WHAT WOULD HAPPEN", "ASKED BY", "UNTIL (UTC)"].map(dim),
    ...reviews.map(({ id, parts, expiresAt }) => [
      cyan(id),
      line(parts.shown.summary),
      line(parts.shown.askedBy),
      time(expiresAt),
    ]),
  ]);

/** Everything that the signature covers, and who must sign. */
export function reviewText(review: ReviewView): string {
  const { parts, required } = review;
  const { shown } = parts;
  const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0 ? [] : ["", bold(title), table(rows, "  ")];
  return [
    `${bold(line(shown.summary))}`,
    `${dim(review.id)}  ${status(review.status)}  until ${time(review.expiresAt)} UTC`,
    ...section(
      "What will change",
      shown.changes.map(({ what, from, to }) => [
        line(what),
        from === null ? "" : line(from),
        from === null ? "" : "→",
        line(to),
      ]),
    ),
    ...section("Who asks", [[line(shown.askedBy)]]),
    ...section("Why", shown.rationale === null ? [] : [[line(shown.rationale), dim("(the planner's own words)")]]),
    ...section(
      "Rules that ask for a person",
      shown.rules.map(({ id, message }) => [line(id), line(message)]),
    ),
    ...section("Arguments, and whose words they are", argumentRows(parts.args, shown.provenance)),
    ...section("Premises", premiseRows(parts.premises)),
    ...section(
      "Approvals",
      required.map(({ role, quorum, approvedBy }) => [
        `${approvedBy.length} of ${quorum}`,
        line(role),
        approvedBy.map(line).join(", "),
      ]),
    ),
    "",
    `${dim("task")} ${review.task}  ${dim("step")} ${line(review.step)}  ${dim("capability")} ${line(review.capability)}`,
    `${dim("subject")} ${review.subject}`,
  ].join("\n");
}

function argumentRows(args: unknown, provenance: { readonly [argument: string]: string }): string[][] {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return [[valueText(args)]];
  return Object.entries(args).flatMap(([name, value]) => {
    const [first = "", ...more] = isRecordList(value) ? value.map(recordText) : [valueText(value)];
    return [[line(name), first, dim(line(provenance[name] ?? ""))], ...more.map((text) => ["", text, ""])];
  });
}

const isScalar = (value: unknown): boolean => value === null || typeof value !== "object";
const isRecordList = (value: unknown): value is readonly Record<string, unknown>[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item) => !isScalar(item) && !Array.isArray(item) && Object.values(item).every(isScalar));

/** A small record as words: `payment method id credit_card_1, amount cents 500`. A text that could pass for more than one value is quoted. */
const recordText = (record: Record<string, unknown>): string =>
  Object.entries(record)
    .map(([name, value]) => {
      const isPlain = typeof value === "string" && /^[\p{L}\p{N}_#@.:/+-]+$/u.test(value);
      return `${nameText(name)} ${isPlain ? line(value) : line(JSON.stringify(value))}`;
    })
    .join(", ");
const nameText = (name: string): string =>
  line(name).replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function premiseRows(premises: unknown): string[][] {
  if (!Array.isArray(premises)) return [];
  return premises.map((premise) =>
    typeof premise === "object" && premise !== null
      ? [valueText(premise.resource), `version ${valueText(premise.version)}`, dim(valueText(premise.class))]
      : [valueText(premise)],
  );
}
