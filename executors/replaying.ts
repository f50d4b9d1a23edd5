/**
 * What an executor does for answers: it takes a task's decisions again, and it records what a comparison of its region found. Its journal holds the
 * facts, so no value leaves the region.
 */
import type { ReplayAnswer } from "../shared/api/replay.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { CompletenessCommand, parseCommand } from "./commands.ts";
import { replayReleases } from "./replay-releases.ts";
import type { Shard } from "./shard.ts";
import { replayTask } from "./task/replay.ts";

/** What a comparison of this region's effects with the log found, into the chain: its statement to the log signs it. */
export async function recordCompleteness(shard: Shard, input: unknown): Promise<Result<null>> {
  const parsed = parseCommand(CompletenessCommand, input);
  if (!parsed.ok) return parsed;
  if (parsed.value.region !== shard.region)
    return err(problem("audience-mismatch", "This executor is of another region."));
  const event = { type: "completeness-checked", ...parsed.value } as const;
  return shard.onExecutor(() => ok({ value: null, events: [event], write: () => {} }));
}

/** Of the isolate: a digest names its bytes, so executors may share an entry. */
const RELEASES = replayReleases();

/** `bundle`: another release; it need not be promoted, because nothing is done under it. Errors: not-found, release-needed, those of a bundle. */
export function replay(shard: Shard, task: string, bundle: string | null): Result<ReplayAnswer> {
  const found = shard.find(task);
  if (!found.ok) return found;
  const under = bundle === null ? RELEASES.held(shard.trusted, found.value.release) : RELEASES.given(bundle);
  if (!under.ok) return under;
  if (under.value.bundle.automation !== found.value.automation)
    return err(problem("release-mismatch", "This is a release of another automation."));
  const answer = replayTask(shard.journal.recordsOf(task, 0), under.value);
  return answer === null ? err(problem("not-found", "There is no such task.")) : ok(answer);
}
