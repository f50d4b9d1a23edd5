/** Keys of people: enrolled, waiting for an admin, revoked. */
import * as z from "zod";
import { PublicJwk } from "../keys.ts";
import { Envelope } from "../signing.ts";
import { At, Incomplete } from "./common.ts";

export const KeyRevoked = z.object({ kid: z.string(), incomplete: Incomplete });
export type KeyRevoked = z.infer<typeof KeyRevoked>;

export const EnrolmentView = z.object({
  kid: z.string(),
  member: z.string(),
  roles: z.array(z.string()),
  createdAt: At,
  expiresAt: At,
  revokedAt: At.nullable(),
  envelope: Envelope,
  chain: z.array(Envelope),
});
export type EnrolmentView = z.infer<typeof EnrolmentView>;
/** A key that waits for an admin's signature; `possession` proves that whoever asks holds it. */
export const EnrolmentRequestView = z.object({
  kid: z.string(),
  member: z.string(),
  key: PublicJwk,
  createdAt: At,
  possession: Envelope,
});
export type EnrolmentRequestView = z.infer<typeof EnrolmentRequestView>;
export const EnrolmentPage = z.object({
  enrolments: z.array(EnrolmentView),
  requests: z.array(EnrolmentRequestView),
});
export type EnrolmentPage = z.infer<typeof EnrolmentPage>;
