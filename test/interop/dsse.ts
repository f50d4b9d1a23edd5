/**
 * DSSE signatures by the published key set, checked by what every machine has: Node's own crypto and the openssl command. Nothing of
 * Countersign's code takes part; the pre-authentication encoding is that of the DSSE specification.
 */
import { spawnSync } from "node:child_process";
import { createPublicKey, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

type Envelope = {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
};
export type KeySet = { readonly keys: readonly (JsonWebKey & { readonly kid: string })[] };

/** Every envelope in a JSON value. */
export function envelopesIn(value: unknown): Envelope[] {
  if (typeof value !== "object" || value === null) return [];
  if ("payloadType" in value && "signatures" in value) return [value as Envelope];
  return Object.values(value).flatMap(envelopesIn);
}

const encoded = ({ payloadType, payload }: Envelope): Buffer => {
  const bytes = Buffer.from(payload, "base64");
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${bytes.length} `), bytes]);
};

/** Whether a key of the set signed the envelope; null where none of them is named in it. */
export function verifiesByNode(envelope: Envelope, { keys }: KeySet): boolean | null {
  const signed = envelope.signatures.flatMap(({ keyid, sig }) => {
    const key = keys.find(({ kid }) => kid === keyid);
    return key === undefined ? [] : [{ key: publicKey(key), sig: Buffer.from(sig, "base64") }];
  });
  return signed.length === 0 ? null : signed.every(({ key, sig }) => verify(null, encoded(envelope), key, sig));
}

/** The same by `openssl pkeyutl`; null where there is no openssl that knows Ed25519. */
export function verifiesByOpenssl(envelope: Envelope, { keys }: KeySet): boolean | null {
  const { keyid, sig } = envelope.signatures[0]!;
  const key = publicKey(keys.find(({ kid }) => kid === keyid)!);
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-openssl-"));
  try {
    const at = (name: string) => path.join(folder, name);
    writeFileSync(at("key.pem"), key.export({ type: "spki", format: "pem" }));
    writeFileSync(at("message"), encoded(envelope));
    writeFileSync(at("signature"), Buffer.from(sig, "base64"));
    const args = [
      "-verify",
      "-pubin",
      "-inkey",
      at("key.pem"),
      "-rawin",
      "-in",
      at("message"),
      "-sigfile",
      at("signature"),
    ];
    const { status, stdout, error } = spawnSync("openssl", ["pkeyutl", ...args], { encoding: "utf8" });
    if (error !== undefined || !/Signature Verif/.test(stdout)) return null;
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const publicKey = (key: JsonWebKey): KeyObject => createPublicKey({ key, format: "jwk" });
