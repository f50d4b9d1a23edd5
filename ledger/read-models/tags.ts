/**
 * The read model `tags`: a row for each tag of each applied action, and of each action that came into doubt. From what is broken back to the runs that touched it, and from an action
 * forward to what touched the same things after it. And a row for each entry of an executor that later tasks are judged by: what evidence of them begins with.
 */
import { isLasting } from "../../shared/evidence/select.ts";
import type { ChainRecord, TaskEvent } from "../../shared/events.ts";
import { guard, type Projector, type ReadEntry } from "./projector.ts";

type Touched = {
  readonly tag: string;
  readonly idx: number;
  readonly pos: number;
  readonly step: string;
  readonly action: string;
  /** The action's first tag: what it changes. The others say what it concerns. */
  readonly main: 0 | 1;
  readonly wrote: 0 | 1;
  /** It was not known then whether the action happened. */
  readonly doubt: 0 | 1;
  readonly atMs: number;
};
/** What one entry adds. `executor`: its own entry, which lasts; null for one of a task. */
export type TagsRow = {
  readonly task: string | null;
  readonly executor: string | null;
  readonly idx: number;
  readonly touched: readonly Touched[];
};

type Touching = Extract<TaskEvent, { type: "step-applied" | "step-in-doubt" }>;

/** An applied action; or one of which nobody knows, the first time that this is said. */
const touches = (event: TaskEvent): event is Touching =>
  (event.type === "step-applied" && event.tags.length > 0) ||
  (event.type === "step-in-doubt" && event.asked === 0 && event.tags.length > 0);

function touchedIn(entry: ReadEntry): Touched[] {
  const touched: Touched[] = [];
  for (const record of (entry.data as unknown as { records: readonly ChainRecord[] }).records)
    for (const event of record.events as readonly TaskEvent[]) {
      if (!touches(event)) continue;
      for (const tag of new Set(event.tags))
        touched.push({
          tag,
          idx: entry.index,
          pos: touched.length,
          step: event.step,
          action: event.action,
          main: tag === event.tags[0] ? 1 : 0,
          wrote: event.type === "step-applied" && event.left === null ? 0 : 1,
          doubt: event.type === "step-applied" ? 0 : 1,
          atMs: record.atMs,
        });
    }
  return touched;
}

/** Cheap enough to ask of every entry: most hold no action. */
const mayTouch = (entry: ReadEntry): boolean => {
  const records = (entry.data as unknown as { records?: readonly ChainRecord[] }).records;
  return Array.isArray(records) && records.some((record) => (record.events as readonly TaskEvent[]).some(touches));
};

const lasts = ({ task, data }: ReadEntry): boolean => {
  const records = (data as unknown as { records?: readonly ChainRecord[] }).records;
  return task === null && Array.isArray(records) && records.some(({ events }) => isLasting(events));
};

const keyOf = (subject: string, idx: number): string => `${subject} ${idx}`;

export const tagsProjector: Projector<TagsRow> = {
  name: "tags",
  version: 3,
  keyOf: (entry) => {
    if (entry.task === null) return lasts(entry) ? keyOf(entry.executor, entry.index) : null;
    return mayTouch(entry) ? keyOf(entry.task, entry.index) : null;
  },
  // Rows are only ever added: what is there already need not be known.
  begins: () => true,
  evolve: (_, entry) =>
    entry.task === null
      ? { task: null, executor: entry.executor, idx: entry.index, touched: [] }
      : { task: entry.task, executor: null, idx: entry.index, touched: touchedIn(entry) },
  keyOfRow: (row) => keyOf(row.task ?? row.executor!, row.idx),
  load: "SELECT NULL AS task, NULL AS idx, NULL AS touched WHERE ?1 IS NULL AND ?2 IS NULL",
  save: [
    `INSERT INTO rm_tags (tenant, tag, idx, pos, task, step, action, main, wrote, doubt, at_ms)
    SELECT ?1, t.value ->> 'tag', t.value ->> 'idx', t.value ->> 'pos', r.value ->> 'task', t.value ->> 'step', t.value ->> 'action',
      t.value ->> 'main', t.value ->> 'wrote', t.value ->> 'doubt', t.value ->> 'atMs'
    FROM json_each(?2) AS r, json_each(r.value, '$.touched') AS t WHERE ${guard("tags")}
    ON CONFLICT DO NOTHING`,
    `INSERT INTO rm_lasting (tenant, executor, idx) SELECT ?1, value ->> 'executor', value ->> 'idx'
    FROM json_each(?2) WHERE value ->> 'executor' IS NOT NULL AND ${guard("tags")} ON CONFLICT DO NOTHING`,
  ],
  clear: ["DELETE FROM rm_tags WHERE tenant = ?1", "DELETE FROM rm_lasting WHERE tenant = ?1"],
};
