import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { fromBase64, toBase64, toHex, utf8 } from "../../shared/bytes.ts";
import { canonicalBytes } from "../../shared/canonical.ts";
import { generateKeyPair, importSigner, keyId, signEd25519, type PublicJwk, type Signer } from "../../shared/keys.ts";
import { PAYLOAD_TYPES } from "../../shared/payload-types.ts";
import { type Envelope, openEnvelope, pae, signEnvelope, type OpenOptions } from "../../shared/signing.ts";

/** RFC 8037, appendix A. */
const RFC = {
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
} as const;

type Key = Signer & { readonly publicJwk: PublicJwk };
let alice: Key;
let bob: Key;
let mallory: Key;
beforeAll(async () => {
  [alice, bob, mallory] = (await Promise.all([1, 2, 3].map(() => generateKeyPair({ extractable: false })))) as [
    Key,
    Key,
    Key,
  ];
});

const payloadType = PAYLOAD_TYPES.plan;
const trusting = (...keys: readonly Key[]): OpenOptions => ({
  payloadType,
  keys: new Map(keys.map(({ kid, publicJwk }) => [kid, publicJwk])),
});
const sign = (payload: unknown, ...signers: readonly Key[]) => signEnvelope({ payloadType, payload, signers });

/** Signs bytes that signEnvelope would never make. */
const signBytes = async (bytes: Uint8Array, { kid, privateKey }: Signer): Promise<Envelope> => ({
  payloadType,
  payload: toBase64(bytes),
  signatures: [{ keyid: kid, sig: toBase64(await signEd25519(privateKey, pae(payloadType, bytes))) }],
});

async function verdict(envelope: unknown, options: OpenOptions & { readonly schema?: z.ZodType }): Promise<string> {
  const opened = await openEnvelope(envelope, options);
  return opened.ok ? "ok" : opened.problem.code;
}

