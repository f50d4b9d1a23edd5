/**
 * What somebody says of a task afterwards.
 *
 * reportOutcome()  the task | refused { not-found, subject-erased, stopped, invalid-request, outcome-limit }
 */
import { err, ok, type Result } from "../shared/result.ts";
import type { TaskView } from "../shared/views.ts";
import { OutcomeCommand, parseCommand } from "./commands.ts";
import type { Shard } from "./shard.ts";
import { reportOutcome as decide } from "./task/reported.ts";

export async function reportOutcome(shard: Shard, input: unknown): Promise<Result<TaskView>> {
  const parsed = parseCommand(OutcomeCommand, input);
  if (!parsed.ok) return parsed;
  const { task, ...said } = parsed.value;
  const found = shard.find(task);
  if (!found.ok) return found;
  const reported = await shard.onTask(found.value, (draft, deps) => {
    const stopped = shard.trusted.stoppedCaller(said.by);
    return stopped === null ? decide(draft, said, deps) : err(stopped);
  });
  return reported.ok ? ok(await shard.receiptedView(shard.tasks.get(task)!)) : reported;
}
