/**
 * The runtime is killed in the middle of load, again and again, and started on the same files. `KILLS` says how often (50; 500 in
 * `npm run nightly`), `SEED` when. Two runtimes share the kills, because a start keeps one core busy.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { randomFrom } from "../../scripts/demo-data.ts";
import { reviewer } from "../e2e/people.ts";
import { startEffectServer, type EffectServer } from "../support/effect-server.ts";
import { account } from "../support/kill-account.ts";
import { runWithKills } from "../support/kill-run.ts";
import { publishWork, stockOrders } from "../support/kill-work.ts";
import { startMortal, type Mortal } from "../support/mortal.ts";

const KILLS = Number(process.env["KILLS"] ?? 50);
const SEED = Number(process.env["SEED"] ?? 1);
const RUNTIMES = 2;
/** One of two tasks cancels an order, and before each kill there are at most some 30 tasks. */
const ORDERS = Math.max(500, Math.ceil(KILLS / RUNTIMES) * 20);

const servers: EffectServer[] = [];
const systems: Mortal[] = [];
beforeAll(async () => {
  for (let i = 0; i < RUNTIMES; i++) {
    const server = await startEffectServer();
    servers.push(server);
    const origins = { payments: server.origin, courier: server.origin };
    const header = { kind: "header", header: "x-api-key", value: "key-of-the-test" };
    const system = await startMortal({
      vars: { HTTP_TARGETS: JSON.stringify({ development: true, origins }) },
      credentials: {
        payments: { ...header, capability: "payments.refund" },
        courier: { ...header, capability: "pickups.book" },
      },
    });
    systems.push(system);
    await stockOrders(system, ORDERS);
    await publishWork(system);
  }
});
afterAll(async () => {
  await Promise.all(systems.map((system) => system.stop()));
  await Promise.all(servers.map((server) => server.close()));
});

it(
  `loses nothing that it acknowledged and doubles nothing, through ${KILLS} kills in the middle of load`,
  async () => {
    await Promise.all(
      systems.map((system, i) => kill(system, servers[i]!, Math.floor((KILLS + i) / RUNTIMES), SEED * RUNTIMES + i)),
    );
  },
  60_000 + KILLS * 10_000,
);

async function kill(system: Mortal, server: EffectServer, kills: number, seed: number): Promise<void> {
  const lead = await reviewer(system, "mem_lead", ["support-lead"]);
  const run = await runWithKills(system, lead, kills, randomFrom(seed));
  const count = (kind: string): number => run.sent.filter((work) => work.kind === kind).length;
  expect(count("cancel"), "the stock of orders lasts").toBeLessThan(ORDERS);
  const seen = await account(system, server, lead, run);
  console.log(
    `kills: ${run.kills}; ${["cancel", "refund", "pickup", "flag"].map((kind) => `${kind} ${count(kind)}`).join(", ")}; ` +
      `${run.finished} tasks were answered as finished under load, ${run.unanswered} requests were not answered; ` +
      `${seen.effectRows} effects in the databases, ${server.effects().size} outside, ${seen.doubts} pickups in doubt; ${seen.entries} entries`,
  );
  expect(run.lost).toEqual([]);
  expect(seen).toMatchObject({ unsettled: 0, otherwise: [], doubled: [], hidden: [], findings: [] });
  expect(seen.balanceCents).toBe(seen.expectedCents);
  expect(seen.effectRows).toBe(count("cancel"));
  expect(run.finished, "there was load").toBeGreaterThan(run.kills);
  expect(run.unanswered, "the kills met requests under way").toBeGreaterThan(run.kills / 2);
}