describe("an envelope", () => {
  it("opens to the value that was signed, its bytes and who signed", async () => {
    const opened = await openEnvelope(await sign({ b: 1, a: ["é"] }, alice, bob), trusting(alice, bob));
    expect(opened).toEqual({
      ok: true,
      value: {
        payload: { b: 1, a: ["é"] },
        payloadBytes: canonicalBytes({ b: 1, a: ["é"] }),
        kids: [alice.kid, bob.kid],
      },
    });
  });

  it("opens with one trusted key among others, and names only that one", async () => {
    const opened = await openEnvelope(await sign({}, mallory, alice), trusting(alice));
    expect(opened.ok && opened.value.kids).toEqual([alice.kid]);
  });

  it("is not opened by keys that did not sign it, or that stand under another id", async () => {
    const envelope = await sign({}, alice);
    expect(await verdict(envelope, trusting(bob))).toBe("key-unknown");
    expect(await verdict(envelope, { payloadType, keys: new Map() })).toBe("key-unknown");
    expect(await verdict(envelope, { payloadType, keys: new Map([[alice.kid, bob.publicJwk]]) })).toBe("key-unknown");
    const renamed = { ...envelope, signatures: [{ ...envelope.signatures[0]!, keyid: bob.kid }] };
    expect(await verdict(renamed, { payloadType, keys: new Map([[bob.kid, alice.publicJwk]]) })).toBe("key-unknown");
  });

  it("is refused whole where one trusted key's signature is wrong, although another one is right", async () => {
    const envelope = await sign({}, alice, bob);
    const [first, second] = envelope.signatures as [Envelope["signatures"][0], Envelope["signatures"][0]];
    const mixed = { ...envelope, signatures: [first, { ...second, sig: first.sig }] };
    expect(await verdict(mixed, trusting(alice, bob))).toBe("signature-invalid");
    expect(await verdict(mixed, trusting(alice))).toBe("ok");
  });

  it("is refused where a key id is repeated", async () => {
    expect(await verdict(await sign({}, alice, alice), trusting(alice))).toBe("signature-malformed");
  });

  it("holds one to four signatures", async () => {
    await expect(sign({})).rejects.toThrow();
    await expect(sign({}, alice, bob, mallory, alice, bob)).rejects.toThrow();
  });

  it("is refused as another type of payload, also where the type was changed after signing", async () => {
    const envelope = await sign({}, alice);
    expect(await verdict(envelope, { ...trusting(alice), payloadType: PAYLOAD_TYPES.restore })).toBe(
      "payload-type-mismatch",
    );
    const changed = { ...envelope, payloadType: PAYLOAD_TYPES.restore };
    expect(await verdict(changed, { ...trusting(alice), payloadType: PAYLOAD_TYPES.restore })).toBe(
      "signature-invalid",
    );
  });

  it("is refused in any other spelling than its one", async () => {
    const envelope = await sign({ a: "??>>" }, alice);
    const [signature] = envelope.signatures;
    const spellings: readonly unknown[] = [
      { ...envelope, note: "" },
      { ...envelope, signatures: [{ ...signature!, cert: "" }] },
      { ...envelope, payload: `${envelope.payload}\n` },
      { ...envelope, payload: envelope.payload.replace(/=*$/, "") + "====" },
      {
        ...envelope,
        payload: envelope.payload.replaceAll("/", "_").replaceAll("+", "-").replaceAll("=", ""),
      },
      { ...envelope, signatures: [{ ...signature!, sig: signature!.sig.replaceAll("=", "") }] },
      {
        ...envelope,
        signatures: [
          {
            ...signature!,
            sig: `${signature!.sig.slice(0, 85)}${signature!.sig[85] === "A" ? "B" : "C"}==`,
          },
        ],
      },
      { ...envelope, signatures: [{ sig: signature!.sig }] },
      { ...envelope, signatures: [] },
      { ...envelope, payloadType: `${envelope.payloadType} ` },
      JSON.stringify(envelope),
      null,
    ];
    for (const spelling of spellings)
      expect(await verdict(spelling, trusting(alice)), JSON.stringify(spelling)).toBe("signature-malformed");
  });

  it("is refused where the signed bytes are not the canonical form of their value", async () => {
    const texts = {
      '{"b":1,"a":2}': "payload-not-canonical",
      '{"a": 1}': "payload-not-canonical",
      "[1.0]": "payload-not-canonical",
      "[-0]": "payload-not-canonical",
      '["\\u0061"]': "payload-not-canonical",
      "{}\n": "payload-not-canonical",
      '{"1":0,"9":0,"10":0}': "payload-not-canonical",
      '{"1":0,"10":0,"9":0}': "ok",
      '{"a":1,"a":1}': "invalid-json",
      "[1e400]": "invalid-json",
      "\uFEFF{}": "invalid-json",
      "plain text": "invalid-json",
      "": "invalid-json",
    };
    for (const [text, expected] of Object.entries(texts))
      expect(await verdict(await signBytes(utf8(text), alice), trusting(alice)), text).toBe(expected);
    expect(await verdict(await signBytes(Uint8Array.of(0x22, 0xff, 0x22), alice), trusting(alice))).toBe(
      "invalid-json",
    );
  });

  it("is not parsed before a trusted signature verifies", async () => {
    const notJson = await signBytes(utf8("{"), mallory);
    expect(await verdict(notJson, trusting(alice))).toBe("key-unknown");
    const forged = { ...notJson, signatures: [{ ...notJson.signatures[0]!, keyid: alice.kid }] };
    expect(await verdict(forged, trusting(alice))).toBe("signature-invalid");
  });

  it("satisfies its schema or is refused, naming where but not what", async () => {
    const schema = z.strictObject({ tenant: z.string() });
    const good = await openEnvelope(await sign({ tenant: "ten_a" }, alice), {
      ...trusting(alice),
      schema,
    });
    expect(good.ok && good.value.payload.tenant).toBe("ten_a");
    const bad = await openEnvelope(await sign({ tenant: ["Ada Secret"] }, alice), {
      ...trusting(alice),
      schema,
    });
    expect(bad).toMatchObject({
      ok: false,
      problem: { code: "payload-invalid", facts: { paths: ["/tenant"] } },
    });
    expect(JSON.stringify(bad)).not.toContain("Ada");
  });

  it("fails on any flipped bit of payload or signature", async () => {
    const envelope = await sign({ task: "tsk_eu_2_abc", amountCents: 4200 }, alice);
    const payload = fromBase64(envelope.payload)!;
    const signature = fromBase64(envelope.signatures[0]!.sig)!;
    for (let bit = 0; bit < payload.length * 8; bit++)
      expect(await verdict({ ...envelope, payload: toBase64(flip(payload, bit)) }, trusting(alice))).toBe(
        "signature-invalid",
      );
    for (let bit = 0; bit < 512; bit++) {
      const signatures = [{ keyid: alice.kid, sig: toBase64(flip(signature, bit)) }];
      expect(await verdict({ ...envelope, signatures }, trusting(alice))).toBe("signature-invalid");
    }
  });

  it("does not open after any single character of its text is changed", async () => {
    const envelope = await sign({ task: "tsk_eu_2_abc" }, alice);
    const text = JSON.stringify(envelope);
    const change = fc.record({
      at: fc.nat(text.length - 1),
      to: fc.constantFrom(...'AZaz09+/=-_ "{}:,'),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to }) => {
        fc.pre(text[at] !== to);
        let parsed: unknown;
        try {
          parsed = JSON.parse(text.slice(0, at) + to + text.slice(at + 1));
        } catch {
          return;
        }
        expect(await verdict(parsed, trusting(alice))).not.toBe("ok");
      }),
      { numRuns: 300 },
    );
  });
});

