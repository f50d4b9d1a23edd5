/** A whole log against its checkpoint, in one pass. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../shared/bytes.ts";
import { TileBuilder, tilePath } from "../../shared/tlog/tiles.ts";
import { leafHash, rootOf } from "../../shared/tlog/tree.ts";
import { verifyLog } from "../../shared/tlog/verify-log.ts";

const codeOf = (result: { ok: true } | { ok: false; problem: { code: string } }) =>
  result.ok ? "ok" : result.problem.code;

const allLeaves = Array.from({ length: 301 }, (_, i) => leafHash(utf8(`entry ${i}`)));

describe("Verifying a whole log", () => {
  const entries = Array.from({ length: 300 }, (_, i) => utf8(`entry ${i}`));
  const checkpoint = { size: 300, root: rootOf(allLeaves.slice(0, 300)) };
  async function* stream() {
    yield* entries;
  }

  it("gives the root at each earlier size that was asked for", async () => {
    const verified = await verifyLog({ entries: stream(), checkpoint, sizes: [300, 0, 1, 77] });
    if (!verified.ok) throw new Error(verified.problem.code);
    expect([...verified.value.rootBySize.keys()]).toEqual([0, 1, 77, 300]);
    for (const [size, root] of verified.value.rootBySize) expect(root).toEqual(rootOf(allLeaves.slice(0, size)));
  });

  it("refuses a missing, an added, a changed and a moved entry", async () => {
    const changed = entries.slice();
    changed[123] = utf8("entry 1z3");
    const moved = [...entries.slice(1), entries[0]!];
    for (const others of [entries.slice(0, -1), [...entries, utf8("more")], changed, moved, []])
      expect(codeOf(await verifyLog({ entries: others, checkpoint }))).toBe("proof-invalid");
  });

  it("tells a witnessed checkpoint that contradicts the log, or that the log does not reach", async () => {
    const witness = (size: number, root: Uint8Array) =>
      verifyLog({ entries, checkpoint, witnessed: [{ size, root }] }).then(codeOf);
    expect(await witness(77, rootOf(allLeaves.slice(0, 77)))).toBe("ok");
    expect(await witness(77, rootOf(allLeaves.slice(1, 78)))).toBe("checkpoint-inconsistent");
    expect(await witness(301, rootOf(allLeaves.slice(0, 301)))).toBe("checkpoint-inconsistent");
    expect(codeOf(await verifyLog({ entries, checkpoint, sizes: [301] }))).toBe("proof-invalid");
  });

  it("stops at the first entry too many, and at an entry beyond the size limit", async () => {
    let read = 0;
    async function* endless() {
      for (;;) {
        read++;
        yield utf8("again");
      }
    }
    expect(codeOf(await verifyLog({ entries: endless(), checkpoint }))).toBe("proof-invalid");
    expect(read).toBe(301);
    const large = [new Uint8Array(65_536)];
    expect(codeOf(await verifyLog({ entries: large, checkpoint }))).toBe("entry-too-large");
  });

  it("shows each leaf on the way, so that tiles can be compared in the same pass", async () => {
    const builder = new TileBuilder();
    const verified = await verifyLog({
      entries: stream(),
      checkpoint,
      onLeaf: (index, hash) => {
        expect(index).toBe(builder.size);
        builder.push(hash);
      },
    });
    expect(codeOf(verified)).toBe("ok");
    expect(builder.partials().map(({ tile }) => tilePath(tile))).toEqual(["tile/0/001.p/44", "tile/1/000.p/1"]);
  });
});
