/** Transparency logs: the vectors of transparency-dev, golang.org/x/mod, C2SP and a real proof of a public log. */
import { describe, expect, it } from "vitest";
import { fromBase64, fromHex, toHex, utf8 } from "../../shared/bytes.ts";
import { openCheckpoint, parseCheckpoint, readCheckpointLines } from "../../shared/tlog/checkpoint.ts";
import { formatVkey, openNote, parseNote, parseVkey, type NoteVerifier } from "../../shared/tlog/note.ts";
import { formatProofFile, parseProofFile } from "../../shared/tlog/proof-file.ts";
import { verifySubtreeConsistency, verifySubtreeInclusion } from "../../shared/tlog/subtree.ts";
import {
  encodeEntryBundle,
  decodeEntryBundle,
  entryBundleOf,
  extendTiles,
  parseTilePath,
  tilePath,
} from "../../shared/tlog/tiles.ts";
import { hashAtLeaves, leafHash, rootAt, rootOf, verifyConsistency, verifyInclusion } from "../../shared/tlog/tree.ts";
import { verifyLog } from "../../shared/tlog/verify-log.ts";
import { hasData, readJson } from "./data.ts";

const vectors = <T>(name: string): T => readJson<T>(`vectors/tlog/${name}.json`);
const hashes = (list: readonly string[] | null): Uint8Array[] => (list ?? []).map((text) => hash(text));
/** A base64 hash of a probe; some probes hold none, or something shorter, on purpose. */
const hash = (text: string | null): Uint8Array => fromBase64(text ?? "")!;
const key = (vkey: string): NoteVerifier => {
  const parsed = parseVkey(vkey);
  if (!parsed.ok) throw new Error(`${vkey}: ${parsed.problem.code}`);
  return parsed.value;
};
/** "ok", or the code of the refusal. */
const answer = (result: { readonly ok: true } | { readonly ok: false; readonly problem: { code: string } }): string =>
  result.ok ? "ok" : result.problem.code;

describe.skipIf(!hasData)("RFC 6962 trees", () => {
  it("have the reference tree's leaf, node and root hashes", () => {
    const tree = vectors<{
      leaf_inputs_hex: string[];
      root_hashes_by_size_hex: string[];
      node_hashes_by_level_hex: string[][];
    }>("rfc6962_reference_tree");
    const leaves = tree.leaf_inputs_hex.map((hex) => leafHash(fromHex(hex)!));
    const hashAt = hashAtLeaves(leaves);
    tree.root_hashes_by_size_hex.forEach((root, size) => {
      expect(toHex(rootOf(leaves.slice(0, size)))).toBe(root);
      expect(toHex(rootAt(size, hashAt))).toBe(root);
    });
    tree.node_hashes_by_level_hex.forEach((row, level) =>
      row.forEach((node, index) => expect(toHex(hashAt(level, index))).toBe(node)),
    );
  });

  type Probe = { desc: string; wantErr: boolean; _file: string; proof: string[] | null };
  type Probes = {
    inclusion: (Probe & { leafIdx: number; treeSize: number; root: string; leafHash: string })[];
    consistency: (Probe & { size1: number; size2: number; root1: string; root2: string })[];
    subtreeinclusion: (Probe & {
      leafIdx: number;
      start: number;
      end: number;
      root: string;
      leafHash: string;
    })[];
    subtreeconsistency: (Probe & {
      start: number;
      end: number;
      size: number;
      root1: string;
      root2: string;
    })[];
  };
  const wrong = <T extends Probe>(probes: readonly T[], check: (probe: T) => string): string[] =>
    probes.filter((probe) => check(probe) !== (probe.wantErr ? "proof-invalid" : "ok")).map(({ _file }) => _file);

  it("give the expected verdict on every inclusion probe", () => {
    const { inclusion } = vectors<Probes>("merkle_probes");
    expect(inclusion).toHaveLength(98);
    expect(
      wrong(inclusion, (p) =>
        answer(
          verifyInclusion({
            leafHash: hash(p.leafHash),
            index: p.leafIdx,
            size: p.treeSize,
            proof: hashes(p.proof),
            root: hash(p.root),
          }),
        ),
      ),
    ).toEqual([]);
  });

  it("give the expected verdict on every consistency probe", () => {
    const { consistency } = vectors<Probes>("merkle_probes");
    expect(consistency).toHaveLength(98);
    expect(
      wrong(consistency, (p) =>
        answer(
          verifyConsistency({
            oldSize: p.size1,
            newSize: p.size2,
            oldRoot: hash(p.root1),
            newRoot: hash(p.root2),
            proof: hashes(p.proof),
          }),
        ),
      ),
    ).toEqual([]);
  });

  it("give the expected verdict on every subtree inclusion probe", () => {
    const { subtreeinclusion } = vectors<Probes>("merkle_probes");
    expect(subtreeinclusion).toHaveLength(204);
    expect(
      wrong(subtreeinclusion, (p) =>
        answer(
          verifySubtreeInclusion({
            leafHash: hash(p.leafHash),
            index: p.leafIdx,
            start: p.start,
            end: p.end,
            proof: hashes(p.proof),
            root: hash(p.root),
          }),
        ),
      ),
    ).toEqual([]);
  });

  it("give the expected verdict on every subtree consistency probe", () => {
    const { subtreeconsistency } = vectors<Probes>("merkle_probes");
    expect(subtreeconsistency).toHaveLength(118);
    expect(
      wrong(subtreeconsistency, (p) =>
        answer(
          verifySubtreeConsistency({
            start: p.start,
            end: p.end,
            size: p.size,
            proof: hashes(p.proof),
            subtreeRoot: hash(p.root1),
            root: hash(p.root2),
          }),
        ),
      ),
    ).toEqual([]);
  });
});

