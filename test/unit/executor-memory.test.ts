/** What one executor keeps in memory is bounded by its size, so that no number of large tasks can end the object again and again. */
import { expect, it } from "vitest";
import { Tasks } from "../../executors/tasks.ts";
import type { TaskState } from "../../executors/task/state.ts";

const MEGABYTE = 1_000_000;
const taskOf = (id: string, chars: number): TaskState =>
  ({ id, input: { value: { text: "x".repeat(chars) } }, steps: new Map() }) as unknown as TaskState;

function tasks(chars: number) {
  let loads = 0;
  const journal = { load: (id: string) => (loads++, taskOf(id, chars)) };
  return { tasks: new Tasks(journal), loads: () => loads };
}

it("keeps many small tasks", () => {
  const { tasks: kept, loads } = tasks(100);
  for (let i = 0; i < 2_000; i++) kept.put(taskOf(`t${i}`, 100));
  for (let i = 0; i < 2_000; i++) expect(kept.get(`t${i}`)?.id).toBe(`t${i}`);
  expect(loads()).toBe(0);
});

it("keeps few large tasks, and reads the others from the journal", () => {
  const { tasks: kept, loads } = tasks(MEGABYTE);
  for (let i = 0; i < 100; i++) kept.put(taskOf(`t${i}`, MEGABYTE));
  expect(kept.get("t99")?.id).toBe("t99");
  expect(loads()).toBe(0);
  expect(kept.get("t0")?.id).toBe("t0");
  expect(loads()).toBe(1);
});

it("a task that is larger than all room is kept while it is the newest, and makes room when it is forgotten", () => {
  const { tasks: kept, loads } = tasks(1);
  kept.put(taskOf("huge", 30 * MEGABYTE));
  expect(kept.get("huge")?.id).toBe("huge");
  kept.forget(["huge", "huge"]);
  for (let i = 0; i < 15; i++) kept.put(taskOf(`t${i}`, MEGABYTE));
  expect(kept.get("t0")?.id).toBe("t0");
  expect(loads()).toBe(0);
});
