import { expect, it } from "vitest";
import { returnLetters, type KeepsLetters } from "../../../executors/dead-letters.ts";
import type { QueueMessage } from "../../../executors/adapters/queue.ts";
import { world, type World } from "./world.ts";

const message = (task: string, action: string): QueueMessage => ({
  version: 1,
  id: action,
  tenant: "acme",
  region: "eu",
  task,
  step: "tell",
  capability: "events.publish",
  traceparent: null,
  data: { data: "the words of someone" },
});
const executorOf = (w: World) => w.executor() as unknown as KeepsLetters;
const TASK = `tsk_eu_0_${"a".repeat(26)}`;

/** What the queue was told about one message. */
async function returned(body: unknown, executor: KeepsLetters): Promise<string> {
  let answer = "nothing";
  const queued = { body, ack: () => void (answer = "ack"), retry: () => void (answer = "retry") };
  await returnLetters(
    [queued],
    () => executor,
    () => {},
  );
  return answer;
}

it("a dead letter is kept once in the executor of its task, and its witness names it without what it said", async () => {
  const w = await world();
  expect(await returned(message(TASK, "act_1"), executorOf(w))).toBe("ack");
  expect(await returned(message(TASK, "act_1"), executorOf(w))).toBe("ack");
  const witness = await w.executor().witness();
  expect(witness).toMatchObject({
    ok: true,
    value: { deadLetters: { count: 1, newest: [{ task: TASK, step: "tell", action: "act_1" }] } },
  });
  expect(JSON.stringify(witness)).not.toContain("the words of someone");
});

it("a dead letter that cannot be kept stays in its queue; what is no message of an action is dropped", async () => {
  const away = { deadLetter: () => Promise.reject(new Error("Network connection lost.")) };
  expect(await returned(message(TASK, "act_1"), away)).toBe("retry");
  expect(await returned({ id: "act_1" }, away)).toBe("ack");
  expect(await returned(message("tsk_x", "act_1"), away)).toBe("ack");
});
