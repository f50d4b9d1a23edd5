import { expect, it } from "vitest";
import { compareRegion, type CompletenessSources } from "../../intent-manager/insight/completeness.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";
import type { EffectRow } from "../../shared/rpc.ts";
import type { KnownAction } from "../../shared/rpc/answers.ts";

const task = (shard: number, letter: string) => `tsk_eu_${shard}_${letter.repeat(26)}`;
const row = (action: string, of: string, status = "applied"): EffectRow => ({
  action,
  task: of,
  step: "s",
  status,
  atMs: 5,
});
const known = (action: string, of: string, more: Partial<KnownAction> = {}): KnownAction => ({
  action,
  task: of,
  step: "s",
  capability: "c",
  region: "eu",
  status: "applied",
  applied: true,
  delivery: "exactly-once",
  endedMs: 5,
  ...more,
});
const sourcesOf = (
  rows: readonly EffectRow[],
  actions: readonly KnownAction[],
  more: Partial<CompletenessSources> = {},
): CompletenessSources => ({
  region: "eu",
  fromMs: 0,
  toMs: 10,
  lagging: new Set(),
  isOver: () => false,
  effects: async () => ok(rows),
  effectsOf: async (wanted) => ok(rows.filter(({ action }) => wanted.includes(action))),
  actionsOf: async (tasks) => ok({ actions: actions.filter((one) => tasks.includes(one.task)) }),
  actionsOpened: async () => ok({ actions, next: null }),
  ...more,
});
async function compared(sources: CompletenessSources) {
  const result = await compareRegion(sources);
  if (!result.ok) throw new Error(result.problem.detail);
  const { extra, missing, pending, whole, effects, actions } = result.value.region;
  return {
    extra: extra.map((one) => one.action),
    missing: missing.map((one) => one.action),
    pending,
    whole,
    effects,
    actions,
  };
}

it("a record and a database that agree have nothing missing and nothing extra", async () => {
  const rows = [row("act_1", task(0, "a")), row("act_2", task(0, "b"), "refused")];
  expect(await compared(sourcesOf(rows, [known("act_1", task(0, "a"))]))).toEqual({
    extra: [],
    missing: [],
    pending: 0,
    whole: true,
    effects: 1,
    actions: 1,
  });
});

it("an effect that nobody proposed is extra, also under a borrowed task or an impossible one; one that vanished is missing", async () => {
  const rows = [row("act_1", task(0, "a")), row("act_x", task(0, "a")), row("act_y", "no task")];
  const found = await compared(sourcesOf(rows, [known("act_1", task(0, "a")), known("act_gone", task(0, "b"))]));
  expect(found).toMatchObject({ extra: ["act_x", "act_y"], missing: ["act_gone"] });
});

it("what has no row of its own, or is of another region, is no finding", async () => {
  const elsewhere = [
    known("act_h", task(0, "a"), { delivery: "idempotent" }),
    known("act_u", task(0, "b"), { region: "us" }),
  ];
  expect(await compared(sourcesOf([], elsewhere))).toMatchObject({ missing: [], actions: 0 });
});

it("what its executor has not delivered is pending, and a time that is up ends the comparison and says so", async () => {
  const rows = [row("act_new", task(3, "a"))];
  expect(await compared(sourcesOf(rows, [], { lagging: new Set([3]) }))).toMatchObject({ extra: [], pending: 1 });
  // A page is compared all the same, so that no comparison stands still.
  expect(await compared(sourcesOf(rows, [], { isOver: () => true }))).toMatchObject({ whole: false, effects: 1 });
});

it("counts every finding and keeps as many as are named", async () => {
  const rows = Array.from({ length: LIMITS.completenessNamed + 5 }, (_, i) => row(`act_${i}`, task(0, "a")));
  const result = await compareRegion(sourcesOf(rows, []));
  expect(result).toMatchObject({ value: { region: { extraCount: rows.length, missingCount: 0 } } });
  expect(result.ok && result.value.region.extra.length).toBe(LIMITS.completenessNamed);
});
