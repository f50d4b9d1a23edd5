/**
 * One full action with a fault at each await: a task is opened and planned, its payment waits for a person, is approved, applied in the
 * database and told to a callee, and the record is delivered to the ledger. A run without faults says which awaits there are; then each of
 * them gets each kind of fault, or each two of them.
 */
import { POINT_FAULTS, ScriptedFaults, type PointFault } from "./faults.ts";
import { forgetSignatures } from "./crypto.ts";
import type { Fixture } from "./keys.ts";
import { Run, type Pools } from "./run.ts";
import { finish, type Verdict } from "./simulate.ts";
import { System } from "./system.ts";
import { Workload } from "./workload.ts";

export type Injected = { readonly index: number; readonly fault: PointFault };
export type AwaitVerdict = Verdict & { readonly points: readonly string[] };

const SEED = 1;

/** Runs the action with these faults. */
export async function oneAction(pools: Pools, fixture: Fixture, injected: readonly Injected[]): Promise<AwaitVerdict> {
  forgetSignatures();
  const script = new ScriptedFaults(new Map(injected.map(({ index, fault }) => [index, fault])));
  const run = new Run(SEED, pools, () => script, true);
  const system = new System(run, () => 0);
  const workload = new Workload(system, fixture, 0, true);
  const task = workload.newTask();
  const input = { from: "a1", to: "a2", cents: 500, order: "o1" };
  void workload.open(task, { planner: "playbook", input, rounds: [] });
  const [ada] = fixture.people;
  void workload.approveWhenAsked(ada!, task);
  const verdict = await finish(SEED, run, system, workload);
  return { ...verdict, points: script.points };
}

/** Every single fault at every await, or every pair of them. */
export function* injections(points: number, pairs: boolean): Generator<readonly Injected[]> {
  for (let index = 0; index < points; index++)
    for (const fault of POINT_FAULTS) {
      if (!pairs) yield [{ index, fault }];
      // What comes after the first fault is counted anew: a few awaits more than before stand behind it.
      else
        for (let second = index + 1; second < points + 12; second++)
          for (const other of POINT_FAULTS)
            yield [
              { index, fault },
              { index: second, fault: other },
            ];
    }
}
