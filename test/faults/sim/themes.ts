/**
 * Worlds about one thing each: taking back, domain keys, doubt, waits, people. A seed has one theme or none, so that each feature is exercised in worlds
 * that are small and therefore cheap. To add a theme: a function here, and a rule in the checker.
 */
import * as signalling from "../../../executors/signalling.ts";
import { parseTaskId, toBase32 } from "../../../shared/ids.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { ACCOUNTS } from "./business.ts";
import { call } from "./network.ts";
import { aboutSomebody } from "./people.ts";
import { resolveDoubts } from "./resolving.ts";
import { outsider } from "./system.ts";
import { pairOf, reverse, touch } from "./taking-back.ts";
import type { Shape, Step, Workload } from "./workload.ts";

const MINUTE_MS = 60_000;

export const THEMES = {
  compensation,
  reversal,
  "domain keys": domainKeys,
  doubt,
  waits,
  people,
} as const;
export type Theme = keyof typeof THEMES;

/** Begins the theme; answers the task that troubles should hit. */
export function begin(workload: Workload, theme: Theme): string {
  workload.system.run.used(`theme: ${theme}`);
  return THEMES[theme](workload);
}

const inputOf = ({ system: { run } }: Workload, change: JsonObject = {}): JsonObject => {
  const from = run.random.pick(ACCOUNTS);
  const to = run.random.pick(ACCOUNTS.filter((id) => id !== from));
  return { from, to, cents: run.random.pick([10, 50, 100]), order: `o${run.random.int(1, 5)}`, ...change };
};
const shapeOf = (input: JsonObject, ...rounds: (readonly Step[])[]): Shape => ({ planner: "careful", input, rounds });
const stepOf = (id: string, capability: string, args: JsonObject, after: readonly string[] = []): Step => ({
  id,
  capability,
  args,
  after,
});

/** Runs `then` once the task has ended, where it does within some minutes. */
async function onceSettled(workload: Workload, task: string, then: () => Promise<unknown>): Promise<void> {
  const { loop, random } = workload.system.run;
  for (let look = 0; look < 5; look++) {
    await loop.sleep(random.int(2_000, 30_000) * (look + 1));
    const view = await workload.see(task);
    if (view?.settled === true) return void (await then());
  }
}

/** A task that changes two or three things and then fails or is cancelled. */
function compensation(workload: Workload): string {
  const { random, loop } = workload.system.run;
  const task = workload.newTask();
  const input = inputOf(workload);
  const pick = () =>
    random.pick(["money.transfer", "money.transfer", "money.settle", "callee.book", "callee.keyed", "callee.hold"]);
  const changes = Array.from({ length: random.int(2, 3) }, (_, i) => {
    const after = i > 0 && random.chance(0.7) ? [`c${i - 1}`] : [];
    return stepOf(`c${i}`, random.chance(0.96) ? pick() : "callee.keyed", input, after);
  });
  const fails = stepOf("fails", "money.transfer", { ...input, cents: 20_000 }, [changes.at(-1)!.id]);
  const last = random.chance(0.8) ? [fails] : [stepOf("waits", "wait.time", { seconds: 600 }, [changes.at(-1)!.id])];
  void workload.open(task, shapeOf(input, [...changes, ...last]));
  if (last[0] !== fails || random.chance(0.15))
    loop.after(random.int(0, 2 * MINUTE_MS), () => void workload.cancel(task));
  if (random.chance(0.25)) loop.after(random.int(0, 20_000), () => touch(workload, input["from"] as string));
  void resolveDoubts(workload, workload.fixture.people[0]!, 2);
  if (random.chance(0.3))
    loop.after(random.int(MINUTE_MS, 6 * MINUTE_MS), () => void reverse(workload, task, random.pick(changes).id));
  return task;
}

