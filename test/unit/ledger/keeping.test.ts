import { describe, expect, it } from "vitest";
import { keepingOf } from "../../../ledger/keeping.ts";
import { inTurns } from "../../../ledger/outside/archive.ts";
import { contradictionOf } from "../../../ledger/outside/contradiction.ts";
import { waitOf } from "../../../ledger/outside/keeper.ts";
import { checkpointFolder, checkpointName, tileName } from "../../../ledger/outside/names.ts";
import { newPlace } from "../../../ledger/outside/state.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { Tile } from "../../../shared/tlog/tiles.ts";
import {
  appendLeaf,
  consistencyProof,
  edgeRoot,
  emptyEdge,
  leafHash,
  rootAt,
  verifyConsistency,
} from "../../../shared/tlog/tree.ts";

describe("the settings of a log", () => {
  it("have defaults, and name the address that is not allowed", () => {
    expect(keepingOf("{}")).toMatchObject({ ok: true, value: { hotEntries: 1_000_000, publishTo: [] } });
    expect(keepingOf(undefined).ok).toBe(true);
    for (const address of ["http://witness.example/", "https://a:b@witness.example/", "ftp://x/", "nothing"])
      expect(keepingOf(JSON.stringify({ publishTo: [address] })).ok, address).toBe(false);
    const wrong = keepingOf(JSON.stringify({ publishTo: ["http://witness.example/hook/secret?token=secret"] }));
    expect(!wrong.ok && wrong.problem.detail).toContain("http://witness.example/…, which");
    expect(JSON.stringify(wrong)).not.toContain("secret");
    expect(keepingOf('{"publishTo":["http://localhost:9250/"]}').ok).toBe(false);
    expect(keepingOf('{"publishTo":["http://localhost:9250/"],"development":true}').ok).toBe(true);
    expect(keepingOf('{"publishTo":["http://witness.example/"],"development":true}').ok).toBe(false);
    expect(keepingOf('{"hotEntry":1}').ok).toBe(false);
  });
});

describe("the names outside", () => {
  const leaves: Tile = { level: 0, index: 2, width: 256 };
  it("are C2SP paths below the tenant, and those of a log after an epoch are others", () => {
    expect(tileName("acme", [], leaves)).toBe("acme/tile/0/002");
    const epochs = [{ number: 1, fromBundle: 2 }];
    expect(tileName("acme", epochs, { ...leaves, index: 1 })).toBe("acme/tile/0/001");
    expect(tileName("acme", epochs, leaves)).toBe("acme/epochs/1/tile/0/002");
    expect(tileName("acme", epochs, { ...leaves, level: 1, index: 0 })).toBe("acme/epochs/1/tile/1/000");
    // A second restore went further back than the first.
    expect(tileName("acme", [...epochs, { number: 2, fromBundle: 1 }], { ...leaves, index: 1 })).toBe(
      "acme/epochs/2/tile/0/001",
    );
    expect(checkpointName(checkpointFolder("acme", epochs), 12)).toBe("acme/epochs/1/checkpoints/0000000000000012");
  });
});

describe("when a place is due", () => {
  const place = { ...newPlace("archive"), size: 5, atMs: 1_000, triedSize: 5, triedMs: 1_000 };
  const settings = { publishSeconds: 60 };
  it("is after the pause, and not at all while the log stands still", () => {
    expect(waitOf(place, { size: 5 }, settings, 2_000)).toBe(null);
    expect(waitOf(place, { size: 6 }, settings, 2_000)).toBe(59_000);
    expect(waitOf(place, { size: 6 }, settings, 61_000)).toBe(0);
  });
  it("after failures it is later each time, and a checkpoint is given up for the next one", () => {
    const failed = { ...place, triedSize: 6, triedMs: 1_000, failures: 2 };
    expect(waitOf(failed, { size: 6 }, settings, 1_000)).toBe(2 * LIMITS.publishRetryBaseMs);
    const given = { ...failed, failures: LIMITS.publishAttempts };
    expect(waitOf(given, { size: 6 }, settings, 1_000)).toBe(null);
    expect(waitOf(given, { size: 7 }, settings, 10_000_000)).toBe(0);
  });
});

