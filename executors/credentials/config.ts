/**
 * The named credentials of this Worker, as its secret `CREDENTIALS` holds them: a JSON object, name → credential. Each belongs to exactly one
 * capability, and a capability's definition names the one that it uses: both sides must agree.
 */
import * as z from "zod";
import { CapabilityName } from "../../shared/capability.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { SHORTEST_SECRET } from "./authorization.ts";

/** Graphic ASCII: what a header can carry as it is. */
const Secret = z
  .string()
  .min(SHORTEST_SECRET)
  .max(8_192)
  .regex(/^[!-~]+$/);
/** The address at which somebody takes messages: whoever knows it can send them. Its origin is the target's. */
const SecretUrl = Secret.max(2_000);
const HeaderName = z.string().regex(/^[a-z0-9-]{1,64}$/);
const Claim = z.string().min(1).max(500);
/** Private keys as JWK: Ed25519 for EdDSA, RSA for RS256. */
const SigningKey = z.discriminatedUnion("kty", [
  z.strictObject({
    kty: z.literal("OKP"),
    crv: z.literal("Ed25519"),
    x: z.string().max(100),
    d: z.string().min(40).max(100),
  }),
  z.strictObject({
    kty: z.literal("RSA"),
    n: z.string().min(300).max(1_400),
    e: z.string().max(20),
    d: z.string().min(300).max(1_400),
    p: z.string().max(1_400),
    q: z.string().max(1_400),
    dp: z.string().max(1_400),
    dq: z.string().max(1_400),
    qi: z.string().max(1_400),
  }),
]);
export type SigningKey = z.infer<typeof SigningKey>;

const scope = { capability: CapabilityName };
const Signed = {
  key: SigningKey,
  /** `kid` in the header. */
  keyId: z.string().min(1).max(200).optional(),
};

export const Credential = z.discriminatedUnion("kind", [
  /** `Authorization: Bearer TOKEN`. While it is replaced `previous` stands in wherever the callee answers 401, and the other way round. */
  z.strictObject({ kind: z.literal("bearer"), ...scope, token: Secret, previous: Secret.optional() }),
  /** A header of the callee's own, such as `x-api-key`. */
  z.strictObject({
    kind: z.literal("header"),
    ...scope,
    header: HeaderName,
    value: Secret,
    previous: Secret.optional(),
  }),
  /** OAuth 2.0 client credentials (RFC 6749 §4.4); the client proves itself with its secret or with a signed assertion (RFC 7523 §2.2). */
  z.strictObject({
    kind: z.literal("oauth"),
    ...scope,
    tokenUrl: z.string().max(500),
    clientId: z.string().min(1).max(500),
    client: z.discriminatedUnion("by", [
      z.strictObject({ by: z.literal("secret"), secret: Secret }),
      z.strictObject({ by: z.literal("assertion"), ...Signed }),
    ]),
    scope: z
      .string()
      .max(500)
      .regex(/^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/)
      .optional(),
  }),
  /** A JWT signed for each request, as the bearer token. */
  z.strictObject({ kind: z.literal("jwt"), ...scope, ...Signed, issuer: Claim, subject: Claim, audience: Claim }),
  /** The whole address of an incoming webhook, which is the secret. */
  z.strictObject({ kind: z.literal("url"), ...scope, url: SecretUrl }),
  /** A signature over each request as Standard Webhooks writes it (`v1`, HMAC-SHA256), for the endpoint that `url` names. */
  z.strictObject({
    kind: z.literal("webhook"),
    ...scope,
    /** 24 to 64 bytes in base64. */
    secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/),
    url: SecretUrl,
  }),
]);
export type Credential = z.infer<typeof Credential>;
export type Credentials = ReadonlyMap<string, Credential>;

const Config = z.record(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), Credential);

/** Errors: not-running. The problem repeats nothing of the text. */
export function parseCredentials(text: string | undefined): Result<Credentials> {
  if (text === undefined) return ok(new Map());
  const json = parseStrictJson(text);
  const config = json.ok ? Config.safeParse(json.value) : null;
  if (config === null || !config.success)
    return err(problem("not-running", "The executors are not configured: CREDENTIALS is not a set of credentials."));
  return ok(new Map(Object.entries(config.data)));
}
