/**
 * Compares one region's effect rows with the log, both ways, page by page and within a time box: no more than a page of either is in memory,
 * and every row is looked up by its key on the other side. What it reads comes through functions, so that a route and a timer share it.
 *
 * C1  A row without an applied or claimed action of its name, task and step in the log is extra.
 * C2  An exactly-once action that the log knows as applied, and that the database does not hold as applied, is missing.
 * C3  What the log cannot know yet (its executor still holds records) is pending, and no finding.
 * C4  A comparison that was cut off goes on where it ended. Each call compares at least one page, however little time it has.
 */
import * as z from "zod";
import { RegionCompleteness } from "../../shared/api/completeness.ts";
import { TaskId, parseTaskId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { EffectRow } from "../../shared/rpc.ts";
import type { KnownAction } from "../../shared/rpc/answers.ts";

export type CompletenessSources = {
  readonly region: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Shards of the region whose executors have records that the log does not have. */
  readonly lagging: ReadonlySet<number>;
  readonly isOver: () => boolean;
  /** Rows of the span, ordered by action. */
  readonly effects: (after: string) => Promise<Result<readonly EffectRow[]>>;
  readonly effectsOf: (actions: readonly string[]) => Promise<Result<readonly EffectRow[]>>;
  readonly actionsOf: (tasks: readonly string[]) => Promise<Result<{ readonly actions: readonly KnownAction[] }>>;
  /** Actions of the tasks that were opened in the span. */
  readonly actionsOpened: (
    cursor: string | null,
  ) => Promise<Result<{ readonly actions: readonly KnownAction[]; readonly next: string | null }>>;
};

const Finding = RegionCompleteness.shape.extra.element;
type Finding = z.infer<typeof Finding>;
const Count = z.int().min(0);

/** What has been found so far, and where the comparison goes on: behind a row's action, or with a page of tasks. */
export const Progress = z.strictObject({
  phase: z.enum(["extra", "missing", "done"]),
  after: z.string().nullable(),
  effects: Count,
  actions: Count,
  pending: Count,
  extraCount: Count,
  missingCount: Count,
  /** The first ones: a region can have as many findings as rows. */
  extra: z.array(Finding),
  missing: z.array(Finding),
});
export type Progress = z.infer<typeof Progress>;
const START: Progress = {
  phase: "extra",
  after: null,
  effects: 0,
  actions: 0,
  pending: 0,
  extraCount: 0,
  missingCount: 0,
  extra: [],
  missing: [],
};

export type Compared = { readonly region: RegionCompleteness; readonly progress: Progress };

/** Compares from where an earlier call ended, at least one page (C4), until the end or the time is up. */
export async function compareRegion(sources: CompletenessSources, from: Progress = START): Promise<Result<Compared>> {
  const found: Progress = { ...from, extra: [...from.extra], missing: [...from.missing] };
  for (let pages = 0; found.phase !== "done" && (pages === 0 || !sources.isOver()); pages++) {
    const compared = found.phase === "extra" ? await extraPage(sources, found) : await missingPage(sources, found);
    if (!compared.ok) return compared;
  }
  const { phase, after: _, ...counts } = found;
  const { region, fromMs, toMs } = sources;
  return ok({
    region: { region, from: iso(fromMs), to: iso(toMs), ...counts, whole: phase === "done" },
    progress: found,
  });
}

/** C1 */
async function extraPage(sources: CompletenessSources, found: Progress): Promise<Result<null>> {
  const page = await sources.effects(found.after ?? "");
  if (!page.ok) return page;
  const rows = page.value.filter(({ status }) => status !== "refused");
  const tasks = [...new Set(rows.map(({ task }) => task))].filter((task) => TaskId.safeParse(task).success);
  const known = new Set<string>();
  for (let i = 0; i < tasks.length; i += LIMITS.pageRuns) {
    const read = await sources.actionsOf(tasks.slice(i, i + LIMITS.pageRuns));
    if (!read.ok) return read;
    for (const action of read.value.actions) if (action.region === sources.region) known.add(keyOf(action));
  }
  for (const row of rows) {
    found.effects++;
    if (known.has(keyOf(row))) continue;
    if (isLagging(sources, row.task)) found.pending++;
    else if (found.extraCount++ < LIMITS.completenessNamed)
      found.extra.push(
        finding(row, row.atMs, `the database holds it as ${row.status}, and the log has no such action`),
      );
  }
  if (page.value.length < LIMITS.completenessPage) Object.assign(found, { phase: "missing", after: null });
  else found.after = page.value.at(-1)!.action;
  return ok(null);
}

/** C2 */
async function missingPage(sources: CompletenessSources, found: Progress): Promise<Result<null>> {
  const page = await sources.actionsOpened(found.after);
  if (!page.ok) return page;
  const claimed = page.value.actions.filter(
    ({ region, applied, delivery }) => region === sources.region && applied && delivery === "exactly-once",
  );
  for (let i = 0; i < claimed.length; i += LIMITS.completenessPage) {
    const part = claimed.slice(i, i + LIMITS.completenessPage);
    const rows = await sources.effectsOf(part.map(({ action }) => action));
    if (!rows.ok) return rows;
    const present = new Set(rows.value.filter(({ status }) => status === "applied").map(keyOf));
    found.actions += part.length;
    for (const action of part)
      if (!present.has(keyOf(action)) && found.missingCount++ < LIMITS.completenessNamed)
        found.missing.push(
          finding(action, action.endedMs, "the log has it as applied, and the database does not hold it"),
        );
  }
  found.after = page.value.next;
  if (page.value.next === null) found.phase = "done";
  return ok(null);
}

const isLagging = ({ lagging }: CompletenessSources, task: string): boolean => {
  const route = parseTaskId(task);
  return route !== null && lagging.has(route.shard);
};

const keyOf = ({ action, task, step }: { action: string; task: string; step: string }): string =>
  `${action} ${task} ${step}`;

const finding = (
  { action, task, step }: { action: string; task: string; step: string },
  atMs: number | null,
  why: string,
): Finding => ({ action, task, step, at: atMs === null ? null : iso(atMs), why });

const iso = (ms: number): string => new Date(ms).toISOString();
