/**
 * What comes to running tasks from outside: signals, and events that the correlation objects hand on.
 *
 * signal()     taken | kept | duplicate | refused { not-found, invalid-request, idempotency-conflict, task-settled, signal-unawaited, signal-limit, stopped }
 * takeEvent()  taken | late
 */
import { err, ok, type Result } from "../shared/result.ts";
import type { SignalAnswer } from "../shared/rpc.ts";
import { parseCommand, SignalCommand, TakeEventCommand } from "./commands.ts";
import type { Shard } from "./shard.ts";
import { beyondReach } from "./task/subjects.ts";
import { signalTask, takeEvent as takeEventOf } from "./task/signals.ts";

export async function signal(shard: Shard, input: unknown): Promise<Result<SignalAnswer>> {
  const parsed = parseCommand(SignalCommand, input);
  if (!parsed.ok) return parsed;
  const found = shard.find(parsed.value.task);
  if (!found.ok) return found;
  const gone = beyondReach(found.value);
  if (gone !== null) return err(gone);
  const status = await shard.onTask(found.value, (draft, deps) => {
    const stopped = shard.trusted.stoppedCaller(parsed.value.by);
    return stopped === null ? signalTask(draft, parsed.value, deps) : err(stopped);
  });
  return status.ok ? ok({ status: status.value }) : status;
}

export async function takeEvent(shard: Shard, input: unknown): Promise<Result<"taken" | "late">> {
  const parsed = parseCommand(TakeEventCommand, input);
  if (!parsed.ok) return parsed;
  const { task, step, key, event } = parsed.value;
  const found = shard.find(task);
  const answer: Result<"taken" | "late"> = found.ok
    ? await shard.onTask(found.value, (draft, deps) =>
        draft.state.settled === null ? ok(takeEventOf(draft, step, key, event, deps)) : ok("late"),
      )
    : ok("late");
  // After this word the step is not told of the event again.
  if (answer.ok && answer.value === "late") await shard.proveCurrent();
  return answer;
}
