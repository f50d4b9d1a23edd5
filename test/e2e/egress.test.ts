/** The guarded way out in workerd, with the one gate of the runtime watched: what leaves is counted there, whatever the guard believes. */
import { Response } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressAnswer, EgressCall } from "../../executors/adapters/egress.ts";
import { startProbe, type Started } from "../support/probe.ts";
import { ALLOWED, TRICKS } from "../support/url-tricks.ts";

const SECOND = "https://files.allowed.example";
let probe: Started;
let left: { readonly url: string; readonly method: string; readonly headers: Headers; readonly body: string }[] = [];
/** What the outside answers, by path; success where nothing is said. */
let answers: { [path: string]: { readonly status: number; readonly location?: string; readonly body?: string } } = {};
beforeAll(async () => {
  probe = await startProbe("test/support/egress-probe.worker.ts", async (request) => {
    left.push({ url: request.url, method: request.method, headers: request.headers, body: await request.text() });
    const { status, location, body } = answers[new URL(request.url).pathname] ?? { status: 200 };
    const headers = new Headers(location === undefined ? {} : { location: bytes(location) });
    return new Response(body ?? "{}", { status, headers: headers as never });
  });
});
afterAll(() => probe?.stop());
beforeEach(() => {
  left = [];
  answers = {};
});
const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

const call = (change: Partial<EgressCall> = {}): EgressCall => ({
  capability: "test.call",
  method: "GET",
  path: "/start",
  headers: {},
  body: null,
  timeoutMs: 2_000,
  ...change,
});
const CREDENTIALS = JSON.stringify({
  mine: { kind: "bearer", capability: "test.call", token: "the-secret-token" },
  others: { kind: "bearer", capability: "test.other", token: "the-token-of-another" },
});
const send = async (
  change: Partial<EgressCall> = {},
  {
    origins = { home: ALLOWED, files: SECOND } as Record<string, string>,
    credential = "mine" as string | null,
    development = false,
  } = {},
): Promise<EgressAnswer> => {
  const [answer] = await probe.ask({
    run: "send",
    settings: { HTTP_TARGETS: JSON.stringify({ development, origins }), CREDENTIALS },
    ways: { "test.call": { target: "home", alsoAt: ["files"], credential } },
    call: call(change),
  });
  return answer;
};
const outside = () => left.filter(({ url }) => ![ALLOWED, SECOND].includes(new URL(url).origin)).map(({ url }) => url);

/** Those that a header can carry at all. */
const LOCATIONS = TRICKS.filter((trick) => !trick.includes("\n"));

describe(`${TRICKS.length} addresses that lead elsewhere`, () => {
  it("are followed by no read, however the redirect is meant", async () => {
    for (const location of LOCATIONS)
      for (const status of [302, 307]) {
        answers = { "/start": { status, location } };
        const answer = await send();
        expect([location, answer.kind]).toEqual([location, "turned-away"]);
      }
    expect([outside(), left.length]).toEqual([[], LOCATIONS.length * 2]);
  });

  it("are followed by no write", async () => {
    for (const location of LOCATIONS) {
      answers = { "/start": { status: 308, location } };
      expect([location, (await send({ method: "POST", body: "{}" })).kind]).toEqual([location, "turned-away"]);
    }
    expect([outside(), left.length]).toEqual([[], LOCATIONS.length]);
  });

  it("are no origins of a configuration, not even in development, but for localhost with a port", async () => {
    for (const trick of TRICKS)
      for (const origin of [trick, trick.replace(/\/$/, "")]) {
        if (
          origin === ALLOWED ||
          /^https:\/\/(?:[a-z.-]+\.[a-z]+|api\.allowed\.example:(?:22|8443)|xn--pi-7kc\.allowed\.example)$/.test(origin)
        )
          continue;
        expect([origin, (await send({}, { origins: { home: origin } })).kind]).toEqual([origin, "not-sent"]);
        if (origin === "http://localhost:8787") continue;
        expect([origin, (await send({}, { origins: { home: origin }, development: true })).kind]).toEqual([
          origin,
          "not-sent",
        ]);
      }
    expect(left).toEqual([]);
  });

  it("are no paths that lead off the origin", async () => {
    for (const path of TRICKS) await send({ path });
    for (const path of TRICKS) await send({ path: `/${path}` });
    for (const path of [
      "/a/../b",
      "/a/%2e%2e/b",
      "/a?b",
      "/a#b",
      "//evil.example",
      "/\\evil.example",
      "/a\tb",
      "/a b",
      "@evil.example",
      ".evil.example",
      ":1/",
    ])
      expect([path, (await send({ path })).kind]).toEqual([path, "not-sent"]);
    expect(outside()).toEqual([]);
    // Nor do those that are sent become another path on the way.
    for (const { url } of left) expect(new URL(url).href).toBe(url);
  });
});