/** A task that succeeds, and somebody who wants it back: in time or not, once or twice, with and without work on top of it. */
function reversal(workload: Workload): string {
  const { random, loop } = workload.system.run;
  const task = workload.newTask();
  const input = inputOf(workload);
  const capability = random.pick(["money.transfer", "money.transfer", "money.settle", "callee.book"]);
  void workload.open(task, shapeOf(input, [stepOf("do", capability, input)]));
  const other = random.chance(0.3) ? workload.newTask() : null;
  void onceSettled(workload, task, async () => {
    if (other !== null) {
      await workload.open(other, shapeOf(input, [stepOf("more", "money.transfer", input)]));
      await loop.sleep(random.int(2_000, 30_000));
    }
    if (random.chance(0.15)) touch(workload, input["from"] as string);
    await loop.sleep(random.pick([0, 20_000, 5 * MINUTE_MS + random.int(-20_000, 20_000)]));
    let undone: ReturnType<typeof pairOf> = [];
    if (other !== null && random.chance(0.7)) {
      await reverse(workload, other, "more");
      await loop.sleep(20_000);
      const view = await workload.see(other);
      if (view !== null) undone = pairOf(view, "more");
      if (undone.length > 0) workload.system.run.used("receipts brought along");
    }
    await reverse(workload, task, "do", undone);
    if (random.chance(0.5)) void reverse(workload, task, "do", undone);
  });
  if (random.chance(0.2)) loop.after(random.int(0, 20_000), () => void reverse(workload, task, "do"));
  if (input["cents"] === 100) void workload.review(workload.fixture.people[1]!, 1);
  void resolveDoubts(workload, workload.fixture.people[0]!, 1);
  return task;
}

/** The same thing done, taken back and done again, while others want to do it too. */
function domainKeys(workload: Workload): string {
  const { random, loop } = workload.system.run;
  const task = workload.newTask();
  const input = inputOf(workload, { order: random.chance(0.15) ? "o6" : "o1" });
  const pick = () => random.pick(isMoney ? ["money.settle"] : ["callee.book", "callee.book", "callee.hold"]);
  const isMoney = random.chance(0.4);
  void workload.open(task, shapeOf(input, [stepOf("do", pick(), input)]));
  const again = workload.newTask();
  const rival = random.chance(0.5) ? workload.newTask() : null;
  if (rival !== null)
    loop.after(random.int(0, 40_000), () => void workload.open(rival, shapeOf(input, [stepOf("do", pick(), input)])));
  void onceSettled(workload, task, async () => {
    await reverse(workload, task, "do");
    await loop.sleep(random.int(1_000, 40_000));
    await workload.open(again, shapeOf(input, [stepOf("do", pick(), input)]));
    if (random.chance(0.4)) await onceSettled(workload, again, () => reverse(workload, again, "do"));
  });
  if (input["cents"] === 100) void workload.review(workload.fixture.people[1]!, 1);
  if (!isMoney) void resolveDoubts(workload, workload.fixture.people[0]!, 2);
  return task;
}

/** Calls of a system that knows no keys. */
function doubt(workload: Workload): string {
  const { random, loop } = workload.system.run;
  const task = workload.newTask();
  const input = inputOf(workload, random.chance(0.1) ? { order: "o6" } : {});
  const one = stepOf("one", random.pick(["callee.plain", "callee.hold"]), input);
  const two = stepOf("two", random.pick(["callee.plain", "money.transfer"]), input, random.chance(0.5) ? ["one"] : []);
  void workload.open(task, shapeOf(input, [one, two]));
  if (random.chance(0.4)) {
    const rival = workload.newTask();
    const wants = shapeOf(input, [stepOf("one", "callee.hold", input)]);
    loop.after(random.int(0, 6 * MINUTE_MS), () => void workload.open(rival, wants));
  }
  void resolveDoubts(workload, workload.fixture.people[0]!, 3);
  if (random.chance(0.2)) void resolveDoubts(workload, workload.fixture.people[1]!, 1);
  return task;
}

