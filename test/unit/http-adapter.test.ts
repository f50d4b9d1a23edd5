import { describe, expect, it } from "vitest";
import type { EgressAnswer, EgressCall } from "../../executors/adapters/egress.ts";
import { httpCapability } from "../../executors/adapters/http.ts";
import { path, PathRefused, type HttpRead, type HttpWrite } from "../../executors/adapters/http-definition.ts";
import { retryAfterMs } from "../../executors/adapters/http-outcome.ts";
import { parseTargets } from "../../executors/adapters/http-targets.ts";
import type { Capability } from "../../executors/adapters/types.ts";
import { redacted } from "../../executors/credentials/authorization.ts";
import { effectKeyOfSpan, spanId } from "../../shared/trace/ids.ts";
import { LIMITS } from "../../shared/limits.ts";
import { actionContext as context } from "../support/action-context.ts";

const schema = (properties: object) =>
  ({ type: "object", additionalProperties: false, properties, required: Object.keys(properties) }) as never;
const base = {
  name: "things.do",
  version: "1.0.0",
  summary: "Does a thing.",
  input: schema({ id: { type: "string" } }),
  output: schema({ n: { type: "integer" } }),
  risk: "low" as const,
  reversible: false,
  roles: {},
  tags: [],
};
const numbered = ({ body }: { body: any }) =>
  body?.n === undefined ? null : { says: "applied" as const, result: { n: body.n } };
const write = (change: Partial<HttpWrite<{ id: string }>> = {}): HttpWrite<{ id: string }> => ({
  contract: { ...base, effect: "write", delivery: "at-most-once" },
  target: "things",
  credential: null,
  request: ({ id }) => ({ method: "POST", path: path`/things/${id}`, body: { id } }),
  answer: numbered,
  ...change,
});
const read: HttpRead<{ id: string }> = {
  contract: { ...base, effect: "read", delivery: "idempotent" },
  target: "things",
  credential: null,
  request: ({ id }) => ({ method: "GET", path: path`/things/${id}` }),
  answer: numbered,
};
const answered = (status: number, body: unknown = "", change: object = {}): EgressAnswer => ({
  kind: "answered",
  status,
  etag: null,
  retryAfter: null,
  replayed: false,
  renewable: false,
  body: typeof body === "string" ? body : JSON.stringify(body),
  ...change,
});
/** A capability over a way out that answers what it is told, and the calls that it was asked for. */
function over(
  definition: Parameters<typeof httpCapability<{ id: string }>>[0],
  ...answers: (EgressAnswer | "throws")[]
) {
  const calls: EgressCall[] = [];
  const capability = httpCapability(definition, {
    send: async (call) => {
      calls.push(call);
      const answer = answers.shift()!;
      if (answer === "throws") throw new Error("the entrypoint is gone");
      return answer;
    },
  }) as Extract<Capability, { kind: "external" }>;
  return { calls, capability };
}

describe("reading back over HTTP", () => {
  const observe = (answer: EgressAnswer | "throws") => {
    const made = over(
      write({
        contract: { ...base, effect: "write", delivery: "at-most-once", observe: schema({ n: { type: "integer" } }) },
        observe: {
          request: ({ id }, result) => ({ method: "GET", path: path`/things/${id}/${(result as { n: number }).n}` }),
          answer: ({ body }) => body ?? null,
        },
      }),
      answer,
    );
    return { ...made, reading: made.capability.observe!({ id: "a" }, { n: 7 }, context()) };
  };

  it("asks for what the result names, and gives what the contract says", async () => {
    const { calls, reading } = observe(answered(200, { n: 1 }));
    expect(await reading).toEqual({ ok: true, value: { n: 1 } });
    expect(calls).toMatchObject([{ method: "GET", path: "/things/a/7", body: null }]);
  });

  it.each([
    ["a lost answer", "throws", "target-unavailable"],
    ["a refusal", answered(404), "effect-refused"],
    ["another shape", answered(200, { n: "1" }), "answer-invalid"],
    ["no JSON", answered(200, "<html>"), "answer-invalid"],
  ] as const)("fails for %s", async (_, answer, code) => {
    expect(await observe(answer).reading).toMatchObject({ ok: false, problem: { code } });
  });
});

describe("a read over HTTP", () => {
  const prepared = (answer: EgressAnswer | "throws") => over(read, answer).capability.prepare!({ id: "a" }, context());

  it("is its result", async () => {
    expect(await prepared(answered(200, { n: 1 }))).toMatchObject({
      ok: true,
      value: { outcome: { kind: "read", result: { n: 1 } } },
    });
  });

  it.each([
    ["a lost answer", "throws", "target-unavailable"],
    ["500", answered(500), "target-unavailable"],
    ["429", answered(429), "target-unavailable"],
    ["a token that is refused", answered(401, "", { renewable: true }), "target-unavailable"],
    ["404", answered(404), "effect-refused"],
    ["no JSON", answered(200, "<html>"), "answer-invalid"],
    ["another shape", answered(200, { n: "1" }), "answer-invalid"],
    ["nothing", answered(204), "answer-invalid"],
  ] as const)("says why it has none: %s", async (_, answer, code) => {
    expect(await prepared(answer)).toMatchObject({ ok: false, problem: { code } });
  });
});

