/**
 * Planning by the intent-manager's own models, as an executor sees it: it lets one planner at a time plan the next round of an open task, and
 * records when none of them could. What a model wrote comes in as every plan does (intake.ts, `propose`), with the lease's epoch.
 *
 * lease()   leased { epoch, closed } | refused { not-found, subject-erased }
 * stop()    stopped | refused { not-found, planning-moved, task-settled, round-closed, disclosure-mismatch }
 */
import type { Disclosures } from "../shared/commitments.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { PlanningLease } from "../shared/rpc.ts";
import type { TaskView } from "../shared/views.ts";
import { parseCommand, StopPlanningCommand } from "./commands.ts";
import { context } from "./intake.ts";
import { dropLease, leaseOf, moved, nextLease } from "./planning-leases.ts";
import type { Shard } from "./shard.ts";
import { advance } from "./task/advance.ts";
import { discloseTranscripts } from "./task/disclose.ts";

export async function lease(shard: Shard, task: string): Promise<Result<PlanningLease>> {
  const found = shard.find(task);
  if (!found.ok) return found;
  const asked = context(shard, task, "");
  if (!asked.ok) return asked;
  const { settled, cancelledBy, last, planningStopped } = found.value;
  const closed = settled !== null || cancelledBy !== null || last;
  let epoch = 0;
  shard.transaction((sql) => {
    if (closed) dropLease(sql, task);
    else epoch = nextLease(sql, task, shard.nowMs());
  });
  return ok({ epoch, closed, stopped: planningStopped !== null, context: asked.value });
}

export async function stop(shard: Shard, input: unknown): Promise<Result<TaskView>> {
  const parsed = parseCommand(StopPlanningCommand, input);
  if (!parsed.ok) return parsed;
  const { task, epoch, code, next, calls, disclosures } = parsed.value;
  const found = shard.find(task);
  if (!found.ok) return found;
  const transcripts = discloseTranscripts(calls, disclosures as Disclosures);
  if (!transcripts.ok) return transcripts;
  const stopped = await shard.onTask(found.value, (draft, deps) => {
    const { state } = draft;
    if (leaseOf(shard.sql, task) !== epoch) return err(moved());
    if (state.settled !== null || state.cancelledBy !== null)
      return err(problem("task-settled", "The task takes no further plan."));
    if (state.last) return err(problem("round-closed", "The last plan of this task was admitted already."));
    for (const commitment of transcripts.value) draft.values[commitment] = (disclosures as Disclosures)[commitment]!;
    draft.emit({ type: "planning-stopped", round: state.round + 1, code, next, calls: [...calls] });
    advance(draft, deps);
    return ok(null);
  });
  if (!stopped.ok) return stopped;
  shard.transaction((sql) => dropLease(sql, task));
  return ok(shard.view(shard.tasks.get(task)!));
}
