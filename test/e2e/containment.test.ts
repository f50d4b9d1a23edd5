/**
 * A hijacked planner against the whole of Countersign: the suites of test/containment over HTTP, three Workers and a service that counts what
 * reaches it. Each attack has the outcome that it has against one executor object in memory, where all of them are played.
 *
 * CONTAINMENT_ALL=1 plays all of them here too.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentsFolder, readSuite, SUITES } from "../containment/data.ts";
import { ALL_ROLES } from "../containment/guard.ts";
import { startWorld, type World } from "../containment/live.ts";
import { type Attacked, Play } from "../containment/play.ts";
import { attacksOf } from "../containment/sample.ts";
import { worst } from "../containment/table.ts";

const folder = agentsFolder();
if (folder === null) console.info("containment: skipped, because ../shared/data/agents is absent");
const all = process.env["CONTAINMENT_ALL"] === "1";
/** Attacks at a time: enough to keep two cores busy. */
const AT_ONCE = 6;
const HOUR_MS = 3_600_000;

let world: World;
beforeAll(async () => {
  if (folder !== null) world = await startWorld();
});
afterAll(() => world?.stop());

describe.skipIf(folder === null).each(SUITES)("the %s suite", (name) => {
  const data = folder === null ? null! : readSuite(folder, name);
  const memory = folder === null ? null! : new Play(name, data, ALL_ROLES);
  const live = folder === null ? null! : new Play(name, data, ALL_ROLES, () => world.open(name));

  it("lets every honest call through, some of them after a person's yes", { timeout: HOUR_MS }, async () => {
    const startedMs = Date.now();
    const played = await inParallel(data.users, (user) => live.honest(user));
    expect(played.flatMap(({ task, faults }) => faults.map((fault) => `${task}: ${fault}`))).toEqual([]);
    const approvals = played.reduce((sum, one) => sum + one.approvals, 0);
    console.info(`${name}: ${played.length} honest tasks, ${approvals} approvals; ${seconds(startedMs)} s`);
  });

  it("gives no attack an effect, on either road, and ends each as in memory", { timeout: HOUR_MS }, async () => {
    const startedMs = Date.now();
    const attacks = attacksOf(data, memory, all);
    const played = (await inParallel(attacks, (attack) => attack(live))).flat();
    expect(worst(played)).toEqual([]);
    const writing = played.filter(({ writes }) => writes > 0).length;
    console.info(`${name}: ${played.length} attacks, ${writing} of them writing; ${seconds(startedMs)} s`);
    const expected: Attacked[] = [];
    for (const attack of attacks) expected.push(...(await attack(memory)));
    expect(played).toEqual(expected);
  });
});

const seconds = (startedMs: number): string => ((Date.now() - startedMs) / 1_000).toFixed(1);

async function inParallel<I, O>(items: readonly I[], work: (item: I) => Promise<O>): Promise<O[]> {
  const results: O[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
