/** The tree of the log: its definition, its right edge and its tiles agree; tile names and entry bundles have one form. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, toHex, utf8 } from "../../shared/bytes.ts";
import {
  bundlesChangedBy,
  decodeEntryBundle,
  decodeTile,
  encodeEntryBundle,
  extendTiles,
  hashAtTiles,
  parseTilePath,
  TileBuilder,
  tilePath,
  tilesChangedBy,
  tilesOfNodes,
  type Tile,
} from "../../shared/tlog/tiles.ts";
import {
  appendLeaf,
  consistencyNodes,
  consistencyProof,
  edgeAt,
  edgeOf,
  edgeRoot,
  emptyEdge,
  emptyRoot,
  hashAtLeaves,
  inclusionNodes,
  inclusionProof,
  leafHash,
  nodeHash,
  rootAt,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "../../shared/tlog/tree.ts";

const leaf = (i: number) => leafHash(utf8(`entry ${i}`));
const allLeaves = Array.from({ length: 1500 }, (_, i) => leaf(i));

/** MTH as RFC 6962 section 2.1 defines it. */
function definedRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot;
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)));
}

/** Tiles by path, as a log keeps them. */
function store() {
  const bytesByPath = new Map<string, Uint8Array>();
  return {
    bytesByPath,
    getTile: (tile: Tile) => bytesByPath.get(tilePath(tile)),
    put: (tiles: ReturnType<typeof extendTiles>) => {
      for (const { tile, bytes } of tiles) bytesByPath.set(tilePath(tile), bytes);
    },
  };
}

const codeOf = (result: { ok: true } | { ok: false; problem: { code: string } }) =>
  result.ok ? "ok" : result.problem.code;

