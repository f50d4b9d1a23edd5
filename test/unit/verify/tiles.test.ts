import { describe, expect, it } from "vitest";
import { extendTiles, tilePath } from "../../../shared/tlog/tiles.ts";
import { leafHash } from "../../../shared/tlog/tree.ts";
import { verifyRecord } from "../../../shared/verify/index.ts";
import { bytesOf, EU, learning, TestRecord } from "../../support/record.ts";

/** A log of more than one full tile, with its tiles as a ledger publishes them. */
async function published() {
  const record = new TestRecord();
  record.chain(EU).write(null, [await learning()]);
  while (record.entries.length < 270) {
    await record.allowed(EU);
    await record.deliver(EU);
  }
  const tiles = new Map(
    extendTiles(0, bytesOf(record.entries).map(leafHash)).map(({ tile, bytes }) => [tilePath(tile), bytes]),
  );
  return {
    tiles,
    verify: async () => verifyRecord({ ...(await record.input()), tiles: async (path) => tiles.get(path) ?? null }),
  };
}

describe("published tiles", () => {
  it("verify where they hold the hashes of the entries, full and partial ones of every level", async () => {
    const { tiles, verify } = await published();
    expect([...tiles.keys()].toSorted()).toEqual([
      "tile/0/000",
      expect.stringMatching(/^tile\/0\/001\.p\//),
      "tile/1/000.p/1",
    ]);
    const report = await verify();
    expect(report.verified).toBe(true);
    expect(report.checks.find(({ check }) => check === "tiles")).toMatchObject({ status: "ok", verified: 3 });
  });

  it("are found missing, and found different in any bit", async () => {
    const { tiles, verify } = await published();
    for (const [path, bytes] of tiles.entries().toArray()) {
      tiles.delete(path);
      const missing = await verify();
      expect(missing.checks.flatMap(({ findings }) => findings.map(({ code }) => code))).toEqual(["tile-missing"]);
      const flipped = bytes.slice();
      flipped[bytes.length - 1]! ^= 0x80;
      tiles.set(path, flipped);
      const other = await verify();
      expect([other.verified, ...other.checks.flatMap(({ findings }) => findings.map(({ code }) => code))]).toEqual([
        false,
        "tile-mismatch",
      ]);
      tiles.set(path, bytes);
    }
  });
});
