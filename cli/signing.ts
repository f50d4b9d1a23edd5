/** Signs as a person does, with a key of this device: never sent anywhere, and never taken from a server. */
import { existsSync } from "node:fs";
import path from "node:path";
import { toBase32 } from "../shared/ids.ts";
import { importSigner, keyId, PrivateJwk, publicPart, type PublicJwk, type Signer } from "../shared/keys.ts";
import type { Client } from "../shared/client.ts";
import type { Envelope } from "../shared/signing.ts";
import { ok, type Result } from "../shared/result.ts";
import type { Call } from "./command.ts";
import { UsageError } from "./exits.ts";
import { jsonIn } from "./settings.ts";

export type DeviceKey = { readonly jwk: PrivateJwk; readonly from: string };

/** `--signing-key FILE`, COUNTERSIGN_SIGNING_KEY, else the first development key among `people`. Throws a UsageError where there is none. */
export function deviceKey(call: Call, ...people: readonly ("approver" | "admin" | "root")[]): DeviceKey {
  const file = call.args.text("signing-key") ?? call.platform.env["COUNTERSIGN_SIGNING_KEY"];
  if (file !== undefined && file !== "") return keyIn(path.resolve(call.platform.folder, file));
  const { dev } = call.settings;
  for (const person of people) {
    const jwk = person === "root" ? dev?.rootKey : dev?.[person]?.key;
    if (jwk !== undefined) return { jwk, from: `.countersign/dev.json (${person})` };
  }
  throw new UsageError("No signing key: give --signing-key FILE (see countersign keys new).");
}

function keyIn(file: string): DeviceKey {
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const parsed = PrivateJwk.safeParse(jsonIn(file));
  if (!parsed.success) throw new UsageError(`${file} is not a private Ed25519 JWK.`);
  return { jwk: parsed.data, from: file };
}

export const signerOf = ({ jwk }: DeviceKey): Promise<Signer> => importSigner(jwk);
export const publicKeyOf = ({ jwk }: DeviceKey): PublicJwk => publicPart(jwk);

/** The enrolments that lead from a key to the root: none for the root itself, else what the server holds; the receiver verifies them. */
export async function chainOf(call: Call, client: Client, key: DeviceKey): Promise<Result<readonly Envelope[]>> {
  const kid = keyId(key.jwk);
  const root = call.settings.dev?.rootKey ?? null;
  if (root !== null && keyId(root) === kid) return ok([]);
  const page = await client.listEnrolments();
  if (!page.ok) return page;
  const found = page.value.enrolments.find((enrolment) => enrolment.kid === kid && enrolment.revokedAt === null);
  return ok(found === undefined ? [] : [found.envelope, ...found.chain]);
}

export const newAttestationId = (call: Call): string => `att_${toBase32(call.platform.randomBytes(16))}`;
