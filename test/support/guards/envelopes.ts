/** Attacks with keys, signatures and enrolments. */
import { sign as signBytes, createPrivateKey } from "node:crypto";
import { fromHex, toBase64, utf8, type Bytes } from "../../../shared/bytes.ts";
import { checkPublicKey, isAcceptableSignature } from "../../../shared/ed25519.ts";
import { keyId, type PrivateJwk } from "../../../shared/keys.ts";
import { openSignedByMember, Possession, resolveMember } from "../../../shared/members.ts";
import { openEnvelope, pae, type Envelope } from "../../../shared/signing.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { newPrivateKey, publicPart } from "../../../scripts/lib/keys.ts";
import { enrol, sign } from "../manager.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";

const TYPE = "application/vnd.test+json";
const [ours, stranger] = [newPrivateKey(), newPrivateKey()];
const trusted = new Map([[keyId(ours), publicPart(ours)]]);

/** An envelope whose text is signed as it is, canonical or not. */
function signText(key: PrivateJwk, payloadType: string, text: string): Envelope {
  const privateKey = createPrivateKey({ key: { ...key }, format: "jwk" });
  const sig = signBytes(null, pae(payloadType, utf8(text)), privateKey).toString("base64");
  return { payloadType, payload: toBase64(utf8(text)), signatures: [{ keyid: keyId(key), sig }] };
}
const open = async (envelope: Envelope, trusts = trusted) =>
  codeOf(await openEnvelope(envelope, { payloadType: TYPE, keys: trusts }));
const good = () => sign(ours, TYPE, { amount: 1 });

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const little = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
const bytesOf = (value: bigint): Bytes =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse());
const honestSignature = (): Bytes =>
  Uint8Array.from(signBytes(null, utf8("x"), createPrivateKey({ key: { ...ours }, format: "jwk" })));
const accepts = (signature: Bytes) => (isAcceptableSignature(signature) ? "ok" : "signature-invalid");
const ORDER_8 = fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")!;

const root = newPrivateKey();
const rooted = { tenant: "acme", rootKey: publicPart(root) };
const [ada, grace, bob] = [newPrivateKey(), newPrivateKey(), newPrivateKey()];
type Roles = string[];
const byRoot = (key: PrivateJwk, roles: Roles, change = {}) =>
  enrol(root, "acme", "ada", publicPart(key), roles, change);
const resolve = async (key: PrivateJwk, chain: Envelope[], revoked: string[] = []) =>
  codeOf(await resolveMember(rooted, keyId(key), chain, Date.now(), new Set(revoked)));

const possession = { version: 1 as const, tenant: "acme", member: "ada", key: publicPart(ada), atMs: 1 };
const openPerson = async (envelope: Envelope, chain: Envelope[]) =>
  codeOf(
    await openSignedByMember(envelope, chain, Possession, PAYLOAD_TYPES.possession, rooted, Date.now(), new Set()),
  );
const twice = (envelope: Envelope): Envelope => {
  const [first] = envelope.signatures;
  return { ...envelope, signatures: [first!, { keyid: keyId(stranger), sig: first!.sig }] };
};

export const envelopes: Suite = {
  honest: [
    async () => open(await good()),
    () => codeOf(checkPublicKey(ours.x)),
    () => accepts(honestSignature()),
    async () => resolve(ada, [await byRoot(ada, ["lead"])]),
    async () =>
      resolve(bob, [await enrol(grace, "acme", "bob", publicPart(bob), ["lead"]), await byRoot(grace, ["admin"])]),
    async () => openPerson(await sign(ada, PAYLOAD_TYPES.possession, possession), [await byRoot(ada, ["lead"])]),
  ],
  attacks: attacks({
    "envelope-signers-distinct": async () => {
      const envelope = await good();
      return open({ ...envelope, signatures: [envelope.signatures[0]!, envelope.signatures[0]!] });
    },
    "envelope-type": async () => open(await sign(ours, "application/vnd.other+json", { amount: 1 })),
    "envelope-key-id": async () => {
      const envelope = await sign(stranger, TYPE, { amount: 1 });
      const posed = { ...envelope, signatures: [{ ...envelope.signatures[0]!, keyid: keyId(ours) }] };
      return open(posed, new Map([[keyId(ours), publicPart(stranger)]]));
    },
    "envelope-trusted": async () => open(await sign(stranger, TYPE, { amount: 1 })),
    "envelope-signature": async () => open({ ...(await good()), payload: toBase64(utf8('{"amount":1000}')) }),
    "envelope-canonical": () => open(signText(ours, TYPE, '{"amount": 1}')),
    "key-order": () => codeOf(checkPublicKey(ORDER_8)),
    "key-canonical": () => codeOf(checkPublicKey(fromHex(`f0${"ff".repeat(30)}7f`)!)),
    "signature-scalar": () => {
      const signature = honestSignature();
      return accepts(Uint8Array.from([...signature.subarray(0, 32), ...bytesOf(little(signature.subarray(32)) + L)]));
    },
    "signature-point": () => accepts(Uint8Array.from([...ORDER_8, ...honestSignature().subarray(32)])),
    "member-not-revoked": async () => resolve(ada, [await byRoot(ada, ["lead"])], [keyId(ada)]),
    "chain-ends-at-root": async () => resolve(root, [await byRoot(ada, ["lead"])]),
    "enrolment-one-signature": async () => resolve(ada, [twice(await byRoot(ada, ["lead"]))]),
    "enrolment-by-another": async () =>
      resolve(grace, [
        await enrol(grace, "acme", "grace", publicPart(grace), ["lead"]),
        await byRoot(grace, ["admin"]),
      ]),
    "enrolment-tenant": async () => resolve(ada, [await enrol(root, "other", "ada", publicPart(ada), ["lead"])]),
    "enrolment-key": async () => resolve(bob, [await byRoot(ada, ["lead"])]),
    "enrolment-by-admin": async () =>
      resolve(bob, [await enrol(ada, "acme", "bob", publicPart(bob), ["lead"]), await byRoot(ada, ["operator"])]),
    "enrolment-of-admin": async () =>
      resolve(bob, [await enrol(grace, "acme", "bob", publicPart(bob), ["admin"]), await byRoot(grace, ["admin"])]),
    "enrolment-begun": async () => resolve(ada, [await byRoot(ada, ["lead"], { notBeforeMs: Date.now() + 100_000 })]),
    "enrolment-not-over": async () => resolve(ada, [await byRoot(ada, ["lead"], { expiresMs: Date.now() - 1 })]),
    "signed-by-one": async () =>
      openPerson(twice(await sign(ada, PAYLOAD_TYPES.possession, possession)), [await byRoot(ada, ["lead"])]),
  }),
};
