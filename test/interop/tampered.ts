/** Copies of a log that somebody changed, each in one way. A verifier refuses every one of them. */
import { createPrivateKey, sign } from "node:crypto";
import { fromBase64Url } from "../../shared/bytes.ts";
import { appendLeaf, edgeRoot, emptyEdge } from "../../shared/tlog/edge.ts";
import { signCheckpoint } from "../../shared/tlog/checkpoint.ts";
import { noteVerifier, type NoteSigner } from "../../shared/tlog/note.ts";
import type { PrivateKey } from "../../scripts/lib/keys.ts";
import { entriesOf, logOver, withEntries, type Files } from "./files.ts";

export type Case = {
  readonly name: string;
  readonly files: Files;
  /** A checkpoint that somebody kept. */
  readonly older?: Uint8Array;
  /** What the reason begins with. */
  readonly refusedAt: string;
  /** Check and code that `countersign verify` finds in it; where it is not said, the copy differs in what a download does not hold. */
  readonly finding?: string;
};

/** The ledger's own signer: who took the ledger over has it. */
export function logSigner(origin: string, key: PrivateKey): NoteSigner {
  const privateKey = createPrivateKey({ key, format: "jwk" });
  return {
    ...noteVerifier(origin, fromBase64Url(key.x)!),
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

const flipped = (bytes: Uint8Array, at: number, bit = 1): Uint8Array => bytes.with(at, bytes[at]! ^ bit);
const changed = (files: Files, file: string, at: number): Files =>
  new Map([...files, [file, flipped(files.get(file)!, at)]]);

/** Signs the checkpoint over leaf hashes. */
export const noteBy = (signer: NoteSigner) => (size: number, hashes: readonly Uint8Array[]) => {
  const edge = hashes.reduce((grown, hash) => appendLeaf(grown, hash), emptyEdge);
  return signCheckpoint({ origin: signer.name, size, root: edgeRoot(edge), extensions: [] }, signer);
};

/** One copy for each way. `older` is a true checkpoint of this log's past. */
export async function tampered(files: Files, older: Uint8Array, signer: NoteSigner): Promise<Case[]> {
  const entries = entriesOf(files);
  const last = entries.length - 1;
  const partial = [...files.keys()].find((file) => /^tile\/0\/.*\.p\//.test(file))!;
  const rewritten = (from: readonly Uint8Array[]) => logOver(from, noteBy(signer));
  const note = Buffer.from(files.get("checkpoint")!);
  // In the line of the key that signs first: the one before it may sign beside it.
  const signature = note.indexOf("\n", note.indexOf("— ")) - 8;
  const changedEntry = entries.with(3, flipped(entries[3]!, 40));
  const atSize = files.get("checkpoint")!.indexOf(10) + 1;
  return [
    { name: "a bit of an entry", files: withEntries(files, changedEntry), refusedAt: "tree: " },
    {
      name: "two entries swapped",
      files: withEntries(files, entries.with(1, entries[2]!).with(2, entries[1]!)),
      refusedAt: "tree: ",
    },
    {
      name: "the last entry cut off",
      files: new Map([...files, ...withoutLast(files, entries)]),
      refusedAt: "entries: ",
    },
    {
      name: "an entry in the place of another",
      files: withEntries(files, entries.with(last, entries[0]!)),
      refusedAt: "tree: ",
    },
    { name: "a bit of a full tile", files: changed(files, "tile/0/000", 100), refusedAt: "tile: " },
    { name: "a bit of a partial tile", files: changed(files, partial, 5), refusedAt: "tile: " },
    { name: "a bit of the tile above", files: changed(files, "tile/1/000.p/1", 31), refusedAt: "tile: " },
    {
      name: "a tile withheld",
      files: new Map([...files].filter(([file]) => file !== "tile/0/000")),
      refusedAt: "tile: ",
    },
    {
      name: "a bit of the checkpoint's signature",
      files: changed(files, "checkpoint", signature),
      refusedAt: "checkpoint: ",
    },
    {
      name: "a digit of the checkpoint's size",
      files: changed(files, "checkpoint", atSize),
      refusedAt: "checkpoint: ",
    },
    {
      name: "a shorter log, signed with the log's own key",
      files: await rewritten(entries.slice(0, 20)),
      older,
      refusedAt: "consistency: ",
    },
    {
      name: "a rewritten past, signed with the log's own key",
      files: await rewritten(changedEntry),
      older,
      refusedAt: "consistency: ",
    },
    {
      name: "a second tree of the same size, signed with the log's own key",
      files,
      older: (await rewritten(changedEntry)).get("checkpoint")!,
      refusedAt: "consistency: ",
    },
    {
      name: "an entry left out by one who holds the log's key and shows its log for the first time",
      files: await rewritten(entries.toSpliced(firstOfTask(entries), 1)),
      refusedAt: "chains: ",
    },
  ];
}

/** The bundle that holds the last entry, without it. */
function withoutLast(files: Files, entries: readonly Uint8Array[]): [string, Uint8Array][] {
  const file = [...files.keys()].findLast((name) => name.startsWith("tile/entries/"))!;
  const bundle = files.get(file)!;
  return [[file, bundle.slice(0, bundle.length - entries.at(-1)!.length - 2)]];
}

const firstOfTask = (entries: readonly Uint8Array[]): number =>
  entries.findIndex((entry) => new TextDecoder().decode(entry).includes('"type":"countersign.task.records.v1"'));
