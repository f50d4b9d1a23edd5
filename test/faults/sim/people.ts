/** A world about a person: a task that is about them waits and acts, and they are erased, or take their consent back, at any moment. */
import { consent } from "../../../executors/privacy/consents.ts";
import { erase } from "../../../executors/privacy/erasing.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { parseTaskId, toBase32 } from "../../../shared/ids.ts";
import type { Shape, Workload } from "./workload.ts";

const MINUTE_MS = 60_000;
const ADA = { subject: "customer:ada", digest: "a".repeat(26) };

/** @param shape of the task */
export function aboutSomebody(workload: Workload, shape: Shape): string {
  const { random, loop } = workload.system.run;
  const task = workload.newTask();
  void workload.open(task, { ...shape, about: { subjects: [ADA.subject], purpose: "service" } });
  const { shard } = parseTaskId(task)!;
  const when = () => random.pick([random.int(0, 5_000), random.int(0, 3 * MINUTE_MS)]);
  if (random.chance(0.4)) loop.after(when(), () => void say(workload, shard, random.chance(0.3)));
  if (random.chance(0.7)) loop.after(when(), () => void eraseUntilDone(workload, shard));
  return task;
}

async function say(workload: Workload, shard: number, given: boolean): Promise<void> {
  const word = { ...ADA, purpose: "service", given, evidence: null, by: "key_app" };
  const answer = await workload.asked("app", "consent", shard, (object) => consent(object, word));
  if (answer?.ok === true) workload.system.run.used(given ? "consent given" : "consent withdrawn");
}

/** As whoever wants it done: the same request, until it says so. */
async function eraseUntilDone(workload: Workload, shard: number): Promise<void> {
  const { run } = workload.system;
  const command: JsonObject = { ...ADA, erasure: `ers_${toBase32(run.random.bytes(16))}`, by: "key_admin" };
  for (let look = 0; look < 8; look++) {
    const answer = await workload.asked("admin", "erase", shard, (object) => erase(object, command));
    if (answer?.ok === true) {
      run.used(answer.value.done ? "person erased" : "erasure goes on");
      if (answer.value.done) return;
    }
    await run.loop.sleep(run.random.int(1_000, 4 * MINUTE_MS));
  }
}
