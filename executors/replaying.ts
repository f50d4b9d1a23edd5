/** Replay in one executor: its journal holds the facts, so the decisions are taken again here, and no value leaves the region. */
import type { ReplayAnswer } from "../shared/api/replay.ts";
import { compileRelease } from "../shared/compiled-release.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { Shard } from "./shard.ts";
import { replayTask } from "./task/replay.ts";

/** `bundle`: another release; it need not be promoted, because nothing is done under it. Errors: not-found, release-needed, those of a bundle. */
export function replay(shard: Shard, task: string, bundle: string | null): Result<ReplayAnswer> {
  const found = shard.find(task);
  if (!found.ok) return found;
  const under = bundle === null ? shard.trusted.held(found.value.release) : compileRelease(bundle);
  if (!under.ok) return under;
  if (under.value.bundle.automation !== found.value.automation)
    return err(problem("release-mismatch", "This is a release of another automation."));
  const answer = replayTask(shard.journal.recordsOf(task, 0), under.value);
  return answer === null ? err(problem("not-found", "There is no such task.")) : ok(answer);
}