describe.skipIf(!hasData)("Formats", () => {
  type Formats = {
    checkpoint_parse: { name: string; body: string; ok: boolean }[];
    tlog_proof_parse: { name: string; text: string; ok: boolean }[];
    entries_path_for_index: [number, number, string][];
    tile_path: [number, number, number, string][];
    parse_level_index_partial: {
      level: string;
      index: string;
      ok: boolean;
      want: number[] | null;
    }[];
  };
  const formats = () => vectors<Formats>("formats");

  it("read the lines of a checkpoint, or refuse them, as transparency-dev/formats does", () => {
    for (const { name, body, ok } of formats().checkpoint_parse)
      expect(answer(readCheckpointLines(body)), name).toBe(ok ? "ok" : "note-malformed");
  });

  it("accept no checkpoint whose root is not a SHA-256 hash", () => {
    // The roots of these cases are words.
    for (const { name, body } of formats().checkpoint_parse)
      expect(answer(parseCheckpoint(body)), name).toBe("note-malformed");
  });

  it("parse proof files, and write what they parsed", () => {
    for (const { name, text, ok } of formats().tlog_proof_parse) {
      const parsed = parseProofFile(text);
      expect(answer(parsed), name).toBe(ok ? "ok" : "proof-invalid");
      if (parsed.ok) expect(formatProofFile(parsed.value), name).toBe(text);
    }
  });

  it("name the entry bundle of each index", () => {
    for (const [index, size, path] of formats().entries_path_for_index)
      expect(tilePath(entryBundleOf(index, size))).toBe(path);
  });

  it("spell tile paths, and read them back", () => {
    for (const [level, index, partial, path] of formats().tile_path) {
      const tile = { level, index, width: partial === 0 ? 256 : partial };
      expect(tilePath(tile)).toBe(path);
      expect(parseTilePath(path)).toEqual({ ok: true, value: tile });
    }
  });

  it("parse tile paths, and refuse indexes beyond 2^53 besides", () => {
    for (const { level, index, ok, want } of formats().parse_level_index_partial) {
      const path = `tile/${level}/${index}`;
      const parsed = parseTilePath(path);
      if (ok && Number.isSafeInteger(want![1])) {
        const [wantLevel, wantIndex, wantPartial] = want as [number, number, number];
        expect(parsed, path).toEqual({
          ok: true,
          value: { level: wantLevel, index: wantIndex, width: wantPartial || 256 },
        });
      } else expect(answer(parsed), path).toBe("tile-malformed");
    }
  });

  it("agree with the checksum database's tile paths, without their height", () => {
    type Case = [string, [height: number, level: number, index: number, width: number] | null];
    for (const [path, tile] of vectors<{ cases: Case[] }>("tile_paths").cases) {
      const ours = path.replace(/^tile\/[0-9]+\//, "tile/").replace("/data/", "/entries/");
      if (tile === null) expect(answer(parseTilePath(ours)), path).toBe("tile-malformed");
      else {
        const [height, level, index, width] = tile;
        expect(parseTilePath(ours), path).toEqual({
          ok: true,
          value: {
            level: level === -1 ? "entries" : level,
            index,
            width: width === 2 ** height ? 256 : width,
          },
        });
      }
    }
  });
});

describe.skipIf(!hasData)("Signed notes", () => {
  type Case = {
    name: string;
    vkeys: string[];
    note?: string;
    note_hex?: string;
    expect: string;
    verified?: string[];
  };

  it("are accepted or refused as golang.org/x/mod/sumdb/note does", async () => {
    const { cases } = vectors<{ cases: Case[] }>("signed_notes");
    expect(cases).toHaveLength(16);
    for (const { name, vkeys, note, note_hex, expect: verdict, verified } of cases) {
      const bytes = note === undefined ? fromHex(note_hex!)! : utf8(note);
      const opened = await openNote(bytes, vkeys.map(key));
      expect(opened.ok ? "accept" : "reject", name).toBe(verdict);
      if (opened.ok)
        expect(
          opened.value.verified.map((by) => by.name),
          name,
        ).toEqual(verified);
    }
  });

  it("have one code for each cause of a refusal", async () => {
    const { cases } = vectors<{ cases: Case[] }>("signed_notes");
    const codes: Record<string, string> = {};
    for (const { name, vkeys, note, note_hex, expect: verdict } of cases) {
      if (verdict === "reject") codes[name] = answer(await openNote(note ?? fromHex(note_hex!)!, vkeys.map(key)));
    }
    expect(codes).toEqual({
      "no trusted keys": "key-unknown",
      "101 signatures": "note-malformed",
      "corrupt signature of a trusted key": "signature-invalid",
      "bad syntax: text only": "note-malformed",
      "bad syntax: text + blank line only": "note-malformed",
      "bad syntax: no final newline": "note-malformed",
      "bad syntax: control byte 0x01": "note-malformed",
      "bad syntax: invalid UTF-8 0xff": "note-malformed",
      "bad syntax: space in key name": "note-malformed",
      "bad syntax: trailing line": "note-malformed",
      "known key name, other key id (unknown key -> no verified signature)": "key-unknown",
      "renamed signer": "key-unknown",
    });
  });

  it("have verifier keys with one spelling: 2,278 others are refused", () => {
    const { good, bad } = vectors<{ good: string; bad: string[] }>("vkeys_bad");
    expect(formatVkey(key(good))).toBe(good);
    expect(bad).toHaveLength(2278);
    expect(bad.filter((vkey) => parseVkey(vkey).ok)).toEqual([]);
  });
});

describe.skipIf(!hasData)("A small tiled log", () => {
  const log = () =>
    vectors<{
      vkey: string;
      entries_utf8: string[];
      checkpoints_by_size: string[];
      files_hex: Record<string, string>;
      derived_fork: { entry7: string; checkpoints: Record<string, string> };
    }>("tessera_small_log");

  it("has our tiles and entry bundles, byte for byte, at every size", () => {
    const { entries_utf8, files_hex } = log();
    const entries = entries_utf8.map(utf8);
    const built: Record<string, string> = {};
    for (let size = 1; size <= entries.length; size++) {
      const upTo = entries.slice(0, size);
      for (const { tile, bytes } of extendTiles(0, upTo.map(leafHash))) built[tilePath(tile)] = toHex(bytes);
      const bundle = encodeEntryBundle(upTo);
      if (!bundle.ok) throw new Error(bundle.problem.code);
      built[tilePath(entryBundleOf(size - 1, size))] = toHex(bundle.value);
    }
    expect(built).toEqual(files_hex);
  });

  it("verifies in one pass against all of its 16 checkpoints", async () => {
    const { vkey, entries_utf8, checkpoints_by_size, files_hex } = log();
    const heads = [];
    for (const note of checkpoints_by_size) {
      const opened = await openCheckpoint(note, key(vkey));
      if (!opened.ok) throw new Error(opened.problem.code);
      heads.push(opened.value);
    }
    expect(heads.map(({ size }) => size)).toEqual(Array.from({ length: 16 }, (_, i) => i));
    const bundle = decodeEntryBundle(fromHex(files_hex["tile/entries/000.p/15"]!)!, 15);
    if (!bundle.ok) throw new Error(bundle.problem.code);
    expect(bundle.value).toEqual(entries_utf8.map(utf8));
    const verified = await verifyLog({
      entries: bundle.value,
      checkpoint: heads[15]!,
      witnessed: heads,
    });
    expect(verified.ok && verified.value.rootBySize.size).toBe(16);
  });

  it("contradicts every checkpoint of the fork after the forked entry, and none before", async () => {
    const { vkey, entries_utf8, checkpoints_by_size, derived_fork } = log();
    const head = await openCheckpoint(checkpoints_by_size[15]!, key(vkey));
    if (!head.ok) throw new Error(head.problem.code);
    const codes: Record<string, string> = {};
    for (const [size, note] of Object.entries(derived_fork.checkpoints)) {
      const seen = await openCheckpoint(note, key(vkey));
      if (!seen.ok) throw new Error(seen.problem.code);
      const entries = entries_utf8.map(utf8);
      codes[size] = answer(await verifyLog({ entries, checkpoint: head.value, witnessed: [seen.value] }));
    }
    expect(codes).toEqual({
      "7": "ok",
      "8": "checkpoint-inconsistent",
      "10": "checkpoint-inconsistent",
      "15": "checkpoint-inconsistent",
    });
  });

  it("has a checkpoint of which no bit can be flipped", async () => {
    const { vkey, checkpoints_by_size } = log();
    const note = utf8(checkpoints_by_size[15]!);
    const survivors: number[] = [];
    for (let bit = 0; bit < note.length * 8; bit++) {
      const flipped = note.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      if ((await openCheckpoint(flipped, key(vkey))).ok) survivors.push(bit);
    }
    expect(survivors).toEqual([]);
  });
});

describe.skipIf(!hasData)("A public log of 21,476,367 entries", () => {
  const rekor = () =>
    vectors<{
      inclusion: {
        leaf_data_b64: string;
        index: number;
        tree_size: number;
        root_hex: string;
        proof_hex: string[];
      };
      checkpoint: { note: string };
    }>("rekor_real");

  it("includes its entry 21,428,034", () => {
    const { inclusion } = rekor();
    const claim = {
      leafHash: leafHash(fromBase64(inclusion.leaf_data_b64)!),
      index: inclusion.index,
      size: inclusion.tree_size,
      proof: inclusion.proof_hex.map((hex) => fromHex(hex)!),
      root: fromHex(inclusion.root_hex)!,
    };
    expect(answer(verifyInclusion(claim))).toBe("ok");
    expect(answer(verifyInclusion({ ...claim, index: claim.index - 1 }))).toBe("proof-invalid");
  });

  it("has a checkpoint that parses, and opens only for whoever knows its ECDSA key, which we do not", async () => {
    const { note } = rekor().checkpoint;
    const parsed = parseNote(note);
    if (!parsed.ok) throw new Error(parsed.problem.code);
    const checkpoint = parseCheckpoint(parsed.value.text);
    expect(checkpoint.ok && { ...checkpoint.value, root: undefined }).toEqual({
      origin: "rekor.sigstore.dev - 2605736670972794746",
      size: 21428036,
      root: undefined,
      extensions: ["Timestamp: 1688058656037355364"],
    });
    expect(parsed.value.signatures.map(({ name, keyHash }) => [name, keyHash])).toEqual([
      ["rekor.sigstore.dev", "c0d23d6a"],
    ]);
    expect(answer(await openNote(note, []))).toBe("key-unknown");
  });
});
