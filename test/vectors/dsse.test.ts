/** DSSE: the reference pre-authentication encodings, signatures of other implementations over them, and where the protocol is stricter. */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fromBase64, fromBase64Url, toHex, utf8, type Bytes } from "../../shared/bytes.ts";
import { verifyEd25519 } from "../../shared/keys.ts";
import { Envelope, pae } from "../../shared/signing.ts";
import { hasData, readJson } from "./data.ts";

type ForeignEnvelope = {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
};
type Vectors = {
  readonly pae: readonly {
    readonly payloadType: string;
    readonly body_utf8: string;
    readonly pae_hex: string;
  }[];
  readonly spec_vector: { readonly jwk: JsonWebKey; readonly envelope: ForeignEnvelope };
  readonly rfc8037_ed25519_jws: { readonly jwk: { readonly x: string }; readonly jws: string };
  readonly sigstore_bundles: readonly {
    readonly name: string;
    readonly envelope: ForeignEnvelope;
    readonly cert_der_b64: string | null;
    readonly pae_signature_valid_under_cert: boolean | null;
  }[];
};

const signedBytes = (envelope: ForeignEnvelope): Bytes => pae(envelope.payloadType, fromBase64(envelope.payload)!);

describe.skipIf(!hasData)("DSSE vectors", () => {
  const vectors = hasData
    ? readJson<Vectors>("vectors/dsse/dsse.json")
    : ({ pae: [], sigstore_bundles: [] } as unknown as Vectors);
  const withCertificate = vectors.sigstore_bundles.filter((one) => one.cert_der_b64 !== null);

  it.each(vectors.pae)("encodes $payloadType before authentication", ({ payloadType, body_utf8, pae_hex }) => {
    expect(toHex(pae(payloadType, utf8(body_utf8)))).toBe(pae_hex);
  });

  it("makes the bytes that the specification's own envelope signs", async () => {
    const { jwk, envelope } = vectors.spec_vector;
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
    const signature = fromBase64(envelope.signatures[0]!.sig)!;
    expect(await crypto.subtle.verify(algorithm, key, signature, signedBytes(envelope))).toBe(true);
  });

  it.each(withCertificate)(
    "gives sigstore's verdict on $name",
    async ({ envelope, cert_der_b64, pae_signature_valid_under_cert }) => {
      const { verify } = await import("node:crypto");
      const { publicKey } = new X509Certificate(fromBase64(cert_der_b64!)!);
      const signature = fromBase64(envelope.signatures[0]!.sig)!;
      expect(verify("sha256", signedBytes(envelope), publicKey, signature)).toBe(pae_signature_valid_under_cert);
    },
  );

  it("verifies the Ed25519 signature of RFC 8037, appendix A", async () => {
    const { jwk, jws } = vectors.rfc8037_ed25519_jws;
    const [header, payload, signature] = jws.split(".") as [string, string, string];
    expect(await verifyEd25519(jwk, utf8(`${header}.${payload}`), fromBase64Url(signature)!)).toBe(true);
    expect(await verifyEd25519(jwk, utf8(`${header}.${payload}x`), fromBase64Url(signature)!)).toBe(false);
  });

  it("refuses foreign envelopes as envelopes of the protocol: they name no key, and their signatures are not Ed25519", () => {
    const foreign = [vectors.spec_vector.envelope, ...vectors.sigstore_bundles.map(({ envelope }) => envelope)];
    expect(foreign.filter((envelope) => Envelope.safeParse(envelope).success)).toEqual([]);
  });
});
