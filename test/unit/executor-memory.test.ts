/** What one executor keeps in memory is bounded by its size, so that no number of large tasks can end the object again and again. */
import { CompiledReleases } from "../../executors/compiled-releases.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { describe, expect, it } from "vitest";
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

it("asks the journal once for a task that is absent, until the task is made or its round has failed", () => {
  let loads = 0;
  const kept = new Tasks({ load: () => (loads++, null) });
  expect([kept.get("new"), kept.get("new")]).toEqual([null, null]);
  expect(loads).toBe(1);
  kept.forget(["new"]);
  expect(kept.get("new")).toBe(null);
  expect(loads).toBe(2);
  kept.put(taskOf("new", 10));
  expect(kept.get("new")?.id).toBe("new");
  kept.forget(["new"]);
  expect(kept.get("new")).toBe(null);
  expect(loads).toBe(3);
});

it("counts what a task's steps become, so that growing tasks make room too", () => {
  const { tasks: kept, loads } = tasks(MEGABYTE);
  const withResult = (id: string, chars: number): TaskState =>
    ({
      ...taskOf(id, 10),
      steps: new Map([
        [
          "one",
          {
            id: "one",
            args: {},
            resolvedArgs: null,
            rationale: null,
            predicted: null,
            phase: { at: "applied", result: { value: "x".repeat(chars) } },
          },
        ],
      ]),
    }) as unknown as TaskState;
  for (let i = 0; i < 15; i++) {
    kept.put(withResult(`t${i}`, 1));
    kept.put(withResult(`t${i}`, 2 * MEGABYTE));
  }
  expect(kept.get("t14")?.id).toBe("t14");
  expect(loads()).toBe(0);
  expect(kept.get("t0")?.id).toBe("t0");
  expect(loads()).toBe(1);
});

describe("compiled releases", () => {
  it("are kept up to a weight, those that were asked for last", () => {
    const releases = new CompiledReleases(10);
    const [a, b, c] = ["a", "b", "c"].map((name) => ({ name }) as unknown as CompiledRelease);
    releases.put("a", a!, "12345");
    releases.put("b", b!, "12345");
    expect(releases.get("a")).toBe(a);
    releases.put("c", c!, "12345");
    expect(releases.get("b")).toBeUndefined();
    expect([releases.get("a"), releases.get("c")]).toEqual([a, c]);
  });

  it("are kept whatever their size, one at a time", () => {
    const releases = new CompiledReleases(10);
    const large = {} as CompiledRelease;
    releases.put("small", {} as CompiledRelease, "1");
    releases.put("large", large, "x".repeat(100));
    expect(releases.get("large")).toBe(large);
    expect(releases.get("small")).toBeUndefined();
  });
});
