/** One action that touched a record, with what the run log knows about it. */
import type { Touch } from "../../shared/api/impact.ts";
import type { RunRecord } from "../read-models/run-record.ts";
import { stepsNow } from "./run-view.ts";

export type TouchRow = {
  readonly task: string;
  readonly step: string;
  readonly action: string;
  readonly atMs: number;
  readonly idx: number;
  readonly pos: number;
  readonly main: 0 | 1;
  readonly wrote: 0 | 1;
  readonly doubt: 0 | 1;
  /** The tag through which it was found, and of which of the records that were asked for. */
  readonly through: string;
  readonly at: number;
  /** JSON object of all the action's tags: 1 for the first one, the record that it changes or reads. */
  readonly tags: string;
  /** Of its run; null where the run log is behind. */
  readonly run: string | null;
  readonly later: string | null;
};

/** Beside the action's own row these read its other tags, and its run. */
export const TOUCH_COLUMNS = `t.task, t.step, t.action, t.at_ms AS atMs, t.idx, t.pos, t.main, t.wrote, t.doubt,
    (SELECT json_group_object(m.tag, m.main) FROM rm_tags AS m INDEXED BY rm_tags_by_step WHERE m.tenant = t.tenant AND m.task = t.task AND m.step = t.step) AS tags,
    r.record AS run, r.later`;
export const TOUCH_JOIN = "LEFT JOIN rm_runs AS r ON r.tenant = t.tenant AND r.task = t.task";

export function toTouch(row: TouchRow, resource: string): Touch {
  const run = row.run === null ? null : (JSON.parse(row.run) as RunRecord);
  const step =
    row.run === null ? undefined : stepsNow({ task: row.task, record: row.run, later: row.later! })[row.step];
  const { principal } = run ?? {};
  return {
    task: row.task,
    step: row.step,
    action: row.action,
    at: isoTime(row.atMs),
    capability: step?.capability ?? null,
    automation: run?.automation ?? null,
    release: run?.release ?? null,
    askedBy: principal === undefined ? null : (principal.member ?? principal.key),
    countersignedBy: step === undefined ? [] : countersigned(step),
    status: step?.status ?? (row.doubt === 1 ? "in_doubt" : "applied"),
    how: row.wrote === 0 ? "read" : row.main === 1 ? "changed" : "concerns",
    record: recordOf(row) ?? resource,
    undoes: step?.undoes?.step ?? null,
    index: row.idx,
  };
}

const countersigned = ({ reviews }: RunRecord["steps"][string]): string[] => [
  ...new Set(
    reviews.flatMap(({ signed }) => signed.flatMap(({ decision, member }) => (decision === "approve" ? [member] : []))),
  ),
];

export const tagsOf = ({ tags }: TouchRow): string[] => Object.keys(JSON.parse(tags) as object);

export const recordOf = ({ tags }: TouchRow): string | null =>
  Object.entries(JSON.parse(tags) as Record<string, 0 | 1>).find(([, main]) => main === 1)?.[0] ?? null;

export const isoTime = (ms: number): string => new Date(ms).toISOString();
