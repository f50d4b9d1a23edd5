/** One seed, from an empty system to the verdict of the checker. */
import type { Fault } from "./faults.ts";
import { forgetSignatures } from "./crypto.ts";
import { RandomFaults } from "./faults.ts";
import type { Fixture } from "./keys.ts";
import { Run, START_MS, type Pools } from "./run.ts";
import { System } from "./system.ts";
import { Workload } from "./workload.ts";
import { check, type Finding } from "./checker.ts";
import { evidenceOf } from "./evidence.ts";

export type Verdict = {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly faults: ReadonlyMap<Fault, number>;
  /** Digest of all that happened. */
  readonly trace: string;
  readonly lines: readonly string[] | null;
  readonly events: number;
  readonly tasks: number;
  readonly effects: number;
};

const MINUTE_MS = 60_000;
/** From here on nothing fails any more, and everything must come to its end. */
const CALM_MS = START_MS + 15 * MINUTE_MS;
const END_MS = START_MS + 90 * MINUTE_MS;
/** A run of more events than this does not come to rest. */
const EVENTS = 60_000;

export async function simulate(
  seed: number,
  pools: Pools,
  fixture: Fixture,
  options: { readonly trace?: boolean } = {},
): Promise<Verdict> {
  forgetSignatures();
  const run = new Run(seed, pools, (random) => new RandomFaults(random), options.trace === true);
  const { random, loop } = run;
  const skewed = random.chance(0.35);
  const skew = () => {
    if (!skewed) return 0;
    run.count("clock-skew", "a node");
    return random.int(-10 * MINUTE_MS, 10 * MINUTE_MS);
  };
  const system = new System(run, skew);
  const workload = new Workload(system, fixture, skewed && random.chance(0.3) ? skew() : 0);
  const tasks = random.int(1, 4);
  for (let i = 0; i < tasks; i++) {
    const task = workload.newTask();
    const shape = workload.taskShape();
    loop.after(random.int(0, 3 * MINUTE_MS), () => {
      void workload.open(task, shape);
      if (random.chance(0.15)) void workload.open(task, shape);
    });
    if (random.chance(0.15)) loop.after(random.int(0, 6 * MINUTE_MS), () => void workload.cancel(task));
  }
  for (const person of fixture.people) if (random.chance(0.7)) void workload.review(person, 2);
  if (random.chance(0.15)) loop.after(random.int(0, 5 * MINUTE_MS), () => void workload.stop());
  unrest(run, system, workload);
  loop.after(CALM_MS - START_MS, () => {
    (run.plan as RandomFaults).calm = true;
  });
  return finish(seed, run, system, workload);
}

/** What happens to the objects whoever calls them. */
function unrest(run: Run, system: System, workload: Workload): void {
  const { random, loop } = run;
  const sometime = (fire: () => void) => void loop.after(random.int(0, 10 * MINUTE_MS), fire);
  if (random.chance(0.5))
    for (let i = random.int(1, 6); i > 0; i--) {
      sometime(() => {
        const host = random.pick(system.hosts);
        if (host.current === null) return;
        run.count("crash", host.name);
        host.current.crash();
      });
    }
  if (random.chance(0.3))
    for (let i = random.int(1, 3); i > 0; i--) sometime(() => random.pick(system.hosts).takeOver());
  if (random.chance(0.08)) {
    const host = random.pick(system.shards);
    const at = random.int(0, 5 * MINUTE_MS);
    loop.after(at, () => host.remember());
    loop.after(at + random.int(1_000, 5 * MINUTE_MS), () => {
      if (host.stale === null) host.rewind();
    });
  }
  if (random.chance(0.2))
    sometime(() => {
      run.count("key-rotated", "every plane");
      system.proposalKey = 1;
      for (const host of system.shards)
        loop.after(random.int(0, 30_000), () => {
          system.executorKeys = 1;
          host.current?.crash();
        });
      loop.after(random.int(0, 30_000), () => {
        system.ledgerKeys = 1;
        system.sequencer.current?.crash();
      });
      if (!random.chance(0.5)) return;
      loop.after(random.int(0, 30_000), () => {
        run.count("key-revoked", "the first proposal key");
        void workload.revoke();
      });
    });
}

/** Lets a run come to its end and asks the checker. */
export async function finish(seed: number, run: Run, system: System, workload: Workload): Promise<Verdict> {
  try {
    const rested = await run.loop.run(END_MS, EVENTS);
    const evidence = evidenceOf(system, workload);
    const findings = [...check(evidence)];
    // An executor whose storage went back behind the ledger asks it again and again: only people end that.
    if (!rested && !evidence.shards.some(({ isRewound }) => isRewound))
      findings.push({ rule: "rest", what: `not at rest after ${run.loop.ran} events` });
    return {
      seed,
      findings,
      faults: run.countByFault,
      trace: run.trace,
      lines: run.lines,
      events: run.loop.ran,
      tasks: workload.tasks.length,
      effects: evidence.transfers.length + evidence.calls.length,
    };
  } finally {
    for (const host of system.hosts) {
      // Nothing of this run may touch a database that the next one uses.
      if (host.stale !== null) host.stale.alive = false;
      if (host.current !== null) host.current.alive = false;
    }
    for (const pool of Object.values(run.pools)) pool.giveBack();
  }
}
