/**
 * The runtime is killed in the middle of load, again and again, and started on the same files. `KILLS` says how often (50; 500 in
 * `npm run nightly`), `SEED` when.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { randomFrom } from "../../scripts/demo-data.ts";
import { reviewer } from "../e2e/people.ts";
import { account, runWithKills, stockOrders } from "../support/kill-run.ts";
import { startMortal, type Mortal } from "../support/mortal.ts";

const KILLS = Number(process.env["KILLS"] ?? 50);
const SEED = Number(process.env["SEED"] ?? 1);
const ORDERS = Math.max(2_000, KILLS * 60);

let system: Mortal;
beforeAll(async () => {
  system = await startMortal();
  await stockOrders(system, ORDERS);
});
afterAll(() => system?.stop());

it(
  `loses nothing that it acknowledged and doubles nothing, through ${KILLS} kills in the middle of load`,
  async () => {
    const lead = await reviewer(system, "mem_lead", ["support-lead"]);
    const run = await runWithKills(system, lead, KILLS, randomFrom(SEED));
    expect(run.sent.length, "the stock of orders lasts").toBeLessThan(ORDERS);
    const seen = await account(system, lead, run);
    console.log(
      `kills: ${run.kills}, tasks ${run.sent.length}, of which ${run.finished} were answered as finished under load; ` +
        `${run.unanswered} requests without an answer; ${seen.effectRows} effects, ${seen.entries} entries`,
    );
    expect(run.lost).toEqual([]);
    expect(seen).toMatchObject({ unsettled: 0, otherwise: [], doubled: [], findings: [] });
    expect(seen.balanceCents).toBe(seen.expectedCents);
    expect(seen.effectRows).toBe(run.sent.length);
    expect(run.finished, "there was load").toBeGreaterThan(run.kills);
    expect(run.unanswered, "the kills met requests under way").toBeGreaterThan(run.kills / 2);
  },
  60_000 + KILLS * 10_000,
);
