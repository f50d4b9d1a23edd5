import fc from "fast-check";
import { expect, it } from "vitest";
import { homeOf, homeShard } from "../../shared/home.ts";

it("the home of a record is a fixed shard of its tenant", () => {
  expect(["dark-mode", "checkout", "", "ü"].map((id) => homeShard(id, 4))).toEqual([2, 0, 2, 2]);
  fc.assert(fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (id, n) => homeShard(id, n) < n));
});

it("an input without the text that names the record is refused", () => {
  expect(homeOf("/flag", { flag: "a" })).toEqual({ ok: true, value: "a" });
  expect(homeOf(undefined, {})).toEqual({ ok: true, value: null });
  expect(homeOf("/flag", { flag: 1 })).toMatchObject({ ok: false, problem: { code: "contract-violation" } });
});
