import { beforeAll, beforeEach, expect, it } from "vitest";
import { LIMITS } from "../../../shared/limits.ts";
import { PROBLEMS, type ProblemCode } from "../../../shared/problems.ts";
import { answerWith, as, seedTenants, send } from "./world.ts";

beforeAll(seedTenants);
beforeEach(() => answerWith({}));

const intent = (raw: string, headers: Record<string, string> = {}) => send(as("app"), "/v1/intents", { raw, headers });

it.each([
  ["a duplicate key", '{"automation":"a","automation":"b","input":{}}', "invalid-json"],
  ["a number past 2^53", '{"automation":"a","input":{"n":9007199254740993}}', "invalid-json"],
  ["a lone surrogate", '{"automation":"a","input":{"s":"\\ud800"}}', "invalid-json"],
  ["text that is not JSON", "automation: a", "invalid-json"],
  ["nesting without end", `{"automation":"a","input":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`, "invalid-json"],
  ["an unknown field", '{"automation":"a","input":{},"extra":1}', "invalid-request"],
  ["an input that is a list", '{"automation":"a","input":[]}', "invalid-request"],
  ["a name that cannot be", '{"automation":"../a","input":{}}', "invalid-request"],
])("%s is refused before anything else happens", async (_, raw, code) => {
  const answer = await intent(raw);
  expect([answer.status, answer.body.code]).toEqual([400, code]);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

it("a refused body is not quoted", async () => {
  const answer = await intent('{"automation":"a","input":{},"purpose":["secret-value"]}');
  expect(answer.body.code).toBe("invalid-request");
  expect(JSON.stringify(answer.body)).not.toContain("secret-value");
});

it("another content type is refused", async () => {
  expect((await intent("{}", { "content-type": "text/plain" })).body.code).toBe("unsupported-media-type");
  expect((await intent("{}", { "content-type": "application/json; charset=utf-8" })).body.code).toBe("invalid-request");
});

it("a body over the limit is refused, with and without its length declared", async () => {
  const big = JSON.stringify({ automation: "a", input: { text: "x".repeat(LIMITS.bodyBytes) } });
  expect((await intent(big)).body.code).toBe("body-too-large");
  const stream = new Blob([big]).stream();
  expect((await send(as("app"), "/v1/intents", { raw: stream })).body.code).toBe("body-too-large");
});

it("a route that is not there is 404, a method that is not understood is 405 and says which are", async () => {
  const missing = await send(as("app"), "/v1/nothing");
  expect([missing.status, missing.body.code]).toEqual([404, "not-found"]);
  const wrong = await send(as("app"), "/v1/intents", { method: "DELETE" });
  expect([wrong.status, wrong.body.code, wrong.headers.get("allow")]).toEqual([405, "method-not-allowed", "POST"]);
  const both = await send(as("app"), "/v1/automations/a", { method: "DELETE" });
  expect(both.headers.get("allow")).toBe("GET, PUT");
});

it("an unknown or doubled query parameter is refused", async () => {
  expect((await send(as("app"), "/v1/tasks?nothing=1")).body.code).toBe("invalid-request");
  expect((await send(as("app"), "/v1/tasks?limit=1&limit=2")).body.code).toBe("invalid-request");
  expect((await send(as("app"), "/v1/tasks?limit=-1")).body.code).toBe("invalid-request");
});

it("a page of nothing and a region that the tenant does not have are refused in words", async () => {
  for (const path of ["/v1/tasks?limit=0", "/v1/ledger/entries?limit=0", "/v1/ledger/effects?region=eu&limit=0"]) {
    const { status, body } = await send(as("auditor"), path);
    expect([status, body.code, body.detail], path).toEqual([
      400,
      "invalid-request",
      expect.stringMatching(/^\/limit: a whole number from 1 to \d+ is expected$/),
    ]);
  }
  const { status, body } = await send(as("app"), "/v1/tasks?region=moon");
  expect([status, body.detail]).toEqual([400, "/region: this tenant has no region moon; it has eu, us"]);
});

it("every answer carries a request id, the caller's own where it is usable", async () => {
  expect((await send(as("app"), "/v1/whoami")).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(
    (await send(as("app"), "/v1/whoami", { headers: { "x-request-id": "order-12345" } })).headers.get("x-request-id"),
  ).toBe("order-12345");
  expect(
    (await send(as("app"), "/v1/whoami", { headers: { "x-request-id": "{bad}" } })).headers.get("x-request-id"),
  ).not.toBe("{bad}");
  for (const [path, method] of [
    ["/v1/nothing", "GET"],
    ["/v1/intents", "DELETE"],
  ] as const)
    expect(
      (await send(as("app"), path, { method, headers: { "x-request-id": "order-12345" } })).headers.get("x-request-id"),
    ).toBe("order-12345");
});

it("the type of a problem is a page that says what it means and what to do, and nothing in it can run", async () => {
  const missing = await send(as("app"), "/v1/nothing");
  for (const type of [missing.body.type, ...Object.keys(PROBLEMS).map((code) => `/problems/${code}`)]) {
    const page = await send(null, type);
    expect([page.status, page.headers.get("content-type")], type).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.body).not.toMatch(/<script|https?:/);
    expect(page.body).toContain(`<td>${PROBLEMS[type.slice("/problems/".length) as ProblemCode].status}</td>`);
  }
  for (const unknown of ["/problems/nothing", "/problems/toString"])
    expect((await send(null, unknown)).status, unknown).toBe(404);
});
