/** Credentials in workerd against a real server: had at the moment of use, short-lived where the callee supports it, for one capability. */
import { createPublicKey, generateKeyPairSync, verify, type JsonWebKey } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { EgressAnswer } from "../../executors/adapters/egress.ts";
import { startEffectServer, type EffectServer, type EffectServerOptions } from "../support/effect-server.ts";
import { startProbe, type Started } from "../support/probe.ts";

let probe: Started;
let server: EffectServer;
beforeAll(async () => void (probe = await startProbe("test/support/egress-probe.worker.ts")));
afterAll(() => probe?.stop());
const serve = async (options: EffectServerOptions) => void (server = await startEffectServer(options));
beforeEach(() => serve({ needsToken: true }));
afterEach(() => server.close());

const CLIENT = {
  clientId: "a client",
  client: { by: "secret", secret: "the-client-secret:%" },
  scope: "refunds:write",
};
const oauth = (change: object = {}) => ({
  kind: "oauth",
  capability: "test.call",
  tokenUrl: `${server.origin}/oauth/token`,
  ...CLIENT,
  ...change,
});
const send = (credential: object, times = 1): Promise<EgressAnswer[]> =>
  probe.ask({
    run: "send",
    times,
    settings: {
      HTTP_TARGETS: JSON.stringify({ development: true, origins: { home: server.origin } }),
      CREDENTIALS: JSON.stringify({ mine: credential }),
    },
    ways: { "test.call": { target: "home", credential: "mine" } },
    call: { capability: "test.call", method: "GET", path: "/v1/charges/1", headers: {}, body: null, timeoutMs: 5_000 },
  });
const statuses = (answers: readonly EgressAnswer[]) => [
  ...new Set(answers.map((answer) => (answer.kind === "answered" ? answer.status : answer.kind))),
];
const parts = (jwt: string) =>
  jwt
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
const isSigned = (jwt: string, key: JsonWebKey, algorithm: string | null) => {
  const [header, payload, signature] = jwt.split(".");
  const publicKey = createPublicKey({ key, format: "jwk" });
  return verify(algorithm, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature!, "base64url"));
};
const ed25519 = () => {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { kty: "OKP", crv: "Ed25519", x: x!, d: d! };
};

it("an OAuth client has one token for many calls at once, and keeps it for later ones", async () => {
  const calls = await Promise.all(Array.from({ length: 5 }, () => send(oauth(), 20)));
  expect(statuses(calls.flat())).toEqual([200]);
  expect(server.tokens()).toBe(1);
  expect(statuses(await send(oauth()))).toEqual([200]);
  expect(server.tokens()).toBe(1);
  const asked = server.seen().find(({ path }) => path === "/oauth/token")!;
  expect(Object.fromEntries(new URLSearchParams(asked.body))).toEqual({
    grant_type: "client_credentials",
    scope: "refunds:write",
  });
  const [id, secret] = Buffer.from(asked.headers.authorization!.slice("Basic ".length), "base64").toString().split(":");
  expect([id, secret]).toEqual(["a+client", "the-client-secret%3A%25"]);
});

it("a token is not used near its end", async () => {
  await server.close();
  await serve({ needsToken: true, tokenLifeS: 20 });
  for (let i = 1; i <= 3; i++) {
    expect(statuses(await send(oauth()))).toEqual([200]);
    expect(server.tokens()).toBe(i);
  }
});

it("a token that is refused is not used again, and the answer says that another may be had", async () => {
  await send(oauth());
  server.revokeTokens();
  expect((await send(oauth()))[0]).toMatchObject({ kind: "answered", status: 401, renewable: true });
  expect(statuses(await send(oauth()))).toEqual([200]);
  expect(server.tokens()).toBe(2);
});

it("nothing leaves where the token endpoint gives none, and no text of it comes back", async () => {
  for (const tokenUrl of [
    `${server.origin}/pickups/none`,
    "http://127.0.0.1:1/oauth",
    "https://user@evil.example/token",
    "http://evil.example/token",
  ]) {
    const [answer] = await send(oauth({ tokenUrl }));
    expect(answer).toMatchObject({ kind: "not-sent", retry: true });
    expect(JSON.stringify(answer)).not.toContain("client-secret");
  }
  expect(server.seen().filter(({ path }) => path.startsWith("/v1"))).toEqual([]);
});

it("an OAuth client can prove itself with a signed assertion instead of a secret", async () => {
  const key = ed25519();
  expect(statuses(await send(oauth({ client: { by: "assertion", key, keyId: "k1" } })))).toEqual([200]);
  const asked = server.seen().find(({ path }) => path === "/oauth/token")!;
  const form = new URLSearchParams(asked.body);
  expect(asked.headers.authorization).toBeUndefined();
  expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  const jwt = form.get("client_assertion")!;
  const [header, claims] = parts(jwt);
  expect(header).toEqual({ alg: "EdDSA", typ: "JWT", kid: "k1" });
  expect(claims).toMatchObject({ iss: "a client", sub: "a client", aud: `${server.origin}/oauth/token` });
  expect(isSigned(jwt, key, null)).toBe(true);
});

it.each(["EdDSA", "RS256"] as const)(
  "a JWT is signed for each request, with %s, and ends within a minute",
  async (alg) => {
    const { kty, n, e, d, p, q, dp, dq, qi } = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
      format: "jwk",
    });
    const key = alg === "EdDSA" ? ed25519() : { kty, n, e, d, p, q, dp, dq, qi };
    await send({ kind: "jwt", capability: "test.call", key, issuer: "us", subject: "us", audience: "them" }, 2);
    const jwts = server.seen().map(({ headers }) => headers.authorization!.slice("Bearer ".length));
    expect(new Set(jwts).size).toBe(2);
    for (const jwt of jwts) {
      const [header, claims] = parts(jwt);
      expect([header.alg, claims.iss, claims.aud, claims.exp - claims.iat]).toEqual([alg, "us", "them", 60]);
      expect(isSigned(jwt, key as JsonWebKey, alg === "EdDSA" ? null : "sha256")).toBe(true);
    }
  },
);

it("a malformed set of credentials is none, and its text comes back nowhere", async () => {
  const [answer] = await send({ kind: "bearer", capability: "test.call", token: "a secret with spaces" });
  expect(answer).toMatchObject({ kind: "not-sent", problem: { code: "not-running" } });
  expect(JSON.stringify(answer)).not.toContain("spaces");
});
