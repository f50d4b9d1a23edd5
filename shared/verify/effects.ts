/**
 * Completeness: the rows that effects leave in the regional databases themselves, compared with the log in both directions.
 *
 * A system that runs changes while it is read. `before` is read before the log, so every effect in it must be known to the log;
 * `after` is read after the log, so every effect that the log knows must be in it.
 */
import type { Findings } from "./findings.ts";
import type { TaskBook } from "./task-book.ts";

export type EffectRow = {
  readonly action: string;
  readonly task: string;
  readonly step: string;
  readonly status: string;
};
/** Rows by region. */
export type EffectsByRegion = { readonly [region: string]: readonly EffectRow[] };
export type EffectsAround = { readonly before: EffectsByRegion; readonly after: EffectsByRegion };

const key = (region: string, { action, task, step }: Omit<EffectRow, "status">): string =>
  `${region} ${action} ${task} ${step}`;

export function checkEffects({ before, after }: EffectsAround, claimed: TaskBook["claimed"], findings: Findings): void {
  findings.ran("effects");
  const known = new Set([...claimed.values()].map((action) => key(action.region, action)));
  for (const [region, rows] of Object.entries(before))
    for (const row of rows) {
      // A tombstone is the record of an effect that did not happen.
      if (row.status === "refused") continue;
      if (known.has(key(region, row))) findings.pass("effects");
      else
        findings.fail(
          "effects",
          "effect-unproposed",
          `The database of ${region} holds ${row.action} (${row.status}), and the log has no such action.`,
          { task: row.task, step: row.step },
        );
    }
  const present = new Set(
    Object.entries(after).flatMap(([region, rows]) =>
      rows.filter(({ status }) => status === "applied").map((row) => key(region, row)),
    ),
  );
  // Only a database that the executor writes in one transaction can be compared: what was done elsewhere stands in the records of others.
  for (const action of claimed.values())
    if (
      action.applied &&
      action.delivery === "exactly-once" &&
      Object.hasOwn(after, action.region) &&
      !present.has(key(action.region, action))
    )
      findings.fail(
        "effects",
        "effect-missing",
        `The database of ${action.region} does not hold ${action.action} as applied.`,
        { task: action.task, step: action.step },
      );
}
