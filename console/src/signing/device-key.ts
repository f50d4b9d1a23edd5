/**
 * The person's own key on this device: one Ed25519 key pair per tenant, made by the browser, kept in IndexedDB as a CryptoKey that
 * cannot be exported. Scripts of this origin can use it while the page is open; nobody can copy it, this page included.
 *
 * K1  A private key is never extractable and never leaves this module except as a CryptoKey.
 * K2  Creating a key never replaces one: whoever wants another forgets the first.
 */
import { generateKeyPair, type PublicJwk, type Signer } from "../../../shared/keys.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { read, remove, write } from "./store.ts";

export type DeviceKey = Signer & { readonly publicJwk: PublicJwk; readonly createdMs: number };

const at = (tenant: string): string => `device-key:${tenant}`;

/** Why this browser cannot hold a key; null where it can. */
export async function unsupported(): Promise<string | null> {
  if (!isSecureContext)
    return "Browsers keep keys only for pages served over HTTPS or from localhost. Open this page there, or use the command line.";
  try {
    await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
    return null;
  } catch {
    return "This browser cannot make Ed25519 keys. Use a current Chrome, Edge, Firefox or Safari, or the command line.";
  }
}

/** The key of this device for a tenant, or null where none was made. */
export const deviceKey = (tenant: string): Promise<DeviceKey | null> => read<DeviceKey>(at(tenant));

/** Makes the key, or answers the one that exists (K2): two tabs that create at once end with the same key. */
export async function createDeviceKey(tenant: string, nowMs: number): Promise<Result<DeviceKey>> {
  const why = await unsupported();
  if (why !== null) return err(problem("key-malformed", why));
  const { kid, publicJwk, privateKey } = await generateKeyPair({ extractable: false });
  await write(at(tenant), { kid, publicJwk, privateKey, createdMs: nowMs } satisfies DeviceKey, { keepFirst: true });
  const kept = await deviceKey(tenant);
  // Without this, a private window would show a key that the next visit does not have.
  void navigator.storage?.persist?.().catch(() => false);
  return kept === null
    ? err(problem("key-malformed", "The browser did not keep the key. Is this a private window?"))
    : ok(kept);
}

export const forgetDeviceKey = (tenant: string): Promise<void> => remove(at(tenant));