describe("exact bytes", () => {
  /** A change here makes every signature that was ever made fail. */
  it("encodes type and payload before signing as DSSE v1 does, with lengths in bytes", () => {
    expect(toHex(pae("é", utf8("{}")))).toBe(toHex(utf8("DSSEv1 2 é 2 {}")));
    expect(new TextDecoder().decode(pae(PAYLOAD_TYPES.plan, utf8('{"a":1}')))).toBe(
      'DSSEv1 40 application/vnd.countersign.plan.v1+json 7 {"a":1}',
    );
  });

  /** A change here breaks every stored envelope: its digest, the ledger entries over it, and its signature. */
  it("signs this value with this key to these characters", async () => {
    const envelope = await signEnvelope({
      payloadType: PAYLOAD_TYPES.plan,
      payload: { tenant: "ten_demo", round: 1, args: { name: "é" } },
      signers: [await importSigner(RFC)],
    });
    expect(envelope).toEqual({
      payloadType: "application/vnd.countersign.plan.v1+json",
      payload: "eyJhcmdzIjp7Im5hbWUiOiLDqSJ9LCJyb3VuZCI6MSwidGVuYW50IjoidGVuX2RlbW8ifQ==",
      signatures: [
        {
          keyid: keyId(RFC),
          sig: "sA3p5zuEAqdQda4nahgOARYHP/6PnLW1fDLhyf2WNym3B9lhhkTYTJxwApAA0URsO6ctNcf2tZYZeT5e/KYgCA==",
        },
      ],
    });
  });

  /** A change here moves every signature to another type: a signature over the old name is no signature over the new one. */
  it("names its payload types for ever", () => {
    expect(Object.values(PAYLOAD_TYPES)).toEqual(
      [
        "plan",
        "attestation",
        "promotion",
        "enrolment",
        "restore",
        "receipt",
        "statement",
        "possession",
        "resolution",
        "reversal",
        "epoch",
        "rewind",
      ].map((kind) => `application/vnd.countersign.${kind}.v1+json`),
    );
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}
