/** People who look at the systems outside and say what became of an action in doubt, and others who only claim to. */
import * as resolving from "../../../executors/resolving.ts";
import { parseTaskId, toBase32 } from "../../../shared/ids.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import type { Resolution } from "../../../shared/resolution.ts";
import type { DoubtView } from "../../../shared/views.ts";
import { ok } from "../../../shared/result.ts";
import { sign } from "../../support/manager.ts";
import { TENANT, type Person } from "./keys.ts";
import type { Workload } from "./workload.ts";

/** Nothing of an attempt is still on its way after so long. */
const QUIET_MS = 75_000;

/** Looks now and then at what is in doubt, and resolves it truthfully; now and then a stranger tries first, or a word is sent twice. */
export async function resolveDoubts(workload: Workload, person: Person, looks: number): Promise<void> {
  const { run } = workload.system;
  for (let look = 0; look < looks; look++) {
    await run.loop.sleep(run.random.int(90_000, 4 * 60_000));
    const shards = new Set(workload.tasks.map((task) => parseTaskId(task)!.shard));
    for (const shard of shards) {
      const listed = await workload.asked(person.member, "doubts", shard, async (object) =>
        ok(resolving.doubts(object)),
      );
      if (listed?.ok !== true) continue;
      for (const view of listed.value) await resolveOne(workload, person, view, shard);
    }
  }
}

async function resolveOne(workload: Workload, person: Person, view: DoubtView, shard: number): Promise<void> {
  const { system, fixture } = workload;
  const { run } = system;
  if (view.nextAskAt !== null || workload.nowMs - Date.parse(view.since) < QUIET_MS) return;
  const happened =
    system.callee.done.some(({ key }) => key === view.action) ||
    system.business.all("SELECT 1 FROM sim_transfers WHERE action = ?", [view.action]).length > 0;
  const isUndo = view.step.includes("~");
  const truth: Resolution = {
    version: 1,
    id: `res_${toBase32(run.random.bytes(16))}`,
    tenant: TENANT,
    task: view.task,
    step: view.step,
    action: view.action,
    digest: view.digest,
    attempt: view.attempt,
    outcome: happened ? "applied" : "not-applied",
    retry: !happened && !isUndo && run.random.chance(0.3),
    result: null,
    reason: "looked",
    atMs: workload.nowMs,
    expiresMs: workload.nowMs + 30 * 60_000,
  };
  const say = async (who: Person, resolution: Resolution, what: string): Promise<void> => {
    const envelope = await sign(who.key, PAYLOAD_TYPES.resolution, resolution);
    const signed = { envelope, chain: [...who.chain], result: null };
    for (let times = run.random.chance(0.3) ? 2 : 1; times > 0; times--) {
      const answer = await workload.asked(who.member, "resolve", shard, (object) =>
        resolving.resolve(object, view.task, view.step, signed),
      );
      if (answer !== null)
        run.used(answer.ok ? `resolution taken: ${what}` : `resolution refused: ${answer.problem.code}`);
    }
  };
  const wrong = run.random.next();
  const lie: Resolution = { ...truth, outcome: happened ? "not-applied" : "applied", retry: false };
  if (wrong < 0.2) await say(fixture.stranger, lie, "stranger");
  else if (wrong < 0.3) await say(fixture.people[2]!, lie, "requester");
  else if (wrong < 0.4) await say(person, { ...lie, attempt: view.attempt + 1 }, "attempt");
  else if (wrong < 0.5) await say(person, { ...lie, expiresMs: lie.atMs - 15 * 60_000 }, "expired");
  await say(person, truth, truth.outcome);
  // A second word about the same attempt, under another signature.
  if (run.random.chance(0.3)) await say(person, { ...lie, id: `res_${toBase32(run.random.bytes(16))}` }, "again");
}
