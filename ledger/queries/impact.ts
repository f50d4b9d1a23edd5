/**
 * From a record to what touched it, and to what depended on that. Out of the read models `tags` and `runs`; both walk an index in the order
 * in which they answer, so that a page reads its own rows and no others, however long the log is.
 *
 * Forward, an action depends on the record when it touched it later, or when it touched a record that such an action changed, later still.
 * Records are taken up in the order in which they are reached: that order, and how far each was read, is all that a cursor holds.
 */
import * as z from "zod";
import type { Dependence, ImpactAnswer, Touch } from "../../shared/api/impact.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { ImpactQuery } from "../../shared/rpc/answers.ts";
import { decodeCursor, encodeCursor } from "./cursors.ts";
import { isoTime, recordOf, tagsOf, toTouch, TOUCH_COLUMNS, TOUCH_JOIN, type TouchRow } from "./touches.ts";

/** A place among the actions of one record. */
const Place = z.tuple([z.int(), z.int(), z.int()]);
type Place = z.infer<typeof Place>;

/** A record that was reached: its tag, over how many records, from where on, and how far its actions were read; null once they all were. */
const Reached = z.tuple([z.string().max(LIMITS.tagChars), z.int(), Place, Place.nullable()]);
type Reached = z.infer<typeof Reached>;
const Frontier = z.object({
  since: z.int().nullable(),
  depth: z.int(),
  cut: z.boolean(),
  records: z.array(Reached).max(LIMITS.impactRecords),
});
type Frontier = z.infer<typeof Frontier>;

/** A row of doubt stands for its action only until that action is known to have been applied. */
const STANDS = `(t.doubt = 0 OR NOT EXISTS (SELECT 1 FROM rm_tags AS a INDEXED BY rm_tags_by_step WHERE a.tenant = t.tenant AND a.task = t.task AND a.step = t.step AND a.doubt = 0))`;

export const BACK_SQL = `SELECT ${TOUCH_COLUMNS}, ?2 AS through, 0 AS at
  FROM rm_tags AS t ${TOUCH_JOIN}
  WHERE t.tenant = ?1 AND t.tag = ?2 AND (t.at_ms, t.idx, t.pos) < (?3, ?4, ?5) AND ${STANDS}
  ORDER BY t.at_ms DESC, t.idx DESC, t.pos DESC LIMIT ?6`;

/**
 * ?2 lists `[tag, atMs, idx, pos]`. CROSS JOIN takes the records in their order and each one's actions in the order of the index, so that
 * LIMIT ends the walk; an ORDER BY would read everything first.
 */
export const FORWARD_SQL = `SELECT ${TOUCH_COLUMNS}, t.tag AS through, j.key AS at
  FROM json_each(?2) AS j
  CROSS JOIN rm_tags AS t ON t.tenant = ?1 AND t.tag = j.value ->> 0
    AND (t.at_ms, t.idx, t.pos) > (j.value ->> 1, j.value ->> 2, j.value ->> 3)
  ${TOUCH_JOIN}
  WHERE ${STANDS} LIMIT ?3`;

/** What read rows, for tests and for whoever watches the database. */
export type ImpactRead = { readonly answer: ImpactAnswer; readonly rowsRead: number };

/** Errors: invalid-request for a cursor that this function did not give out. */
export async function impactOf(db: D1Database, query: ImpactQuery): Promise<Result<ImpactRead>> {
  const asOf = await db
    .prepare(
      // One that has never run has no row, and has read nothing.
      `SELECT CASE count(*) WHEN 2 THEN min(cursor) ELSE 0 END AS cursor FROM rm_cursor
        WHERE tenant = ? AND name IN ('tags', 'runs')`,
    )
    .bind(query.tenant)
    .first<{ cursor: number }>();
  const answer = {
    resource: query.resource,
    direction: query.direction,
    touched: [],
    depended: [],
    since: null,
    records: [],
    cut: false,
    next: null,
  };
  const rest = query.direction === "back" ? await back(db, query) : await forward(db, query);
  return rest.ok
    ? ok({ answer: { ...answer, ...rest.value.part, asOf: asOf!.cursor }, rowsRead: rest.value.rowsRead })
    : rest;
}

type Part = { readonly part: Partial<ImpactAnswer>; readonly rowsRead: number };

