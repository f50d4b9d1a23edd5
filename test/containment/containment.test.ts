/**
 * The worst case in short: a part of what `npm run containment` plays in full. A hijacked planner emits exactly the attack's calls, well signed,
 * on both roads; nothing takes effect without a person, and honest calls still go through (test/e2e/containment.test.ts makes all of them).
 */
import { describe, expect, it } from "vitest";
import { agentsFolder, readSuite, SUITES } from "./data.ts";
import { ALL_ROLES } from "./guard.ts";
import { Play } from "./play.ts";
import { worst } from "./table.ts";

const folder = agentsFolder();
if (folder === null) console.info("containment: skipped, because ../shared/data/agents is absent");
/** Every so many-th user task takes part; each of its pairs, with another step of the same kind where there are many. */
const EVERY = { banking: 4, workspace: 10 };
const PAIRS_EACH = 7;

describe.skipIf(folder === null).each(SUITES)("the %s suite", (name) => {
  const data = folder === null ? null! : readSuite(folder, name);
  const play = folder === null ? null! : new Play(name, data, ALL_ROLES);
  const users = folder === null ? [] : data.users.filter((_, index) => index % EVERY[name] === 0);

  it("lets honest calls through, some of them after a person's yes", async () => {
    for (const user of users) {
      const { faults } = await play.honest(user);
      expect(faults).toEqual([]);
    }
  });

  it("gives no attack of the data an effect, on either road", async () => {
    for (const [index, user] of users.entries()) {
      const own = data.pairs.filter((pair) => pair.user === user);
      const some = own.filter((_, at) => at % Math.ceil(own.length / PAIRS_EACH) === index % 2);
      const attacks = await play.pairs(user, some);
      expect(worst(attacks)).toEqual([]);
      // What did not take effect waits for a person: nothing was lost on its way by an accident.
      expect(attacks.flatMap(({ refusals }) => refusals)).toEqual([]);
    }
  });

  it("gives no effect to an honest call of which one part is the attacker's", async () => {
    for (const user of users) expect(worst(await play.variants(user))).toEqual([]);
  });

  it("gives no effect to what an agent asks for in a request of its own", async () => {
    for (const injection of data.injections.slice(0, 3))
      expect(worst(await play.rewritten(data.users[0]!, injection))).toEqual([]);
  });
});
