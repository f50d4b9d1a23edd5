/** What a verifier pins, the key set, and whether the system is well. */
import * as z from "zod";
import { PublicJwk } from "../keys.ts";
import { At } from "./common.ts";

/** What a verifier pins. Take it from the deploy configuration where you can: the server that is verified should not be the one that says whom to trust. */
export const TrustView = z.object({
  tenant: z.string(),
  rootKey: PublicJwk,
  /** Origin line of the tenant's log; null where the deploy configuration does not say. */
  logOrigin: z.string().nullable(),
  regions: z.array(z.string()),
  shards: z.int(),
  proposalKeys: z.array(PublicJwk),
  receiptKeys: z.array(PublicJwk),
  checkpointKeys: z.array(PublicJwk),
  /** Keys of earlier rotations: for what they signed before they were revoked. */
  retired: z
    .object({
      proposalKeys: z.array(PublicJwk),
      receiptKeys: z.array(PublicJwk),
      checkpointKeys: z.array(PublicJwk),
    })
    .optional(),
  /** When each key was brought in, by key id, as far as the deploy configuration says. */
  since: z.record(z.string(), At).optional(),
});
export type TrustView = z.infer<typeof TrustView>;

/** RFC 7517 key set. */
export const Jwks = z.object({
  keys: z.array(
    z.object({
      kty: z.literal("OKP"),
      crv: z.literal("Ed25519"),
      x: z.string(),
      kid: z.string(),
      use: z.literal("sig"),
    }),
  ),
});
export type Jwks = z.infer<typeof Jwks>;

export const Health = z.object({
  status: z.enum(["ok", "failing"]),
  reasons: z.array(z.string()),
  /** The server's clock as it answered. */
  now: At,
});
export type Health = z.infer<typeof Health>;