async function back(db: D1Database, { tenant, resource, cursor, limit }: ImpactQuery): Promise<Result<Part>> {
  const from = cursor === undefined ? ok<Place>([Number.MAX_SAFE_INTEGER, 0, 0]) : decodeCursor("i1", cursor, Place);
  if (!from.ok) return from;
  const { results, meta } = await db
    .prepare(BACK_SQL)
    .bind(tenant, resource, ...from.value, limit + 1)
    .all<TouchRow>();
  const page = results.slice(0, limit);
  const last = page.at(-1);
  return ok({
    part: {
      touched: page.map((row): Touch => toTouch(row, resource)),
      next: results.length > limit ? encodeCursor("i1", placeOf(last!)) : null,
    },
    rowsRead: meta.rows_read,
  });
}

async function forward(db: D1Database, query: ImpactQuery): Promise<Result<Part>> {
  const { tenant, resource, cursor, limit } = query;
  const opened = cursor === undefined ? ok(await begin(db, query)) : decodeCursor("i2", cursor, Frontier);
  if (!opened.ok) return opened;
  const frontier: Frontier = opened.value;
  const depended: Dependence[] = [];
  let rowsRead = 0;
  for (let asks = 0; asks < LIMITS.impactAsks && depended.length < limit; asks++) {
    const open = frontier.records.filter(([, , , read]) => read !== null);
    if (open.length === 0) break;
    const asked = open.map(([tag, , , read]) => [tag, ...read!]);
    const want = limit - depended.length;
    const { results, meta } = await db.prepare(FORWARD_SQL).bind(tenant, JSON.stringify(asked), want).all<TouchRow>();
    rowsRead += meta.rows_read;
    for (const row of results) {
      const reached = open[row.at]!;
      if (isNearer(frontier, reached, row)) continue;
      const [through, depth] = reached;
      depended.push({ ...toTouch(row, through), through, depth });
      reach(frontier, row, depth);
    }
    advance(open, results, want);
  }
  const isOpen = frontier.records.some(([, , , read]) => read !== null);
  return ok({
    part: {
      depended,
      since: frontier.since === null ? null : isoTime(frontier.since),
      records: frontier.records.map(([tag]) => tag).filter((tag) => tag !== resource),
      cut: frontier.cut,
      next: isOpen ? encodeCursor("i2", frontier) : null,
    },
    rowsRead,
  });
}

/** A question begins at the first action on the record, or behind the time that it names. */
async function begin(db: D1Database, { tenant, resource, sinceMs, depth }: ImpactQuery): Promise<Frontier> {
  const rest = { depth: depth ?? LIMITS.impactDepth, cut: false };
  if (sinceMs !== undefined) {
    const start: Place = [sinceMs, Number.MAX_SAFE_INTEGER, 0];
    return { since: sinceMs, ...rest, records: [[resource, 1, start, start]] };
  }
  const first = await db
    .prepare(
      "SELECT at_ms AS atMs, idx, pos FROM rm_tags WHERE tenant = ? AND tag = ? ORDER BY at_ms, idx, pos LIMIT 1",
    )
    .bind(tenant, resource)
    .first<{ atMs: number; idx: number; pos: number }>();
  const start = first === null ? null : placeOf(first);
  return { since: first?.atMs ?? null, ...rest, records: start === null ? [] : [[resource, 1, start, start]] };
}

/** Whether the action depends through a record that was reached before this one as well: it is told there. */
const isNearer = (frontier: Frontier, reached: Reached, row: TouchRow): boolean => {
  const tags = tagsOf(row);
  return frontier.records
    .slice(0, frontier.records.indexOf(reached))
    .some(([tag, , start]) => tags.includes(tag) && isAfter(placeOf(row), start));
};

function isAfter(a: Place, b: Place): boolean {
  const differs = a.findIndex((part, i) => part !== b[i]);
  return differs !== -1 && a[differs]! > b[differs]!;
}

/** The record that an action changed is followed from that action on, unless it is followed already. */
function reach(frontier: Frontier, row: TouchRow, depth: number): void {
  const record = recordOf(row);
  if (row.wrote === 0 || record === null || depth >= frontier.depth) return;
  if (frontier.records.some(([tag]) => tag === record)) return;
  if (frontier.records.length >= LIMITS.impactRecords) frontier.cut = true;
  else frontier.records.push([record, depth + 1, placeOf(row), placeOf(row)]);
}

/** Everything before the record at which the walk ended was read to its end, and so was that one where the walk was not cut short. */
function advance(open: readonly Reached[], results: readonly TouchRow[], want: number): void {
  const last = results.at(-1);
  const isCut = results.length === want && last !== undefined;
  for (const [i, reached] of open.entries()) {
    if (isCut && i > last.at) return;
    reached[3] = isCut && i === last.at ? placeOf(last) : null;
  }
}

const placeOf = ({ atMs, idx, pos }: { atMs: number; idx: number; pos: number }): Place => [atMs, idx, pos];