/** A task about a person, of steps that wait and act. */
function people(workload: Workload): string {
  const { random } = workload.system.run;
  const input = inputOf(workload);
  const pick = () => random.pick(["money.transfer", "money.settle", "callee.keyed", "callee.book", "journal.note"]);
  const act = (id: string, after: string[]): Step => {
    const capability = pick();
    return stepOf(id, capability, capability === "journal.note" ? { text: "noted" } : input, after);
  };
  const pause = stepOf("pause", "wait.time", { seconds: random.int(1, 90) }, ["one"]);
  const task = aboutSomebody(workload, shapeOf(input, [act("one", []), pause, act("two", ["pause"])]));
  if (input["cents"] === 100) void workload.review(workload.fixture.people[1]!, 1);
  return task;
}

/** Steps that wait for a time, a signal or an event, which come early, late, twice or never. */
function waits(workload: Workload): string {
  const { system } = workload;
  const { random, loop } = system.run;
  const task = workload.newTask();
  const input = inputOf(workload);
  const timeout: JsonObject = random.chance(0.4)
    ? { timeoutSeconds: random.int(5, 200), onTimeout: random.pick(["fail", "continue"]) }
    : {};
  const key = `order:${random.int(1, 3)}`;
  const wait = random.pick(["wait.time", "wait.signal", "wait.signal", "wait.event", "wait.event"]);
  const args = {
    "wait.time": { seconds: random.int(0, 120) },
    "wait.signal": { name: "go", ...timeout },
    "wait.event": { type: "shipped", key, ...timeout },
  }[wait]!;
  const before = random.chance(0.4) ? [stepOf("first", "wait.time", { seconds: random.int(1, 60) })] : [];
  const steps = [
    ...before,
    stepOf(
      "wait",
      wait,
      args,
      before.map(({ id }) => id),
    ),
    stepOf("then", "money.transfer", input, ["wait"]),
  ];
  void workload.open(task, shapeOf(input, steps));
  if (random.chance(0.1)) loop.after(random.int(0, 2 * MINUTE_MS), () => void workload.cancel(task));
  const isSent = wait !== "wait.time" && random.chance(0.85);
  for (let i = isSent ? random.pick([1, 1, 2]) : 0; i > 0; i--) {
    const id = `id-${toBase32(random.bytes(5))}`;
    const afterMs = random.pick([0, random.int(0, 30_000), random.int(0, 6 * MINUTE_MS)]);
    const send = wait === "wait.signal" ? () => signal(workload, task, id) : () => event(workload, key, id);
    for (let copies = random.pick([1, 1, 2]); copies > 0; copies--)
      loop.after(afterMs + (copies - 1) * random.int(0, 40_000), () => void send());
  }
  return task;
}

async function signal(workload: Workload, task: string, id: string): Promise<void> {
  const { run } = workload.system;
  const command = { task, name: "go", id, payload: { n: 1 }, by: "key_app" };
  const sent = await workload.asked("app", "signal", parseTaskId(task)!.shard, (object) =>
    signalling.signal(object, command),
  );
  if (sent === null) return;
  run.used(sent.ok ? `signal ${sent.value.status}` : `signal refused: ${sent.problem.code}`);
  if (sent.ok) workload.signals.push({ id, to: task, isAccepted: true });
}

async function event(workload: Workload, key: string, id: string): Promise<void> {
  const { system } = workload;
  const { run } = system;
  const sent = { id, to: key, isAccepted: false };
  workload.events.push(sent);
  const one = { source: "shop", id, type: "shipped", data: { id } };
  for (let attempt = 0; attempt < 4; attempt++) {
    const answer = await call(run, outsider("shop"), "shop event", () =>
      system.correlation(key).invoke((book) => book.deliver(key, one)),
    ).catch(() => null);
    if (answer?.ok === true) {
      run.used(answer.value.duplicate ? "event duplicate" : answer.value.taken > 0 ? "event taken" : "event kept");
      sent.isAccepted = true;
      return;
    }
    await run.loop.sleep(run.random.int(100, 5_000));
  }
}