describe("what was published and what the log is now", () => {
  it("ten thousand honest growths contradict nothing, for the archive and for an executor", () => {
    const nodes = new Map<string, Uint8Array>();
    const hashAt = (level: number, index: number) => nodes.get(`${level}/${index}`)!;
    let edge = emptyEdge;
    let seen = { size: 0, root: edgeRoot(edge) };
    let published = seen;
    let alarms = 0;
    for (let growth = 0; growth < 10_000; growth++) {
      for (let leaf = 0; leaf <= growth % 3; leaf++) {
        const hash = leafHash(new Uint8Array([edge.size & 255, (edge.size >> 8) & 255]));
        edge = appendLeaf(edge, hash, (level, index, node) => nodes.set(`${level}/${index}`, node));
      }
      const head = { size: edge.size, root: edgeRoot(edge) };
      const proof = consistencyProof(seen.size, head.size, hashAt);
      const claim = { oldSize: seen.size, oldRoot: seen.root, newSize: head.size, newRoot: head.root, proof };
      if (seen.size > 0 && !verifyConsistency(claim).ok) alarms += 1;
      if (contradictionOf(published, head.size, rootAt(published.size, hashAt)) !== null) alarms += 1;
      if (contradictionOf(head, head.size, head.root) !== null) alarms += 1;
      seen = head;
      if (growth % 7 === 0) published = head;
    }
    expect(alarms).toBe(0);
  });

  it("a log that lost its end, and one with another root at that size, contradict it", () => {
    const root = leafHash(new Uint8Array([1]));
    expect(contradictionOf({ size: 5, root }, 4, null)?.code).toBe("checkpoint-inconsistent");
    expect(contradictionOf({ size: 5, root }, 9, leafHash(new Uint8Array([2])))?.code).toBe("checkpoint-inconsistent");
    expect(contradictionOf({ size: 5, root }, 9, root)).toBe(null);
  });
});

describe("the archive, bundle by bundle", () => {
  /** A run in which each bundle takes `takesMs`; what it did, and how long it paused each time. */
  async function run(from: number, to: number, { takesMs = 30, isUrgent = false, last = Infinity } = {}) {
    let nowMs = 1_000;
    const done: number[] = [];
    const pauses: number[] = [];
    const pace = {
      nowMs: () => nowMs,
      pause: async (ms: number) => void ((nowMs += ms), pauses.push(ms)),
      isUrgent,
    };
    await inTurns(pace, from, to, async (index) => {
      done.push(index);
      nowMs += takesMs;
      return index < last;
    });
    return { done, pauses, tookMs: nowMs - 1_000 };
  }

  it("pauses between two of them for four times as long as one took", async () => {
    expect(await run(3, 6)).toEqual({ done: [3, 4, 5], pauses: [120, 120], tookMs: 330 });
  });
  it("pauses no longer than a bound", async () => {
    expect((await run(0, 3, { takesMs: 1_000 })).pauses).toEqual([LIMITS.archivePauseMs, LIMITS.archivePauseMs]);
  });
  it("does not pause where it has fallen behind, and ends after a run's worth", async () => {
    const { done, pauses } = await run(0, 1_000);
    expect([done.length, pauses]).toEqual([LIMITS.archiveBundles, []]);
    expect((await run(0, LIMITS.archiveBundles - 1)).pauses).not.toEqual([]);
  });
  it("does not pause where the database is nearly full", async () => {
    expect((await run(0, 3, { isUrgent: true })).pauses).toEqual([]);
  });
  it("ends when its time is over", async () => {
    expect((await run(0, 60, { takesMs: 1_000 })).tookMs).toBeLessThan(LIMITS.archiveRunMs + 2_000);
  });
  it("ends where its work says so", async () => {
    expect((await run(0, 9, { last: 4 })).done).toEqual([0, 1, 2, 3, 4]);
  });
});
