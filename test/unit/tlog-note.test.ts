/** Signed notes and checkpoints: what opens them, what is refused, and the exact bytes of what the log publishes. */
import { describe, expect, it } from "vitest";
import { fromHex, toBase64Url, utf8 } from "../../shared/bytes.ts";
import { importPrivateKey, signEd25519 } from "../../shared/keys.ts";
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "../../shared/tlog/checkpoint.ts";
import {
  formatVkey,
  isKeyName,
  noteVerifier,
  openNote,
  parseNote,
  parseVkey,
  signNote,
  type NoteSigner,
} from "../../shared/tlog/note.ts";
import { formatProofFile } from "../../shared/tlog/proof-file.ts";
import { hashAtLeaves, inclusionProof, leafHash, rootOf } from "../../shared/tlog/tree.ts";

const codeOf = (result: { ok: true } | { ok: false; problem: { code: string } }) =>
  result.ok ? "ok" : result.problem.code;

const leaves = Array.from({ length: 3 }, (_, i) => leafHash(utf8(`entry ${i}`)));

/** The key of RFC 8032 section 7.1, test 1. */
const PUBLIC_KEY = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")!;
const SECRET = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")!;
async function signerNamed(name: string): Promise<NoteSigner> {
  const privateKey = await importPrivateKey({
    kty: "OKP",
    crv: "Ed25519",
    x: toBase64Url(PUBLIC_KEY),
    d: toBase64Url(SECRET),
  });
  return { ...noteVerifier(name, PUBLIC_KEY), sign: (message) => signEd25519(privateKey, message) };
}

const ORIGIN = "countersign.example/log/acme";
const head = { origin: ORIGIN, size: 3, root: rootOf(leaves), extensions: [] };

describe("What the log publishes", () => {
  // These bytes are what auditors keep: a change makes every stored vkey and checkpoint unreadable.
  it("is this verifier key, to the byte", async () => {
    expect(formatVkey(await signerNamed(ORIGIN))).toBe(
      "countersign.example/log/acme+f07c7b94+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
    );
  });

  it("is this checkpoint, to the byte", async () => {
    const note = await signCheckpoint(head, await signerNamed(ORIGIN));
    expect(note).toBe(
      [
        "countersign.example/log/acme",
        "3",
        "lPvQ3YNvUDAWkubQ6t5yjuGexSv/8WBu2AfIV11aqhk=",
        "",
        "— countersign.example/log/acme 8Hx7lOUfm/Y3zMIjM/MBdPPkBRRF0AIVdTYkRVGuRi6f+OkPl6IGiNkT8jwKXQy4PQxFWkZt5YKErq4liFLJToHl9gE=",
        "",
      ].join("\n"),
    );
    const opened = await openCheckpoint(note, noteVerifier(ORIGIN, PUBLIC_KEY));
    expect(opened).toEqual({ ok: true, value: { ...head, witnesses: [] } });
  });

  it("is this proof file, to the byte", async () => {
    const proof = inclusionProof(2, 3, hashAtLeaves(leaves));
    const checkpoint = "signed note\n";
    expect(formatProofFile({ index: 2, proof, checkpoint, extra: utf8("x") })).toBe(
      [
        "c2sp.org/tlog-proof@v1",
        "extra eA==",
        "index 2",
        "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=",
        "",
        "signed note",
        "",
      ].join("\n"),
    );
  });
});

describe("A checkpoint", () => {
  it("opens for its own log only", async () => {
    const note = await signCheckpoint(head, await signerNamed(ORIGIN));
    const other = noteVerifier("countersign.example/log/other", PUBLIC_KEY);
    expect(codeOf(await openCheckpoint(note, other))).toBe("key-unknown");
    const asOther = await signNote(formatCheckpoint(head), [await signerNamed(other.name)]);
    expect(codeOf(await openCheckpoint(asOther, other))).toBe("audience-mismatch");
  });

  it("names the witnesses that signed it, and is not opened by a witness alone", async () => {
    const [log, witness] = [await signerNamed(ORIGIN), await signerNamed("witness.example")];
    const note = await signCheckpoint(head, log, [witness]);
    const opened = await openCheckpoint(note, log, [witness]);
    expect(opened.ok && opened.value.witnesses.map(({ name }) => name)).toEqual(["witness.example"]);
    const byWitness = await signNote(formatCheckpoint(head), [witness]);
    expect(codeOf(await openCheckpoint(byWitness, log, [witness]))).toBe("key-unknown");
  });

  it("has one spelling", () => {
    const text = formatCheckpoint(head);
    expect(parseCheckpoint(text)).toEqual({ ok: true, value: head });
    for (const other of [
      text.replace("\n3\n", "\n03\n"),
      text.replace("\n3\n", "\n+3\n"),
      text.replace("\n3\n", "\n3 \n"),
      text.replace("\n3\n", "\n9007199254740992\n"),
      text.replace("=\n", "\n"),
      `${text}\n`,
      text.slice(0, -1),
      text.replaceAll("\n", "\r\n"),
      "",
      "\n",
    ])
      expect(codeOf(parseCheckpoint(other)), JSON.stringify(other)).toBe("note-malformed");
  });
});

describe("A signed note", () => {
  it("keeps empty lines in its text: the last one divides it from the signatures", async () => {
    const signer = await signerNamed("a.example");
    const note = await signNote("one\n\ntwo\n", [signer]);
    const opened = await openNote(note, [signer]);
    expect(opened.ok && opened.value.text).toBe("one\n\ntwo\n");
  });

  it("is refused whole where a known key's signature is false, even beside a true one", async () => {
    const [a, b] = [await signerNamed("a.example"), await signerNamed("b.example")];
    const lying: NoteSigner = { ...b, sign: () => a.sign(utf8("something else\n")) };
    const note = await signNote("text\n", [a, lying]);
    expect(codeOf(await openNote(note, [a]))).toBe("ok");
    expect(codeOf(await openNote(note, [a, b]))).toBe("signature-invalid");
  });

  it("keeps a byte order mark as part of the text", () => {
    const parsed = parseNote(utf8("\ufefftext\n\n— a AAAAAAA=\n"));
    expect(parsed.ok && parsed.value.text).toBe("\ufefftext\n");
  });

  it("is not made over a text that could not be read back", async () => {
    const signer = await signerNamed("a.example");
    for (const text of ["no newline", "tab\t\n", "\ud800\n", "\r\n"])
      await expect(signNote(text, [signer]), JSON.stringify(text)).rejects.toThrow(TypeError);
  });

  it("has key names without any Unicode white space or plus sign", () => {
    expect(["a", "countersign.example/log/acme", "é", "\ufeffa"].filter((name) => !isKeyName(name))).toEqual([]);
    const bad = ["", " ", "a b", "a+b", "a\u0085b", "a\u00a0b", "a\u2028b", "a\u3000b", "a\nb", "a\u0001b", "\ud800"];
    expect(bad.filter(isKeyName)).toEqual([]);
  });

  it("has no verifier key of small order", () => {
    const smallOrder = new Uint8Array(32).fill(0);
    expect(codeOf(parseVkey(formatVkey(noteVerifier("a.example", smallOrder))))).toBe("key-small-order");
  });
});
