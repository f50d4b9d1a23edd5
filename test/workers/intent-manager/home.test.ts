/** Tasks about a record that lives in the executors: where they run, and what makes two of them the same. */
import { expect, it } from "vitest";
import type { Tenant } from "../../../intent-manager/http/caller.ts";
import { newTaskId } from "../../../intent-manager/intake/task-ids.ts";
import { homeShard } from "../../../shared/home.ts";
import { parseTaskId } from "../../../shared/ids.ts";

const secret = new Uint8Array(32);
const tenant = { id: "acme", regions: ["eu"], shards: 4 } as unknown as Tenant;
const idOf = (home: string | null) =>
  newTaskId(secret, tenant, { automation: "flags", region: "eu", idempotencyKey: "k", home }, () => new Uint8Array(16));

it("a task about a record runs in the shard where the record lives, and repeats with its idempotency key", () => {
  for (const id of ["dark-mode", "checkout", "a", "b", "c"]) {
    const { task, shard } = idOf(id);
    expect(shard).toBe(homeShard(id, 4));
    expect(parseTaskId(task)).toMatchObject({ shard });
    expect(idOf(id).task).toBe(task);
  }
});

it("the same key about another record is another task, whose actions have other ids", () => {
  const tokens = [null, "dark-mode", "checkout"].map((home) => parseTaskId(idOf(home).task)!.token);
  expect(new Set(tokens).size).toBe(3);
});
