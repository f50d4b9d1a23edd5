/** One seed, from an empty system to the verdict of the checker. */
import type { Fault } from "./faults.ts";
import { forgetSignatures } from "./crypto.ts";
import { RandomFaults, type Size } from "./faults.ts";
import type { Fixture } from "./keys.ts";
import { Run, START_MS, type Pools } from "./run.ts";
import { parseTaskId } from "../../../shared/ids.ts";
import { Random } from "./random.ts";
import { begin, THEMES, type Theme } from "./themes.ts";
import { System, type AnyHost } from "./system.ts";
import { Workload } from "./workload.ts";
import { check, type Finding } from "./checker.ts";
import { evidenceOf } from "./evidence.ts";

export type Verdict = {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly faults: ReadonlyMap<Fault, number>;
  readonly features: ReadonlyMap<string, number>;
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
/** How many of the small worlds are about one thing. */
const THEMED = 0.4;
/** A run of more events than this does not come to rest. */
const EVENTS = 60_000;

const sizeOf = (random: Random): Size => {
  const at = random.next();
  return at < 0.85 ? "small" : at < 0.975 ? "medium" : "large";
};

export async function simulate(
  seed: number,
  pools: Pools,
  fixture: Fixture,
  options: { readonly trace?: boolean } = {},
): Promise<Verdict> {
  forgetSignatures();
  const size = sizeOf(new Random(seed ^ 0x2545f491));
  const run = new Run(seed, pools, (random) => new RandomFaults(random, size), options.trace === true);
  const { random, loop } = run;
  const skewed = random.chance(size === "small" ? 0.15 : 0.35);
  const skew = () => {
    if (!skewed) return 0;
    run.count("clock-skew", "a node");
    return random.int(-10 * MINUTE_MS, 10 * MINUTE_MS);
  };
  const system = new System(run, skew);
  const workload = new Workload(system, fixture, skewed && random.chance(0.3) ? skew() : 0);
  if (size === "small") smallWorld(run, system, workload, fixture);
  else busyWorld(run, system, workload, fixture, size);
  loop.after(CALM_MS - START_MS, () => {
    (run.plan as RandomFaults).calm = true;
  });
  return finish(seed, run, system, workload);
}

/** One task, at most one thing that people do to it, and at most one kind of trouble beside the faults of the points. */
function smallWorld(run: Run, system: System, workload: Workload, { people }: Fixture): void {
  const { random, loop } = run;
  const theme = random.chance(THEMED) ? random.pick(Object.keys(THEMES) as Theme[]) : null;
  const task = theme === null ? plainTask(run, workload, people) : begin(workload, theme);
  const { shard } = parseTaskId(task)!;
  const deed = random.next();
  if (deed < (theme === null ? 0.12 : 0)) loop.after(random.int(0, 4 * MINUTE_MS), () => void workload.cancel(task));
  else if (deed < (theme === null ? 0.2 : 0.05)) loop.after(random.int(0, MINUTE_MS), () => void workload.stop());
  const trouble = random.next();
  const soon = (): number => random.int(0, random.pick([100, 2_000, 20_000, 4 * MINUTE_MS]));
  const hosts = [
    system.shards[shard]!,
    system.shards[shard]!,
    theme === null ? system.sequencer : random.pick(system.hosts),
  ];
  if (trouble < 0.15)
    for (let i = random.int(1, 3); i > 0; i--) loop.after(soon(), () => crash(run, random.pick(hosts)));
  else if (trouble < 0.27) loop.after(soon(), () => random.pick(hosts).takeOver());
  else if (trouble < 0.31) rewindOnce(run, system.shards[shard]!, soon(), soon());
  else if (trouble < 0.37) rotate(run, system, workload, soon());
}

function plainTask({ random }: Run, workload: Workload, people: Fixture["people"]): string {
  const task = workload.newTask();
  const { shard } = parseTaskId(task)!;
  const shape = workload.taskShape(2);
  void workload.open(task, shape);
  if (random.chance(0.1)) void workload.open(task, shape);
  const [first, second] = random.chance(0.5) ? [people[0]!, people[1]!] : [people[1]!, people[0]!];
  if (workload.asksPeople(shape)) {
    if (random.chance(0.9)) void workload.review(first, 1, [shard]);
    if (random.chance(0.4)) void workload.review(second, 1, [shard]);
  }
  return task;
}

function busyWorld(run: Run, system: System, workload: Workload, { people }: Fixture, size: Size): void {
  const { random, loop } = run;
  const isLarge = size === "large";
  for (let i = isLarge ? random.int(2, 4) : 2; i > 0; i--) {
    const task = workload.newTask();
    const shape = workload.taskShape(3);
    loop.after(random.int(0, 3 * MINUTE_MS), () => {
      void workload.open(task, shape);
      if (random.chance(0.15)) void workload.open(task, shape);
    });
    if (random.chance(0.15)) loop.after(random.int(0, 6 * MINUTE_MS), () => void workload.cancel(task));
  }
  for (const person of people) if (random.chance(0.7)) void workload.review(person, isLarge ? 2 : 1);
  if (random.chance(0.15)) loop.after(random.int(0, 5 * MINUTE_MS), () => void workload.stop());
  const sometime = () => random.int(0, 10 * MINUTE_MS);
  if (random.chance(0.5))
    for (let i = random.int(1, 6); i > 0; i--) loop.after(sometime(), () => crash(run, random.pick(system.hosts)));
  if (random.chance(0.3))
    for (let i = random.int(1, 3); i > 0; i--) loop.after(sometime(), () => random.pick(system.hosts).takeOver());
  if (random.chance(0.08))
    rewindOnce(run, random.pick(system.shards), random.int(0, 5 * MINUTE_MS), random.int(1_000, 5 * MINUTE_MS));
  if (random.chance(0.2)) rotate(run, system, workload, sometime());
}

function crash(run: Run, host: AnyHost): void {
  if (host.current === null) return;
  run.count("crash", host.name);
  host.current.crash();
}

/** The storage goes back, after `laterMs`, to what it was at `atMs`. */
function rewindOnce(run: Run, host: System["shards"][number], atMs: number, laterMs: number): void {
  run.loop.after(atMs, () => host.remember());
  run.loop.after(atMs + laterMs, () => {
    if (host.stale === null) host.rewind();
  });
}

/** All planes change their keys, one after another. The key that was in use before may then be revoked. */
function rotate(run: Run, system: System, workload: Workload, atMs: number): void {
  const { random, loop } = run;
  loop.after(atMs, () => {
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
    const findings = [...check(evidence, (feature) => run.used(feature))];
    // An executor whose storage went back behind the ledger asks it again and again: only people end that.
    if (!rested && !evidence.shards.some(({ isRewound }) => isRewound))
      findings.push({ rule: "rest", what: `not at rest after ${run.loop.ran} events` });
    return {
      seed,
      findings,
      faults: run.countByFault,
      features: run.countByFeature,
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
