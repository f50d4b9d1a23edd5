/**
 * Gives a capability its credential at the moment of use, and no other capability.
 *
 * C1  A credential is had only for the capability that it names and whose definition names it.
 * C2  What leaves this module is the headers of one request and the list of what must not come back; nothing of it is logged or stored.
 * C3  A fixed secret that is being replaced has the one before it beside it: after a 401 the next call uses the other one.
 */
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { NO_AUTHORIZATION, type Authorization, type Outgoing } from "./authorization.ts";
import type { Credentials, SigningKey } from "./config.ts";
import { signedJwt } from "./jwt.ts";
import { Tokens, type TokenDeps } from "./tokens.ts";
import { webhookSignature } from "./webhook.ts";

export class CredentialKeeper {
  readonly #credentials: Credentials;
  readonly #tokens: Tokens;
  readonly #deps: TokenDeps;
  /** Names of which the secret before is in use, because the callee did not take the new one (C3). */
  readonly #onPrevious = new Set<string>();

  constructor(credentials: Credentials, deps: TokenDeps) {
    this.#credentials = credentials;
    this.#deps = deps;
    this.#tokens = new Tokens(deps);
  }

  /** @param name what the capability's definition names; null for none. Errors: credential-unavailable, egress-refused. */
  async authorize(capability: string, name: string | null, outgoing: Outgoing): Promise<Result<Authorization>> {
    if (name === null) return ok(NO_AUTHORIZATION);
    const credential = this.#credentials.get(name);
    if (credential === undefined || credential.capability !== capability)
      return err(problem("credential-unavailable", "There is no such credential for this capability.", { capability }));
    switch (credential.kind) {
      case "bearer":
        return ok(bearer(...this.#fixed(name, credential.token, credential.previous)));
      case "header": {
        const [value, secrets, renewable] = this.#fixed(name, credential.value, credential.previous);
        return ok({ headers: { [credential.header]: value }, secrets, renewable });
      }
      case "jwt": {
        const signing = { nowMs: this.#deps.nowMs(), id: this.#deps.newId() };
        const token = await signedJwt(credential.key, credential.keyId, credential, signing);
        return ok(bearer(token, [token, ...privateParts(credential.key)], true));
      }
      case "oauth": {
        const token = await this.#tokens.get(name, credential);
        return token.ok ? ok(bearer(token.value, [token.value], true)) : token;
      }
      case "url":
        return ok({ headers: {}, secrets: partsOf(credential.url), renewable: false, url: credential.url });
      case "webhook": {
        const { secret, url } = credential;
        const headers = await webhookSignature(secret, outgoing, this.#deps.nowMs());
        const secrets = [secret, secret.slice("whsec_".length), ...partsOf(url)];
        return headers.ok ? ok({ headers: headers.value, secrets, renewable: false, url }) : headers;
      }
      default:
        return unreachable(credential);
    }
  }

  /** The callee refused this credential: a kept token is not used again, and of two fixed ones the other is. A later one is left alone. */
  refused(name: string | null, used: Authorization | null): void {
    const credential = name === null ? undefined : this.#credentials.get(name);
    const secret = used?.secrets[0];
    if (name === null || credential === undefined || secret === undefined) return;
    if (credential.kind === "oauth") return this.#tokens.forget(name, secret);
    if ((credential.kind !== "bearer" && credential.kind !== "header") || credential.previous === undefined) return;
    if (secret === credential.previous) this.#onPrevious.delete(name);
    else this.#onPrevious.add(name);
  }

  /** The secret to use now, first among all that must not come back; and whether another call could have another one. */
  #fixed(name: string, now: string, previous: string | undefined): [string, string[], boolean] {
    if (previous === undefined) return [now, [now], false];
    return this.#onPrevious.has(name) ? [previous, [previous, now], true] : [now, [now, previous], true];
  }
}

const bearer = (token: string, secrets: readonly string[], renewable: boolean): Authorization => ({
  headers: { authorization: `Bearer ${token}` },
  secrets,
  renewable,
});

/** A secret address, and what of it a server would repeat. */
const partsOf = (url: string): readonly string[] => {
  const path = url.replace(/^https?:\/\/[^/]*/, "");
  return [url, path, path.split(/[/?=&]/).at(-1)!];
};

const privateParts = (key: SigningKey): readonly string[] => (key.kty === "RSA" ? [key.d, key.p, key.q] : [key.d]);

function unreachable(value: never): never {
  throw new Error(`a kind of credential that is not handled: ${String((value as { kind: unknown }).kind)}`);
}