describe("A tree", () => {
  it("has the same root by its definition, by its right edge and by its tiles, however it grew", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 3 }), (steps) => {
        const tiles = store();
        let edge = emptyEdge;
        let size = 0;
        for (const step of steps) {
          const added = allLeaves.slice(size, size + step);
          const changed = extendTiles(size, added, tiles.getTile);
          expect(changed.map(({ tile }) => tilePath(tile)).sort()).toEqual(
            tilesChangedBy(size, size + step)
              .map(tilePath)
              .sort(),
          );
          tiles.put(changed);
          for (const hash of added) edge = appendLeaf(edge, hash);
          size += step;
          const root = toHex(definedRoot(allLeaves.slice(0, size)));
          const hashAt = hashAtTiles(size, tiles.getTile);
          expect(toHex(edgeRoot(edge))).toBe(root);
          expect(toHex(rootAt(size, hashAt))).toBe(root);
          expect(edgeAt(size, hashAt)).toEqual(edge);
        }
      }),
      { numRuns: 60, seed: 6962 },
    );
  });

  it("gives the same proofs from tiles as from leaves, and needs only the tiles that it names", () => {
    const fromLeaves = hashAtLeaves(allLeaves);
    const tiles = store();
    tiles.put(extendTiles(0, allLeaves));
    const size = allLeaves.length;
    fc.assert(
      fc.property(fc.nat(size - 1), fc.integer({ min: 1, max: size }), (index, oldSize) => {
        for (const [nodes, prove] of [
          [inclusionNodes(index, size), (hashAt) => inclusionProof(index, size, hashAt)],
          [consistencyNodes(oldSize, size), (hashAt) => consistencyProof(oldSize, size, hashAt)],
        ] as [ReturnType<typeof inclusionNodes>, (hashAt: typeof fromLeaves) => Uint8Array[]][]) {
          const fetched = new Set(tilesOfNodes(nodes, size).map(tilePath));
          const hashAt = hashAtTiles(size, (tile) => (fetched.has(tilePath(tile)) ? tiles.getTile(tile) : undefined));
          expect(prove(hashAt)).toEqual(prove(fromLeaves));
        }
      }),
      { numRuns: 100, seed: 9162 },
    );
  });

  it("of 70,000 leaves has the tiles that the specification names", () => {
    const count = (tiles: readonly Tile[], level: number) => tiles.filter((tile) => tile.level === level);
    const tiles = tilesChangedBy(0, 70_000);
    expect(count(tiles, 0).filter(({ width }) => width === 256)).toHaveLength(273);
    expect(count(tiles, 0).at(-1)).toEqual({ level: 0, index: 273, width: 112 });
    expect(count(tiles, 1)).toEqual([
      { level: 1, index: 0, width: 256 },
      { level: 1, index: 1, width: 17 },
    ]);
    expect(count(tiles, 2)).toEqual([{ level: 2, index: 0, width: 1 }]);

    const leaves = Array.from({ length: 70_000 }, (_, i) => leaf(i));
    const kept = store();
    kept.put(extendTiles(0, leaves));
    expect([...kept.bytesByPath.keys()].sort()).toEqual(tiles.map(tilePath).sort());
    const root = rootOf(leaves);
    const hashAt = hashAtTiles(70_000, kept.getTile);
    expect(rootAt(70_000, hashAt)).toEqual(root);
    const proof = inclusionProof(65_537, 70_000, hashAt);
    const claim = { leafHash: leaves[65_537]!, index: 65_537, size: 70_000, proof, root };
    expect(codeOf(verifyInclusion(claim))).toBe("ok");
  });

  it("of 256 leaves has one full tile and one above it of width 1", () => {
    expect(tilesChangedBy(0, 256).map(tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
    expect(tilesChangedBy(255, 256).map(tilePath)).toEqual(["tile/0/000", "tile/1/000.p/1"]);
    expect(tilesChangedBy(256, 257).map(tilePath)).toEqual(["tile/0/001.p/1"]);
    expect(bundlesChangedBy(255, 257).map(tilePath)).toEqual(["tile/entries/000", "tile/entries/001.p/1"]);
    expect(tilesChangedBy(300, 300)).toEqual([]);
  });

  it("has an edge that cannot be read back with another size", () => {
    const edge = allLeaves.slice(0, 5).reduce((grown, hash) => appendLeaf(grown, hash), emptyEdge);
    expect(edgeOf(5, edge.hashes)).toEqual(edge);
    expect(() => edgeOf(7, edge.hashes)).toThrow(RangeError);
    expect(() => appendLeaf(edge, new Uint8Array(31))).toThrow(RangeError);
  });

  it("tells of every complete subtree once, with its hash", () => {
    const seen = new Map<string, Uint8Array>();
    let edge = emptyEdge;
    for (const hash of allLeaves.slice(0, 70))
      edge = appendLeaf(edge, hash, (level, index, node) => {
        expect(seen.has(`${level}/${index}`)).toBe(false);
        seen.set(`${level}/${index}`, node);
      });
    const hashAt = hashAtLeaves(allLeaves.slice(0, 70));
    for (let level = 0; 2 ** level <= 70; level++)
      for (let index = 0; (index + 1) * 2 ** level <= 70; index++)
        expect(seen.get(`${level}/${index}`)).toEqual(hashAt(level, index));
    expect(seen.size).toBe(70 + 35 + 17 + 8 + 4 + 2 + 1);
  });

  it("handles sizes up to 2^53 - 1 and refuses those beyond", () => {
    const size = Number.MAX_SAFE_INTEGER;
    expect(inclusionNodes(size - 1, size)).toHaveLength(52);
    expect(tilesChangedBy(size - 1, size).map(tilePath)).toEqual(["tile/0/x035/x184/x372/x088/831.p/255"]);
    const hash = leaf(0);
    const claim = { leafHash: hash, index: 0, size: 2 ** 53, proof: [], root: hash };
    for (const bad of [2 ** 53, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(verifyInclusion({ ...claim, size: bad }))).toBe("proof-invalid");
      expect(codeOf(verifyInclusion({ ...claim, size: 1, index: bad }))).toBe("proof-invalid");
      const step = { oldSize: 1, newSize: bad, oldRoot: hash, newRoot: hash, proof: [] };
      expect(codeOf(verifyConsistency(step))).toBe("proof-invalid");
      expect(codeOf(verifyConsistency({ ...step, oldSize: bad, newSize: 1 }))).toBe("proof-invalid");
      expect(() => inclusionProof(0, bad, () => hash)).toThrow(RangeError);
    }
  });

  it("grows from nothing only to nothing, as far as a proof can tell", () => {
    const step = { oldSize: 0, newSize: 0, oldRoot: emptyRoot, newRoot: emptyRoot, proof: [] };
    expect(codeOf(verifyConsistency(step))).toBe("ok");
    expect(codeOf(verifyConsistency({ ...step, newSize: 1 }))).toBe("proof-invalid");
    expect(codeOf(verifyConsistency({ ...step, oldRoot: leaf(0), newRoot: leaf(0) }))).toBe("proof-invalid");
  });
});

