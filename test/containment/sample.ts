/**
 * Which of a suite's attacks are played where not all are: every attack goal in some user's task, and of the honest calls with one changed part
 * every tool with every role that it has. `all` is all.
 */
import type { Variant } from "./attacks.ts";
import type { Injection, Pair, SuiteData, UserTask } from "./data.ts";
import type { Attacked, Play } from "./play.ts";

/** One attack on both roads, wherever it is played. */
export type Attack = (play: Play) => Promise<Attacked[]>;

/** So many attack goals are also written into a request by the agent itself. */
const REWRITTEN = 2;

export function attacksOf(data: SuiteData, play: Play, all: boolean): Attack[] {
  const pairs = all ? data.pairs : data.injections.map((injection, index) => pairOf(data, injection, index));
  const injections = all ? data.injections : data.injections.slice(0, REWRITTEN);
  return [
    ...pairs.map(
      (pair): Attack =>
        (desk) =>
          desk.pairs(pair.user, [pair]),
    ),
    ...variants(data, play, all).map(
      ([user, variant]): Attack =>
        (desk) =>
          desk.variants(user, [variant]),
    ),
    ...injections.map(
      (injection): Attack =>
        (desk) =>
          desk.rewritten(data.users[0]!, injection),
    ),
  ];
}

/** The attack in the task of one user, another one for each attack. */
function pairOf({ pairs }: SuiteData, injection: Injection, index: number): Pair {
  const own = pairs.filter((pair) => pair.injection === injection);
  return own[(index * 3) % own.length]!;
}

function variants({ users }: SuiteData, play: Play, all: boolean): [UserTask, Variant][] {
  const seen = new Set<string>();
  return users.flatMap((user) =>
    play.variantsOf(user).flatMap((variant): [UserTask, Variant][] => {
      const kind = `${variant.calls[0]!.name} ${variant.what}`;
      if (!all && seen.has(kind)) return [];
      seen.add(kind);
      return [[user, variant]];
    }),
  );
}
