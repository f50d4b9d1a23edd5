/**
 * Signed envelopes: DSSE v1 (https://github.com/secure-systems-lab/dsse) with Ed25519 over canonical JSON.
 *
 * S1  Nothing of a payload is parsed before a signature by a trusted key has verified.
 * S2  A payload is the canonical form of its value: the bytes that were signed and the value that is acted on determine each other.
 * S3  An envelope has one spelling: unknown fields, other base64 than canonical standard base64 and repeated key ids are refused.
 * S4  A wrong signature under a trusted key refuses the whole envelope, whatever else is signed.
 *
 * Stricter than DSSE, which lets `keyid` be absent and asks verifiers to accept URL-safe base64 as well.
 */
import * as z from "zod";
import { acceptsOf, type Accepts } from "./accepts.ts";
import { concat, fromBase64, fromUtf8, toBase64, utf8, type Bytes } from "./bytes.ts";
import { canonicalBytes } from "./canonical.ts";
import { SIGNATURE_BYTES } from "./ed25519.ts";
import { GUARDS } from "./guards.ts";
import { parseOrderedJson, parseStrictJson, type Json } from "./json.ts";
import { keyId, signEd25519, verifyEd25519, type PublicJwk, type Signer } from "./keys.ts";
import { LIMITS } from "./limits.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

/** The bytes of the payload that was decoded last: an envelope's shape is checked where it comes in and where it is opened. Never written to. */
let decoded: { readonly text: string; readonly bytes: Bytes | null } = { text: "", bytes: new Uint8Array() };

function payloadOf(text: string): Bytes | null {
  if (decoded.text !== text) decoded = { text, bytes: fromBase64(text) };
  return decoded.bytes;
}

const isSignature = (text: string): boolean => fromBase64(text)?.length === SIGNATURE_BYTES;

export const EnvelopeSignature = z.strictObject({
  /** RFC 7638 thumbprint of the signing key, base64url. */
  keyid: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** 64 bytes, canonical standard base64. */
  sig: z.string().max(88).refine(isSignature, "64 bytes, canonical standard base64"),
});

export const Envelope = z.strictObject({
  /** Visible ASCII, so that its length in bytes and in characters agree. */
  payloadType: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  /** Canonical standard base64 of the payload's canonical JSON bytes. */
  payload: z
    .string()
    .max(Math.ceil(LIMITS.envelopePayloadBytes / 3) * 4)
    .refine((text) => payloadOf(text) !== null, "canonical standard base64"),
  signatures: z.array(EnvelopeSignature).min(1).max(LIMITS.envelopeSignatures),
});
export type Envelope = z.infer<typeof Envelope>;

/** What an envelope says once it is verified. `kids` are the trusted keys that signed it, in the envelope's order. */
export type Opened<Payload> = {
  readonly payload: Payload;
  readonly payloadBytes: Bytes;
  readonly kids: readonly string[];
};

export type OpenOptions = {
  /** The only payload type that is accepted here. */
  readonly payloadType: string;
  /** Trusted keys by key id. A key that stands under another id than its own is not trusted. */
  readonly keys: ReadonlyMap<string, PublicJwk>;
};

