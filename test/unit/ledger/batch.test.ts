import { describe, expect, it } from "vitest";
import type { Arrival } from "../../../ledger/arrival.ts";
import { batchHash, cut, NO_RECORDS, placeOf, type Cursor } from "../../../ledger/batch.ts";
import { LIMITS } from "../../../shared/limits.ts";

/** A delivery of a chain whose record n has the hash "n", or "n'" on a fork. */
const arrival = (executor: string, from: number, to: number, more: Partial<Arrival> = {}): Arrival => ({
  tenant: "acme",
  executor,
  from,
  to,
  prev: from === 1 ? NO_RECORDS.hash : String(from - 1),
  head: String(to),
  seenSize: 0,
  entries: [{ body: `${executor} ${from}`, fromSeq: from, toSeq: to, task: null, type: "x" }],
  leaves: new Uint8Array(32),
  chars: 10,
  ...more,
});
const at = (seq: number): Cursor => ({ seq, hash: String(seq) });
const placed = (cursor: Cursor, delivery: Arrival) => {
  const place = placeOf(cursor, delivery);
  return place.at === "refused" ? [place.problem.code, place.problem.facts] : place.at;
};

describe("where a delivery stands", () => {
  it("it joins only behind the cursor, with the cursor's hash", () => {
    expect(placed(NO_RECORDS, arrival("a", 1, 5))).toBe("next");
    expect(placed(at(5), arrival("a", 6, 6))).toBe("next");
    expect(placed(at(5), arrival("a", 6, 9, { prev: "5'" }))).toEqual(["chain-fork", { seq: 5 }]);
    expect(placed(NO_RECORDS, arrival("a", 1, 5, { prev: "0'" }))).toEqual(["chain-fork", { seq: 0 }]);
  });
  it("before and over the cursor it leaves a gap or overlaps: the cursor is named", () => {
    expect(placed(at(5), arrival("a", 7, 9))).toEqual(["chain-gap", { cursor: 5 }]);
    expect(placed(at(5), arrival("a", 5, 9))).toEqual(["chain-gap", { cursor: 5 }]);
    expect(placed(at(5), arrival("a", 1, 6))).toEqual(["chain-gap", { cursor: 5 }]);
  });
  it("up to the cursor it is a repeat or a fork, and below it the record must be asked", () => {
    expect(placed(at(5), arrival("a", 1, 5))).toBe("repeat");
    expect(placed(at(5), arrival("a", 3, 5))).toBe("repeat");
    expect(placed(at(5), arrival("a", 1, 5, { head: "5'" }))).toEqual(["chain-fork", { seq: 5 }]);
    expect(placed(at(5), arrival("a", 1, 4))).toBe("older");
  });
});

const places = (queue: readonly Arrival[], cursors = new Map<string, Cursor>(), size = 0) => {
  const result = cut(
    queue.map((a) => ({ arrival: a })),
    cursors,
    size,
  );
  return {
    places: result.placed.map(({ place }) => (place.at === "refused" ? place.problem.code : place.at)),
    entries: result.entries.map(({ body }) => body),
    moved: Object.fromEntries([...result.moved].map(([executor, { seq }]) => [executor, seq])),
  };
};

it("several deliveries of one executor share a batch, each behind the one before it", () => {
  expect(
    places([
      arrival("a", 1, 3),
      arrival("b", 1, 1),
      arrival("a", 4, 6),
      arrival("a", 4, 6),
      arrival("a", 1, 3),
      arrival("a", 8, 9),
    ]),
  ).toEqual({
    places: ["next", "next", "next", "repeat", "older", "chain-gap"],
    entries: ["a 1", "b 1", "a 4"],
    moved: { a: 6, b: 1 },
  });
});

it("cut again against what had landed, the same deliveries are repeats and nothing is left to write", () => {
  const queue = [arrival("a", 1, 3), arrival("b", 1, 1), arrival("a", 4, 6)];
  expect(
    places(
      queue,
      new Map([
        ["a", at(6)],
        ["b", at(1)],
      ]),
    ),
  ).toEqual({ places: ["older", "repeat", "repeat"], entries: [], moved: {} });
});

it("an executor that saw a larger log is refused, its neighbours are not", () => {
  expect(
    places([arrival("a", 1, 3, { seenSize: 8 }), arrival("b", 1, 1, { seenSize: 7 })], new Map(), 7).places,
  ).toEqual(["checkpoint-inconsistent", "next"]);
});

it("a batch ends where it is full, and takes at least one delivery", () => {
  const large = (executor: string) => arrival(executor, 1, 1, { chars: LIMITS.batchChars });
  expect(places([large("a"), large("b")]).entries).toEqual(["a 1"]);
  const entries = Array.from({ length: LIMITS.batchEntries / 2 }, () => arrival("a", 1, 1).entries[0]!);
  expect(places(["a", "b", "c"].map((executor) => arrival(executor, 1, 1, { entries }))).places).toEqual([
    "next",
    "next",
  ]);
});

it("the hash of a batch covers tenant, position, predecessor, size and root, in exactly this form", () => {
  expect(batchHash("acme", 0, null, 0, "cm9vdA==")).toBe(
    "0a17aa1ee72cc4a37125b8c01ed636910daa921fb1e106c68dcb3a53c22ec94f",
  );
});