describe("redirects that are allowed", () => {
  it("are followed within the origin, with the credential", async () => {
    answers = { "/start": { status: 302, location: "/next" } };
    expect((await send()).kind).toBe("answered");
    expect(left.map(({ url, headers }) => [url, headers.get("authorization")])).toEqual([
      [`${ALLOWED}/start`, "Bearer the-secret-token"],
      [`${ALLOWED}/next`, "Bearer the-secret-token"],
    ]);
  });

  it("take no credential to another origin, and none back", async () => {
    answers = {
      "/start": { status: 307, location: `${SECOND}/there` },
      "/there": { status: 307, location: `${ALLOWED}/back` },
    };
    expect((await send({ method: "POST", body: "{}" })).kind).toBe("answered");
    expect(left.map(({ url, method, headers, body }) => [url, method, body, headers.get("authorization")])).toEqual([
      [`${ALLOWED}/start`, "POST", "{}", "Bearer the-secret-token"],
      [`${SECOND}/there`, "POST", "{}", null],
      [`${ALLOWED}/back`, "POST", "{}", null],
    ]);
  });

  it("end after three", async () => {
    answers = { "/start": { status: 307, location: "/start" } };
    expect((await send()).kind).toBe("turned-away");
    expect(left.length).toBe(4);
  });

  it("are none for a write where they would make another request of it", async () => {
    for (const status of [301, 302, 303]) {
      answers = { "/start": { status, location: "/next" } };
      expect((await send({ method: "POST", body: "{}" })).kind).toBe("lost");
    }
    expect(left.map(({ url }) => url)).toEqual(Array(3).fill(`${ALLOWED}/start`));
  });
});

describe("what a call may say", () => {
  it("a capability without a way, a target without an origin and a malformed configuration go nowhere", async () => {
    expect((await send({ capability: "test.unknown" })).kind).toBe("not-sent");
    expect((await send({}, { origins: {} })).kind).toBe("not-sent");
    const [answer] = await probe.ask({ run: "send", settings: { HTTP_TARGETS: "{", CREDENTIALS }, call: call() });
    expect(answer.problem.code).toBe("not-running");
    expect(left).toEqual([]);
  });

  it("no header that decides over the connection, the caller or the credential", async () => {
    const names = [
      "authorization",
      "cookie",
      "host",
      "content-length",
      "transfer-encoding",
      "proxy-authorization",
      "x-forwarded-for",
      "cf-connecting-ip",
      "Upper",
      "a b",
      "",
    ];
    for (const name of names)
      expect([name, (await send({ headers: { [name]: "x" } })).kind]).toEqual([name, "not-sent"]);
    expect((await send({ headers: { "x-note": "a\r\nauthorization: b" } })).kind).toBe("not-sent");
    expect(left).toEqual([]);
  });

  it("no credential of another capability, and none that does not exist", async () => {
    for (const credential of ["others", "nobody"])
      expect(await send({}, { credential })).toMatchObject({
        kind: "not-sent",
        problem: { code: "credential-unavailable" },
      });
    expect(left).toEqual([]);
  });

  it("no more than the caps on size allow, either way", async () => {
    expect((await send({ method: "POST", body: "x".repeat(70_000) })).kind).toBe("not-sent");
    expect(left).toEqual([]);
    answers = { "/start": { status: 200, body: "x".repeat(300_000) } };
    expect((await send()).kind).toBe("lost");
  });
});
