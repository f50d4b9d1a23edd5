/**
 * A tenant's log in memory: head, cursors and the right edge of the tree, as the database held them when it was last read or written.
 *
 * `extend` changes the tree before anything is written, so a log whose batch did not land is thrown away and read again.
 */
import { equalBytes, fromBase64, toBase64 } from "../shared/bytes.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { signCheckpoint } from "../shared/tlog/checkpoint.ts";
import { hashAtTiles, TileBuilder, type TileData } from "../shared/tlog/tiles.ts";
import { appendLeaf, edgeAt, edgeRoot, type Edge } from "../shared/tlog/tree.ts";
import type { CheckpointSigner } from "./config.ts";
import { batchHash, type Cursor, type Cut, type Head } from "./batch.ts";
import { KnownNodes } from "./tree/known-nodes.ts";
import { edgeTiles, readLog, readTiles, writeBatch, type Batch, type TileCache } from "./store.ts";

export class Log {
  readonly tenant: string;
  readonly tiles: TileCache;
  readonly nodes = new KnownNodes();
  readonly cursors: Map<string, Cursor>;
  #head: Head;
  #edge: Edge;
  readonly #builder: TileBuilder;
  #databaseBytes: number;

  private constructor(
    tenant: string,
    head: Head,
    cursors: Map<string, Cursor>,
    tiles: TileCache,
    databaseBytes: number,
  ) {
    this.tenant = tenant;
    this.#databaseBytes = databaseBytes;
    this.#head = head;
    this.cursors = cursors;
    this.tiles = tiles;
    this.#edge = edgeAt(head.size, hashAtTiles(head.size, tiles.get));
    this.#builder = new TileBuilder(head.size, tiles.get);
  }

  get head(): Head {
    return this.#head;
  }

  /** Size of the whole database when it was last read or written; 0 where it does not say. */
  get databaseBytes(): number {
    return this.#databaseBytes;
  }

  readonly sized = (bytes: number): void => {
    this.#databaseBytes = bytes;
  };

  /**
   * Reads a tenant's log, and begins it where there is none.
   * @returns checkpoint-inconsistent where the stored tiles do not lead to the head's root: nothing may be built on them;
   *   head-moved where another writer began the log at the same moment. Throws where the database does not answer.
   */
  static async open(db: D1Database, tenant: string, signer: CheckpointSigner, nowMs: number): Promise<Result<Log>> {
    const { head, cursors, databaseBytes } = await readLog(db, tenant);
    if (head === null) return Log.#begin(db, tenant, signer, nowMs);
    const tiles = await readTiles(db, tenant, edgeTiles(head.size));
    const broken = err(
      problem("checkpoint-inconsistent", "The stored tree does not lead to the root of its head.", { size: head.size }),
    );
    if (edgeTiles(head.size).some((tile) => tiles.get(tile) === undefined)) return broken;
    const log = new Log(tenant, head, cursors, tiles, databaseBytes);
    return equalBytes(edgeRoot(log.#edge), fromBase64(head.root)!) ? ok(log) : broken;
  }

  static async #begin(db: D1Database, tenant: string, signer: CheckpointSigner, nowMs: number): Promise<Result<Log>> {
    const head = await sealed({ tenant, seq: 0, prevHash: null, edge: { size: 0, hashes: [] }, signer });
    const written = await writeBatch(db, {
      tenant,
      prevHash: null,
      head,
      atMs: nowMs,
      firstIndex: 0,
      entries: [],
      tiles: [],
      moved: new Map(),
    });
    if (written === "unknown") throw new Error("the database did not answer");
    // Written or not, somebody's first batch is there now.
    return written === "written"
      ? Log.open(db, tenant, signer, nowMs)
      : err(problem("head-moved", "Another writer began the log."));
  }

  /** The batch that follows from a cut. Changes this log: `advance` it once the batch is written, drop it otherwise. */
  async extend({ entries, leaves, moved }: Cut<unknown>, signer: CheckpointSigner, nowMs: number): Promise<Batch> {
    const before = this.#head;
    const full: TileData[] = [];
    for (const leaf of leaves) {
      this.#edge = appendLeaf(this.#edge, leaf, this.nodes.put);
      full.push(...this.#builder.push(leaf, this.nodes.get));
    }
    // A partial tile of an upper level is new only where a tile below it was filled.
    const filled = new Set(full.map(({ tile }) => tile.level));
    const partial = this.#builder
      .partials()
      .filter(({ tile }) => tile.level === 0 || filled.has((tile.level as number) - 1));
    const head = await sealed({
      tenant: this.tenant,
      seq: before.seq + 1,
      prevHash: before.hash,
      edge: this.#edge,
      signer,
    });
    return {
      tenant: this.tenant,
      prevHash: before.hash,
      head,
      atMs: nowMs,
      firstIndex: before.size,
      entries,
      tiles: [...full, ...partial],
      moved,
    };
  }

  /** Takes over a batch that is written. */
  advance({ head, tiles, moved }: Batch): void {
    this.#head = head;
    for (const { tile, bytes } of tiles) this.tiles.put(tile.level, tile.index, bytes);
    for (const [executor, cursor] of moved) this.cursors.set(executor, cursor);
  }
}

type Unsealed = {
  readonly tenant: string;
  readonly seq: number;
  readonly prevHash: string | null;
  readonly edge: Edge;
  readonly signer: CheckpointSigner;
};

/** The head over an edge, with its signed checkpoint. */
async function sealed({ tenant, seq, prevHash, edge, signer }: Unsealed): Promise<Head> {
  const rootBytes = edgeRoot(edge);
  const root = toBase64(rootBytes);
  const checkpoint = { origin: signer.name, size: edge.size, root: rootBytes, extensions: [] };
  const note = await signCheckpoint(checkpoint, signer, signer.also);
  return { seq, hash: batchHash(tenant, seq, prevHash, edge.size, root), size: edge.size, root, note };
}