describe("Tiles", () => {
  it("are each finished once, and start again from the partial tiles of any size", () => {
    const builder = new TileBuilder();
    const finished = allLeaves.slice(0, 600).flatMap((hash) => builder.push(hash));
    expect(finished.map(({ tile }) => tilePath(tile))).toEqual(["tile/0/000", "tile/0/001"]);
    const kept = store();
    kept.put(builder.partials());
    expect([...kept.bytesByPath.keys()]).toEqual(["tile/0/002.p/88", "tile/1/000.p/2"]);
    const resumed = new TileBuilder(600, kept.getTile);
    expect(resumed.partials()).toEqual(builder.partials());
    expect(() => new TileBuilder(601, kept.getTile)).toThrow("tile/0/002.p/89");
  });

  it("take the root over a full tile from whoever knows it", () => {
    const known = new Map<string, Uint8Array>();
    const [told, alone] = [new TileBuilder(), new TileBuilder()];
    let edge = emptyEdge;
    for (const hash of allLeaves.slice(0, 600)) {
      edge = appendLeaf(edge, hash, (level, index, node) => known.set(`${level}/${index}`, node));
      expect(told.push(hash, (level, index) => known.get(`${level}/${index}`))).toEqual(alone.push(hash));
    }
    expect(told.partials()).toEqual(alone.partials());
  });

  it("have one spelling of each path", () => {
    for (const path of [
      "tile/0/x000/001",
      "tile/00/001",
      "tile/0/001.p/0",
      "tile/0/001.p/01",
      "tile/0/001.p/256",
      "tile/64/001",
      "tile/0/001/",
      "/tile/0/001",
      "tile/data/001",
      "tile/0/001\n",
      "tile/0/1",
      "tile/0/x009/x007/x199/x254/x740/992",
    ])
      expect(codeOf(parseTilePath(path)), path).toBe("tile-malformed");
    fc.assert(
      fc.property(
        fc.record({
          level: fc.oneof(fc.constant("entries" as const), fc.nat(63)),
          index: fc.maxSafeNat(),
          width: fc.integer({ min: 1, max: 256 }),
        }),
        (tile) => {
          expect(parseTilePath(tilePath(tile))).toEqual({ ok: true, value: tile });
        },
      ),
      { numRuns: 300, seed: 8 },
    );
  });

  it("of another length than their width are malformed", () => {
    const tile = { level: 0, index: 0, width: 2 };
    expect(codeOf(decodeTile(tile, new Uint8Array(64)))).toBe("ok");
    expect(codeOf(decodeTile(tile, new Uint8Array(63)))).toBe("tile-malformed");
    expect(codeOf(decodeTile(tile, new Uint8Array(96)))).toBe("tile-malformed");
  });
});

describe("Entry bundles", () => {
  it("give back what went in, and nothing that is cut or followed by more", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), (entries) => {
        const bundle = encodeEntryBundle(entries);
        if (!bundle.ok) throw new Error(bundle.problem.code);
        expect(decodeEntryBundle(bundle.value, entries.length)).toEqual({
          ok: true,
          value: entries,
        });
        const refused = "tile-malformed";
        expect(codeOf(decodeEntryBundle(bundle.value.subarray(0, -1), entries.length))).toBe(refused);
        expect(codeOf(decodeEntryBundle(concat(bundle.value, Uint8Array.of(0)), entries.length))).toBe(refused);
        expect(codeOf(decodeEntryBundle(bundle.value, entries.length + 1))).toBe(refused);
        expect(codeOf(decodeEntryBundle(bundle.value, entries.length - 1))).toBe(refused);
      }),
      { numRuns: 100, seed: 16 },
    );
  });

  it("hold entries of at most 65,535 bytes", () => {
    const longest = encodeEntryBundle([new Uint8Array(65_535)]);
    expect(longest.ok && toHex(longest.value.subarray(0, 3))).toBe("ffff00");
    expect(codeOf(encodeEntryBundle([new Uint8Array(65_536)]))).toBe("entry-too-large");
  });
});
