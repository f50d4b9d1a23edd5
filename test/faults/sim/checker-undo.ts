/** What must hold of undos, domain keys and events over all tasks together. A part of the checker. */
import type { Evidence } from "./evidence.ts";
import { isRewound, type Report, type StepFacts, type TaskFacts } from "./checker-facts.ts";

const baseOf = (action: string): string | null => /^(.*)_u\d+$/.exec(action)?.[1] ?? null;
type Tasks = ReadonlyMap<string, TaskFacts>;

/** One undo for each action, over the same money the other way round, and never over what others did to the account since. */
export function checkUndone(evidence: Evidence, _tasks: Tasks, report: Report): void {
  const undos = new Map<string, number>();
  const actions = [...evidence.transfers.map(({ action }) => action), ...evidence.calls.map(({ key }) => key)];
  for (const action of actions) {
    const base = baseOf(action);
    if (base !== null) undos.set(base, (undos.get(base) ?? 0) + 1);
  }
  for (const [base, times] of undos) {
    if (times > 1) report("undo", `${base} was taken back ${times} times`);
    if (!actions.includes(base)) report("undo", `${base} was taken back and never happened`);
  }
  const { transfers } = evidence;
  for (const [at, undo] of transfers.entries()) {
    const base = baseOf(undo.action);
    const from = transfers.findIndex(({ action }) => action === base);
    const did = transfers[from];
    if (base === null || did === undefined) continue;
    if (from > at || undo.src !== did.dst || undo.dst !== did.src || undo.amount !== did.amount)
      report("undo", `${undo.action} is not the other way round`);
    const between = transfers.slice(from + 1, at);
    const names = new Set(between.map(({ action }) => action));
    const stays = between.find(
      ({ action, src, dst }) =>
        (src === did.src || dst === did.src) &&
        !names.has(baseOf(action) ?? "") &&
        !between.some((other) => baseOf(other.action) === action),
    );
    if (stays !== undefined) report("undo", `${undo.action} undid over ${stays.action}`);
  }
}

/** A domain key has one live holder at any time, and an undo frees it. */
export function checkKeys(evidence: Evidence, tasks: Tasks, report: Report): void {
  const effectOf = new Map(evidence.effects.map((effect) => [effect.action, effect]));
  const generationOf = new Map(evidence.generations.map(({ effect_key, generation }) => [effect_key, generation]));
  const live = new Map<string, number>();
  const count = (key: string, change: number, what: string): void => {
    const now = (live.get(key) ?? 0) + change;
    live.set(key, now);
    if (now > 1) report("keys", `${key} is held ${now} times, at last by ${what}`);
  };
  for (const { action } of evidence.transfers) {
    const base = baseOf(action);
    const effect = effectOf.get(base ?? action);
    const key = effect?.effect_key ?? null;
    if (effect === undefined || key === null) continue;
    count(key, base === null ? 1 : -1, action);
    if (base !== null && (generationOf.get(key) ?? 0) <= effect.generation)
      report("keys", `${key} is not free, though ${base} was taken back`);
  }
  const stepOf = new Map<string, readonly [TaskFacts, StepFacts]>();
  for (const task of tasks.values())
    for (const step of task.steps.values()) if (step.action !== null) stepOf.set(step.action, [task, step]);
  // Who went back behind a call does not know that it holds a key.
  if (evidence.shards.some((shard) => shard.isRewound)) return;
  for (const { capability, order, key } of evidence.calls)
    if (["callee.book", "callee.hold", "callee.unbook"].includes(capability))
      count(`book:${order}`, capability === "callee.unbook" ? -1 : 1, key);
  for (const { key, action } of evidence.claims) {
    const [task, step] = stepOf.get(action ?? "") ?? [];
    if (task === undefined || step === undefined || isRewound(evidence, task.id)) continue;
    if (task.takenBack.has(step.planned.id)) report("keys", `${key} is still held by ${action}, which was taken back`);
    if (["failed", "denied", "rejected", "expired", "skipped"].includes(step.phase))
      report("keys", `${key} is still held by ${action}, which is ${step.phase}`);
  }
}

/** What was accepted is there: a signal in its task's record, and an event for the step that waits for it, whichever came first. */
export function checkEvents(evidence: Evidence, tasks: Tasks, report: Report): void {
  for (const { id, to } of evidence.signals)
    if (!isRewound(evidence, to) && tasks.get(to)?.signals.has(id) !== true)
      report("waits", `the signal ${id} was accepted and is not recorded`);
  // Whose clock jumps ends its tasks early.
  if (evidence.isSkewed) return;
  for (const task of tasks.values())
    for (const { planned, wait, phase } of task.steps.values()) {
      if (wait?.wait !== "event" || wait.untilMs !== null || phase !== "expired" || isRewound(evidence, task.id))
        continue;
      // An executor that slept from the start of a wait to its task's deadline asked for nothing.
      if (!evidence.subscribed.has(`${task.id} ${planned.id}`)) continue;
      if (evidence.events.some(({ to, isAccepted }) => isAccepted && to === planned.args["key"]))
        report("waits", `${task.id} ${planned.id} waited in vain for an event that had come`);
    }
}