describe("a write over HTTP", () => {
  it("whose way out breaks is in doubt", async () => {
    expect(await over(write(), "throws").capability.apply({ id: "a" }, null, context())).toMatchObject({
      kind: "in-doubt",
    });
  });

  it("whose argument would name another path does not leave", async () => {
    for (const id of ["", ".", ".."]) {
      const { calls, capability } = over(write());
      expect(await capability.apply({ id }, null, context())).toMatchObject({
        kind: "refused",
        problem: { code: "egress-refused" },
      });
      expect(calls).toEqual([]);
    }
  });

  it("takes a repeated refusal only of a callee that repeats its first answer, and only from its own logic", async () => {
    const idempotent = { contract: { ...base, effect: "write", delivery: "idempotent" } as const };
    const apply = async (replaysRefusals: boolean, status: number) =>
      (
        await over(write({ ...idempotent, replaysRefusals }), answered(status)).capability.apply(
          { id: "a" },
          null,
          context({ resumed: true }),
        )
      ).kind;
    expect([await apply(false, 422), await apply(true, 422), await apply(true, 401), await apply(true, 404)]).toEqual([
      "in-doubt",
      "refused",
      "in-doubt",
      "in-doubt",
    ]);
  });

  it("carries a trace context that is well formed, with the span of its own attempt, and no other", async () => {
    const good = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const { task, step, attempt } = context();
    for (const [traceparent, sent] of [
      [good, `00-${"a".repeat(32)}-${spanId(task, effectKeyOfSpan(step, attempt))}-01`],
      ["00-x\r\ny", undefined],
      [null, undefined],
    ] as const) {
      const { calls, capability } = over(write(), answered(200, { n: 1 }));
      await capability.apply({ id: "a" }, null, context({ traceparent }));
      expect(calls[0]!.headers["traceparent"]).toBe(sent);
    }
  });

  it("does not take a weak tag for a condition", async () => {
    const prepare = {
      request: () => ({ method: "GET" as const, path: "/things" }),
      plan: () => ({
        ok: true as const,
        value: { preview: {}, summary: "s", changes: [], premises: [{ resource: "things/a", version: 1 }] },
      }),
      conditional: true,
    };
    const prepared = (etag: string | null) =>
      over(write({ prepare }), answered(200, {}, { etag })).capability.prepare!({ id: "a" }, context());
    for (const etag of [null, 'W/"1"', "1", '"', '"a"b"']) expect((await prepared(etag)).ok).toBe(false);
    expect(await prepared('"1"')).toMatchObject({
      ok: true,
      value: { premises: [{ class: "conditional-request", etag: '"1"' }] },
    });
  });
});

describe("a callee that can be asked what became of an action", () => {
  const reconcile = { request: () => ({ method: "GET" as const, path: "/things" }), answer: numbered };
  it.each([
    [answered(200, { n: 4 }), { kind: "applied", result: { n: 4 }, replayed: true }],
    [answered(404), null],
    [answered(500), null],
    ["throws" as const, null],
    [answered(200, { n: "4" }), { kind: "in-doubt", problem: { code: "answer-invalid" } }],
  ])("settles a doubt only by what it says", async (answer, outcome) => {
    const found = await over(write({ reconcile }), answer).capability.reconcile!({ id: "a" }, context());
    if (outcome === null) expect(found).toBeNull();
    else expect(found).toMatchObject(outcome);
  });

  it("is asked after a crash instead of being sent the request again", async () => {
    const { calls, capability } = over(write({ reconcile }), answered(200, { n: 4 }));
    expect(await capability.apply({ id: "a" }, null, context({ resumed: true }))).toMatchObject({ kind: "applied" });
    expect(calls.map(({ method }) => method)).toEqual(["GET"]);
  });
});

it("a value stands in a path as exactly one segment", () => {
  expect(path`/a/${"b/c?d#e%2e\\ é"}/f`).toBe("/a/b%2Fc%3Fd%23e%252e%5C%20%C3%A9/f");
  for (const value of ["", ".", ".."]) expect(() => path`/a/${value}`).toThrow(PathRefused);
  expect(path`/a/x${"."}y`).toBe("/a/x.y");
});

it("Retry-After is a number of seconds or a date, within bounds", () => {
  const cases = [
    ["3", 3_000],
    ["Thu, 01 Jan 1970 00:00:05 GMT", 4_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", null],
    [null, null],
  ] as const;
  for (const [header, ms] of cases) expect(retryAfterMs(header, 1_000)).toBe(ms);
  expect(retryAfterMs("999999999", 0)).toBe(LIMITS.retryAfterMs);
});

it("secrets are taken out of text in every spelling that servers echo", () => {
  const secret = 'a"secret/with+signs=';
  const text = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
  ].join(" ");
  expect(redacted(text, [secret])).not.toMatch(/secret|YSJz/);
  expect(redacted("a short one is left", ["short"])).toBe("a short one is left");
});

it("plain http is a target in development alone, and only on localhost", () => {
  const parsed = (origin: string, development?: boolean) =>
    parseTargets(JSON.stringify({ origins: { a: origin }, ...(development === undefined ? {} : { development }) })).ok;
  expect([
    parsed("http://localhost:1234"),
    parsed("http://localhost:1234", false),
    parsed("http://localhost:1234", true),
  ]).toEqual([false, false, true]);
  expect([
    parsed("http://api.example.com", true),
    parsed("http://127.0.0.1:1234", true),
    parsed("https://api.example.com"),
  ]).toEqual([false, false, true]);
});
