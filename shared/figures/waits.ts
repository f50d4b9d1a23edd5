/** What tasks wait for now, over all automations and by automation and region. Pure. */
import type { Metrics, Waits } from "../api/metrics.ts";
import type { OpenRow } from "./names.ts";

export function waitsOf(rows: readonly OpenRow[]): Waits {
  const of = (what: OpenRow["what"]): Waits["inDoubt"] => {
    const own = rows.filter((row) => row.what === what);
    const since = own.flatMap(({ oldestMs }) => (oldestMs === null ? [] : [oldestMs]));
    return {
      tasks: own.reduce((sum, { count }) => sum + count, 0),
      oldestAt: since.length === 0 ? null : new Date(Math.min(...since)).toISOString(),
    };
  };
  return { inDoubt: of("doubt"), reviews: of("review"), held: of("held"), planning: of("plan") };
}

export function waitsByPlace(rows: readonly OpenRow[]): Metrics["now"]["waits"] {
  const byPlace = new Map<string, OpenRow[]>();
  for (const row of rows) {
    const key = `${row.automation} ${row.region}`;
    byPlace.set(key, [...(byPlace.get(key) ?? []), row]);
  }
  return [...byPlace.values()].map((own) => ({
    automation: own[0]!.automation,
    region: own[0]!.region,
    ...waitsOf(own),
  }));
}