/** DSSE pre-authentication encoding, the bytes that are signed. Lengths count UTF-8 bytes. */
export function pae(payloadType: string, payload: Uint8Array): Bytes {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/** Signs the canonical form of a JSON value. Throws on what JSON cannot hold, and when there are no signers or too many. */
export async function signEnvelope(parts: {
  readonly payloadType: string;
  readonly payload: unknown;
  readonly signers: readonly Signer[];
}): Promise<Envelope> {
  const payload = canonicalBytes(parts.payload);
  const message = pae(parts.payloadType, payload);
  const signatures = await Promise.all(
    parts.signers.map(async ({ kid, privateKey }) => ({
      keyid: kid,
      sig: toBase64(await signEd25519(privateKey, message)),
    })),
  );
  const envelope = { payloadType: parts.payloadType, payload: toBase64(payload), signatures };
  return isEnvelope(envelope) ? envelope : Envelope.parse(envelope);
}

/**
 * Verifies an envelope and only then reads it.
 * Refuses with `signature-malformed` (shape, base64, repeated key id), `payload-type-mismatch`, `key-unknown` (no signature by a trusted
 * key), `signature-invalid`, `invalid-json`, `payload-not-canonical` or `payload-invalid` (does not satisfy `schema`), in this order.
 */
export async function openEnvelope<Schema extends z.ZodType>(
  envelope: unknown,
  options: OpenOptions & { readonly schema: Schema },
): Promise<Result<Opened<z.output<Schema>>>>;
export async function openEnvelope(envelope: unknown, options: OpenOptions): Promise<Result<Opened<Json>>>;
export async function openEnvelope(
  envelope: unknown,
  options: OpenOptions & { readonly schema?: z.ZodType },
): Promise<Result<Opened<unknown>>> {
  if (!isEnvelope(envelope) && !Envelope.safeParse(envelope).success)
    return err(problem("signature-malformed", "This is not a signed envelope of the protocol."));
  const { payloadType, payload, signatures } = envelope as Envelope;
  if (!GUARDS["envelope-signers-distinct"](signatures.map(({ keyid }) => keyid)))
    return err(problem("signature-malformed", "Two signatures carry the same key id."));
  if (!GUARDS["envelope-type"](payloadType, options.payloadType))
    return err(problem("payload-type-mismatch", `Expected ${options.payloadType}.`, { found: payloadType }));

  const bytes = payloadOf(payload)!;
  const verified = await verifyAll(pae(payloadType, bytes), signatures, options.keys);
  if (!verified.ok) return verified;

  const value = readCanonical(bytes);
  if (!value.ok) return value;
  if (options.schema === undefined || acceptedBy(options.schema, value.value))
    return ok({ payload: value.value, payloadBytes: bytes, kids: verified.value });
  const typed = options.schema.safeParse(value.value);
  if (!typed.success)
    return err(
      problem("payload-invalid", "The signed payload does not have the shape of its type.", {
        paths: pathsOf(typed.error),
      }),
    );
  return ok({ payload: typed.data, payloadBytes: bytes, kids: verified.value });
}

/** S2: the value of canonical bytes. Where the text is canonical nothing is left for the strict parser to find; else it says what is wrong. */
function readCanonical(bytes: Bytes): Result<Json> {
  const text = fromUtf8(bytes);
  const ordered = text === null ? undefined : parseOrderedJson(text);
  if (ordered !== undefined && JSON.stringify(ordered) === text) return ok(ordered);
  const value = parseStrictJson(text ?? bytes);
  if (!value.ok) return value;
  if (text === null || !GUARDS["envelope-canonical"](text, value.value))
    return err(problem("payload-not-canonical", "The signed bytes are not the canonical form of their value."));
  return value;
}

const isEnvelope = acceptsOf(Envelope);
const acceptsBySchema = new WeakMap<z.ZodType, Accepts>();

/** Whether the schema's predicate accepts the value; false says nothing, and schemas without a predicate always answer it. */
function acceptedBy(schema: z.ZodType, value: Json): boolean {
  let accepts = acceptsBySchema.get(schema);
  if (accepts === undefined) {
    try {
      accepts = acceptsOf(schema);
    } catch {
      accepts = () => false;
    }
    acceptsBySchema.set(schema, accepts);
  }
  return accepts(value);
}

/** The trusted key ids that signed `message`; refuses where there is none, or where a trusted key's signature is wrong. */
async function verifyAll(
  message: Bytes,
  signatures: Envelope["signatures"],
  keys: ReadonlyMap<string, PublicJwk>,
): Promise<Result<readonly string[]>> {
  const trusted = signatures.flatMap(({ keyid, sig }) => {
    const key = keys.get(keyid);
    return key !== undefined && GUARDS["envelope-key-id"](keyid, keyId(key))
      ? [{ keyid, key, signature: fromBase64(sig)! }]
      : [];
  });
  if (!GUARDS["envelope-trusted"](trusted.length))
    return err(
      problem("key-unknown", "No trusted key signed this.", {
        kids: signatures.map(({ keyid }) => keyid),
      }),
    );
  const verdicts = await Promise.all(trusted.map(({ key, signature }) => verifyEd25519(key, message, signature)));
  if (!GUARDS["envelope-signature"](verdicts))
    return err(
      problem("signature-invalid", "A signature does not verify.", {
        kids: trusted.filter((_, i) => !verdicts[i]).map(({ keyid }) => keyid),
      }),
    );
  return ok(trusted.map(({ keyid }) => keyid));
}

/** Where a payload breaks its schema, without quoting its values. */
const pathsOf = (error: z.ZodError): string[] => error.issues.slice(0, 10).map((issue) => `/${issue.path.join("/")}`);
