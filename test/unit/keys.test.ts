import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../shared/bytes.ts";
import {
  checkPublicKey,
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  importPublicKey,
  importSigner,
  keyId,
  PrivateJwk,
  PublicJwk,
  publicPart,
  signEd25519,
  verifyEd25519,
} from "../../shared/keys.ts";

/** The key of RFC 8037, appendix A, which is also the first test key of RFC 8032, section 7.1. */
const RFC: PrivateJwk = {
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
};

const codeOf = (x: string | Uint8Array): string => {
  const checked = checkPublicKey(x);
  return checked.ok ? "ok" : checked.problem.code;
};

describe("public keys", () => {
  /** A change here renames every key: no enrolment, envelope or revocation that was ever signed finds its key again. */
  it("has the key id that RFC 8037, appendix A.3, computes", () => {
    expect(keyId(RFC)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  it("accepts exactly the members kty, crv and x", () => {
    const jwk = publicPart(RFC);
    expect(PublicJwk.safeParse(jwk).success).toBe(true);
    for (const other of [
      RFC,
      { ...jwk, alg: "EdDSA" },
      { ...jwk, kid: "none" },
      { ...jwk, kty: "EC" },
      { ...jwk, crv: "X25519" },
      { ...jwk, x: `${jwk.x}=` },
      { ...jwk, x: `${jwk.x.slice(0, -1)}p` }, // stray bits
      { ...jwk, x: jwk.x.slice(0, -1) },
      { kty: "OKP", crv: "Ed25519" },
    ])
      expect(PublicJwk.safeParse(other).success, JSON.stringify(other)).toBe(false);
  });

  it("is refused as malformed, of small order or not canonical, each with its own code", () => {
    expect(codeOf(RFC.x)).toBe("ok");
    expect(codeOf("")).toBe("key-malformed");
    expect(codeOf(`${RFC.x}AA`)).toBe("key-malformed");
    expect(codeOf("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).toBe("key-small-order");
    expect(codeOf(fromHex(`ec${"ff".repeat(31)}`)!)).toBe("key-small-order");
    expect(codeOf(fromHex(`ef${"ff".repeat(30)}7f`)!)).toBe("key-not-canonical");
    expect(codeOf(fromHex(`eb${"ff".repeat(30)}7f`)!)).toBe("ok"); // p − 2: the largest y that is neither
  });

  it("verifies nothing under a point that is not on the curve, and does not throw", async () => {
    for (let y = 2; y < 32; y++) {
      const key = new Uint8Array(32).fill(y, 0, 1);
      expect(await verifyEd25519(key, utf8("message"), new Uint8Array(64).fill(1, 0, 40))).toBe(false);
    }
  });

  it("is imported once and refused where checkPublicKey refuses it", async () => {
    const first = await importPublicKey(RFC);
    const second = await importPublicKey(publicPart(RFC));
    expect(first.ok && second.ok && first.value === second.value).toBe(true);
    const small = await importPublicKey(new Uint8Array(32));
    expect(small.ok ? "ok" : small.problem.code).toBe("key-small-order");
  });
});

describe("private keys", () => {
  /** Ed25519 is deterministic: another signature here means another algorithm. */
  it("signs the empty message as RFC 8032, section 7.1, test 1, does", async () => {
    const signature = await signEd25519(await importPrivateKey(RFC), new Uint8Array());
    expect(toHex(signature)).toBe(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    expect(await verifyEd25519(RFC, new Uint8Array(), signature)).toBe(true);
  });

  it("is generated, exported, imported again, and is still the same key", async () => {
    const made = await generateKeyPair({ extractable: true });
    const jwk = await exportPrivateKey(made.privateKey);
    expect(PrivateJwk.parse(jwk)).toEqual(jwk);
    expect(publicPart(jwk)).toEqual(made.publicJwk);
    const signer = await importSigner(jwk);
    expect(signer.kid).toBe(made.kid);
    const message = utf8("message");
    expect(await signEd25519(signer.privateKey, message)).toEqual(await signEd25519(made.privateKey, message));
  });

  it("does not leave the CryptoKey unless it was made extractable", async () => {
    const made = await generateKeyPair({ extractable: false });
    await expect(exportPrivateKey(made.privateKey)).rejects.toThrow();
    await expect(exportPrivateKey(await importPrivateKey(RFC))).rejects.toThrow();
  });

  it("is refused where it does not belong to its public key", async () => {
    const other = await generateKeyPair({ extractable: true });
    await expect(importPrivateKey({ ...RFC, x: other.publicJwk.x })).rejects.toThrow();
  });
});

describe("signatures", () => {
  it("fails when any bit of the signature or the message is flipped, or its length changes", async () => {
    const message = utf8("one message");
    const signature = await signEd25519(await importPrivateKey(RFC), message);
    expect(await verifyEd25519(RFC, message, signature)).toBe(true);
    for (let bit = 0; bit < 512; bit++)
      expect(await verifyEd25519(RFC, message, flip(signature, bit)), `signature bit ${bit}`).toBe(false);
    for (let bit = 0; bit < message.length * 8; bit++)
      expect(await verifyEd25519(RFC, flip(message, bit), signature), `message bit ${bit}`).toBe(false);
    for (const length of [0, 32, 63]) expect(await verifyEd25519(RFC, message, signature.slice(0, length))).toBe(false);
    expect(await verifyEd25519(RFC, message, Uint8Array.of(...signature, 0))).toBe(false);
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}
