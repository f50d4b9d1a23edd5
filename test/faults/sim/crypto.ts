/**
 * WebCrypto for the simulator: ideal signatures, answered at once. One verifies exactly where its key made it over these bytes, which is
 * what Ed25519 promises. The platform's own answers come from a thread pool, in an order that no seed decides, and cost most of a run.
 */
import { createHash, createPrivateKey } from "node:crypto";

type Held = { readonly x: string };
type Made = { readonly x: string; readonly message: Buffer };

const lasting = new Map<string, Made>();
const made = new Map<string, Made>();
let keeps = true;

/** What is signed from here on belongs to the run and is forgotten with it. */
export const forgetSignatures = (): void => {
  keeps = false;
  made.clear();
};

const methods = {
  importKey: async (format: string, data: Uint8Array | { x: string; d?: string }): Promise<Held> => ({
    x: format === "raw" ? Buffer.from(data as Uint8Array).toString("base64url") : (data as { x: string }).x,
  }),
  sign: async (_algorithm: unknown, { x }: Held, data: Uint8Array) => {
    const message = Buffer.from(data);
    const signature = createHash("sha512").update(x).update(message).digest();
    // S stays below the order of the group.
    signature[63] = 0;
    (keeps ? lasting : made).set(signature.toString("latin1"), { x, message });
    return new Uint8Array(signature).buffer;
  },
  verify: async (_algorithm: unknown, { x }: Held, signature: Uint8Array, message: Uint8Array) => {
    const name = Buffer.from(signature).toString("latin1");
    const known = made.get(name) ?? lasting.get(name);
    return known !== undefined && known.x === x && known.message.equals(message);
  },
};

/** Puts these methods in the place of the platform's, in this thread. */
export function installCrypto(): void {
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(crypto.subtle, name, { value, configurable: true });
}

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The same key for the same name, in every run. */
export function namedKey(name: string): { kty: "OKP"; crv: "Ed25519"; x: string; d: string } {
  const secret = Buffer.alloc(32, name);
  const { x, d } = createPrivateKey({
    key: Buffer.concat([PKCS8, secret]),
    format: "der",
    type: "pkcs8",
  }).export({ format: "jwk" });
  return { kty: "OKP", crv: "Ed25519", x: x!, d: d! };
}
