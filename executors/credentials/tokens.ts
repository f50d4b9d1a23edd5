/**
 * Access tokens of OAuth 2.0 clients (RFC 6749 §4.4), had when they are needed and kept in memory until shortly before they end.
 *
 * T1  One request for a token is under way at a time for a credential; whoever needs it meanwhile waits for that one.
 * T2  A token is used only while it has `tokenMarginMs` or more left; one without a stated life is used once.
 * T3  The token endpoint is asked through the guarded way out: only its own origin, no redirect, caps on size and time.
 */
import * as z from "zod";
import { checkOrigin, checkUrl } from "../adapters/egress-url.ts";
import { send, type EgressDeps } from "../adapters/egress-send.ts";
import { toBase64, utf8 } from "../../shared/bytes.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Authorization } from "./authorization.ts";
import type { Credential } from "./config.ts";
import { signedJwt } from "./jwt.ts";

type OAuth = Credential & { readonly kind: "oauth" };

export type TokenDeps = EgressDeps & {
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** Whether `http://localhost:PORT` may be asked. */
  readonly development: boolean;
};

const TokenAnswer = z.object({
  access_token: z
    .string()
    .min(8)
    .max(8_192)
    .regex(/^[!-~]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().min(0).max(86_400).optional(),
});

export class Tokens {
  readonly #deps: TokenDeps;
  readonly #tokenByName = new Map<string, { readonly token: string; readonly untilMs: number }>();
  readonly #flightByName = new Map<string, Promise<Result<string>>>();

  constructor(deps: TokenDeps) {
    this.#deps = deps;
  }

  /** Errors: credential-unavailable. */
  async get(name: string, credential: OAuth): Promise<Result<string>> {
    const kept = this.#tokenByName.get(name);
    if (kept !== undefined && this.#deps.nowMs() < kept.untilMs) return ok(kept.token);
    const flight = this.#flightByName.get(name) ?? this.#take(name, credential);
    return this.#inTime(name, flight);
  }

  /** The callee did not accept the token: the next call gets a new one. Where somebody else has one already, that one stays. */
  forget(name: string, token: string): void {
    if (this.#tokenByName.get(name)?.token === token) this.#tokenByName.delete(name);
  }

  #take(name: string, credential: OAuth): Promise<Result<string>> {
    const flight = this.#ask(name, credential).finally(() => {
      if (this.#flightByName.get(name) === flight) this.#flightByName.delete(name);
    });
    this.#flightByName.set(name, flight);
    return flight;
  }

  /** A flight belongs to the request that began it and may die with that one: nobody waits for it longer than it could take. */
  async #inTime(name: string, flight: Promise<Result<string>>): Promise<Result<string>> {
    let cancel = () => {};
    const late = new Promise<Result<string>>((resolve) => {
      cancel = this.#deps.setTimer(LIMITS.tokenAskMs + 500, () => {
        if (this.#flightByName.get(name) === flight) this.#flightByName.delete(name);
        resolve(unavailable());
      });
    });
    return Promise.race([flight, late]).finally(() => cancel());
  }

  async #ask(name: string, credential: OAuth): Promise<Result<string>> {
    const url = tokenUrl(credential.tokenUrl, this.#deps.development);
    if (!url.ok) return url;
    const askedMs = this.#deps.nowMs();
    const answer = await send(
      {
        url: url.value,
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          ...(credential.scope === undefined ? {} : { scope: credential.scope }),
          ...(await assertion(credential, askedMs, this.#deps.newId())),
        }).toString(),
        write: true,
        timeoutMs: LIMITS.tokenAskMs,
      },
      // T3: a set without any origin but its own, and a redirect would leave it or end in a write.
      new Set([url.value.origin]),
      async () => ok(basic(credential)),
      this.#deps,
    );
    const json = answer.kind === "answered" && answer.status === 200 ? parseStrictJson(answer.body) : null;
    const token = json?.ok === true ? TokenAnswer.safeParse(json.value) : null;
    if (token === null || !token.success) return unavailable();
    const { access_token: value, expires_in: lifeS = 0 } = token.data;
    const untilMs = askedMs + lifeS * 1_000 - LIMITS.tokenMarginMs;
    if (untilMs > askedMs) this.#tokenByName.set(name, { token: value, untilMs });
    return ok(value);
  }
}

/** Errors: egress-refused, where the configured address may not be asked. */
function tokenUrl(text: string, development: boolean): Result<URL> {
  const origin = checkOrigin(/^https?:\/\/[^/]+/.exec(text)?.[0] ?? "", development);
  return origin.ok ? checkUrl(text, new Set([origin.value])) : origin;
}

async function assertion(credential: OAuth, nowMs: number, id: string): Promise<{ [name: string]: string }> {
  const { client, clientId, tokenUrl: audience } = credential;
  if (client.by !== "assertion") return {};
  const claims = { issuer: clientId, subject: clientId, audience };
  return {
    client_id: clientId,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await signedJwt(client.key, client.keyId, claims, { nowMs, id }),
  };
}

/** RFC 6749 §2.3.1: both parts form-encoded, then base64. */
function basic({ client, clientId }: OAuth): Authorization {
  if (client.by !== "secret") return { headers: {}, secrets: [client.key.d], renewable: false };
  const form = (text: string): string => new URLSearchParams({ _: text }).toString().slice(2);
  const pair = toBase64(utf8(`${form(clientId)}:${form(client.secret)}`));
  return { headers: { authorization: `Basic ${pair}` }, secrets: [client.secret, pair], renewable: false };
}

const unavailable = (): Result<string> =>
  err(problem("credential-unavailable", "The token endpoint of this capability's credential gave no usable token."));
