import fc from "fast-check";
import { expect, it } from "vitest";
import { newTaskId } from "../../intent-manager/intake/task-ids.ts";
import type { Tenant } from "../../intent-manager/http/caller.ts";
import { homeOf, homeShard } from "../../shared/home.ts";
import { parseTaskId } from "../../shared/ids.ts";

const secret = new Uint8Array(32);
const tenant = { id: "acme", regions: ["eu"], shards: 4 } as unknown as Tenant;
const idOf = (home: string | null) =>
  newTaskId(secret, tenant, { automation: "flags", region: "eu", idempotencyKey: "k", home }, () => new Uint8Array(16));

it("the home of a record is a fixed shard of its tenant", () => {
  expect(["dark-mode", "checkout", "", "ü"].map((id) => homeShard(id, 4))).toEqual([2, 0, 2, 2]);
  fc.assert(fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (id, n) => homeShard(id, n) < n));
});

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

it("an input without the text that names the record is refused", () => {
  expect(homeOf("/flag", { flag: "a" })).toEqual({ ok: true, value: "a" });
  expect(homeOf(undefined, {})).toEqual({ ok: true, value: null });
  expect(homeOf("/flag", { flag: 1 })).toMatchObject({ ok: false, problem: { code: "contract-violation" } });
});
