import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ENDPOINTS } from "../../../intent-manager/routes/index.ts";
import { apiKeyHash } from "../../../scripts/lib/keys.ts";
import { AutomationReport } from "../../../shared/api/automation-report.ts";
import { createClient } from "../../../shared/client.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok } from "../../../shared/result.ts";
import { someRun } from "../../support/some-run.ts";
import { testKeys } from "../keys.ts";
import { evidenceIn } from "../../../shared/evidence/page.ts";
import {
  answerWith,
  as,
  bindings,
  calls,
  globex,
  ledger,
  refuses,
  seedTenants,
  send,
  sendRaw,
  viewOf,
} from "./world.ts";

beforeAll(seedTenants);
beforeEach(() => {
  answerWith({});
  for (const name of Object.keys(ledger)) delete ledger[name];
});

const TASK = "tsk_eu_1_aaaaaaaaaaaaaaaaaaaaaaaaaa";
const event = (seq: number, type: string) => ({ seq, at: "2026-01-01T00:00:00.000Z", event: { type } });
const client = createClient({
  baseUrl: "",
  key: as("app"),
  fetch: async (path, init) =>
    sendRaw(as("app"), path, {
      method: init.method,
      headers: init.headers,
      ...(init.body === undefined ? {} : { raw: init.body }),
    }),
});

const REPORTED = viewOf({
  task: TASK,
  automation: "refunds",
  release: "sha256:aa",
  region: "eu",
  principal: { key: "key_app", role: "app", member: null, sod: "not-evaluable" },
});

describe("a reported outcome", () => {
  it("goes to the task's executor with the key that reports it, from apps and operators", async () => {
    answerWith({ reportOutcome: async () => ok(REPORTED) });
    const body = { correct: false, source: "audit", at: "2026-01-01T00:00:00Z" };
    const reported = await client.reportOutcome(TASK, body);
    expect(reported.ok).toBe(true);
    expect(calls[0]!.args).toMatchObject([
      { task: TASK, correct: false, label: null, source: "audit", occurredMs: 1_767_225_600_000, note: null },
    ]);
    expect((await send(as("agent"), `/v1/tasks/${TASK}/outcome`, { body })).status).toBe(403);
    expect((await send(as("app"), `/v1/tasks/${TASK}/outcome`, { body: { ...body, source: "Ada L" } })).status).toBe(
      400,
    );
  });
});

describe("an evidence file", () => {
  const part = { checkpoint: "note", entries: [], proofs: { inclusion: [], consistency: {} } };

  it("is a page to keep, out of the ledger's part, the shown trust and the files of the console's build", async () => {
    ledger["evidence"] = async () => ok(part);
    const types = { asset: "text/html" };
    const fetch = async (url: string) =>
      new Response("x", {
        headers: {
          "content-type":
            types.asset === "text/html" ? types.asset : url.endsWith("css") ? "text/css" : "text/javascript",
        },
      });
    Object.assign(bindings, { ASSETS: { fetch } });
    // For a file that is not there, the assets host answers with the console's page.
    const [own] = Object.values(testKeys.trust.tenants);
    Object.assign(bindings, { TRUST: JSON.stringify({ ...testKeys.trust, tenants: { acme: own } }) });
    const unbuilt = await send(as("auditor"), `/v1/tasks/${TASK}/evidence`);
    expect([unbuilt.status, unbuilt.body.code]).toEqual([503, "not-running"]);
    types.asset = "built";
    const answer = await send(as("auditor"), `/v1/tasks/${TASK}/evidence`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="evidence-${TASK}.html"`);
    expect(answer.headers.get("content-security-policy")).toBe("sandbox allow-scripts");
    expect(evidenceIn(answer.body)).toMatchObject({ about: { scope: { kind: "task", task: TASK } }, ...part });
    const month = await send(as("admin"), "/v1/evidence?from=2026-11-01&to=2026-12-01");
    expect(evidenceIn(month.body)!.about.scope).toEqual({
      kind: "period",
      fromMs: Date.UTC(2026, 10, 1),
      toMs: Date.UTC(2026, 11, 1),
    });
    expect((await send(as("auditor"), "/v1/evidence?from=2026-12-01&to=2026-11-01")).status).toBe(400);
  });
});

describe("following a task", () => {
  it("events arrive in order, each with its chain position, and the stream ends when the task has settled", async () => {
    const batches = [
      { events: [event(3, "task-opened"), event(3, "plan-admitted")], settled: false },
      { events: [], settled: false },
      { events: [event(5, "task-settled")], settled: true },
    ];
    answerWith({ events: async () => ok(batches.shift()) });
    const text = await (await sendRaw(as("app"), `/v1/tasks/${TASK}/events`)).text();
    expect(text).toBe(
      // The id of a record stands only with its last event: a break before that repeats the record.
      `event: task-event\ndata: ${JSON.stringify(event(3, "task-opened"))}\n\n` +
        `event: task-event\nid: 3\ndata: ${JSON.stringify(event(3, "plan-admitted"))}\n\n` +
        ": ping\n\n" +
        `event: task-event\nid: 5\ndata: ${JSON.stringify(event(5, "task-settled"))}\n\n` +
        "event: settled\ndata: {}\n\n",
    );
    expect(calls.map(({ args }) => args[1])).toEqual([0, 3, 3]);
  });

  it("Last-Event-ID goes on after that position", async () => {
    answerWith({ events: async () => ok({ events: [], settled: true }) });
    await (await sendRaw(as("app"), `/v1/tasks/${TASK}/events`, { headers: { "last-event-id": "41" } })).text();
    expect(calls[0]!.args).toEqual([TASK, 41, 0]);
  });

  it("a task that is not there is a problem and not a stream", async () => {
    const answer = await send(as("app"), `/v1/tasks/${TASK}/events`);
    expect([answer.status, answer.body.code]).toEqual([404, "not-found"]);
  });

  it("the client yields the same events and ends", async () => {
    answerWith({
      events: async (_task: string, after: number) =>
        ok({ events: after === 0 ? [event(1, "task-opened")] : [event(2, "task-settled")], settled: after > 0 }),
    });
    const seen = [];
    for await (const one of client.followTask(TASK)) seen.push(one.ok ? one.value.event.type : one.problem.code);
    expect(seen).toEqual(["task-opened", "task-settled"]);
  });

  it("a key that is revoked while it follows a task sees nothing more", async () => {
    const key = as("operator", globex);
    let n = 0;
    answerWith({
      events: async () => {
        if (n++ === 0) return ok({ events: [], settled: false });
        await env.CONTROL_DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE hash = ?").bind(apiKeyHash(key)).run();
        await expect.poll(async () => (await send(key, "/v1/whoami")).status, { timeout: 3_000 }).toBe(401);
        return ok({ events: [event(9, "task-settled")], settled: true });
      },
    });
    const text = await (await sendRaw(key, `/v1/tasks/${TASK}/events`)).text();
    expect(text).toContain('"code":"unauthenticated"');
    expect(text).not.toContain("task-settled");
  });

  it("a refusal in the middle reaches the client as one problem", async () => {
    let n = 0;
    answerWith({ events: async () => (n++ === 0 ? ok({ events: [], settled: false }) : refuses("overloaded")) });
    const seen = [];
    for await (const one of client.followTask(TASK)) seen.push(one.ok ? one.value : one.problem.code);
    expect(seen).toEqual(["overloaded"]);
  });
});

describe("the ledger", () => {
  it("a page of tasks carries the tenant of the key and the filters", async () => {
    const seen: unknown[] = [];
    ledger["tasks"] = (query: unknown) => {
      seen.push(query);
      return ok({ tasks: [], next: null });
    };
    await send(as("app"), "/v1/tasks?status=failed&limit=10");
    expect(seen).toEqual([{ tenant: "acme", status: "failed", limit: 10 }]);
  });

  it("a checkpoint and hash tiles are public; other paths and other tenants are not found", async () => {
    ledger["checkpoint"] = () => ok("origin\n5\nroot\n");
    ledger["tile"] = (_tenant: string, path: string) => ok(new TextEncoder().encode(path));
    expect((await send(null, "/log/acme/checkpoint")).body).toBe("origin\n5\nroot\n");
    const full = await send(null, "/log/acme/tile/0/x001/067");
    expect([full.body, full.headers.get("cache-control")]).toEqual([
      "tile/0/x001/067",
      "public, max-age=31536000, immutable",
    ]);
    expect((await send(null, "/log/acme/tile/1/000.p/5")).headers.get("cache-control")).toBe("public, max-age=60");
    for (const path of [
      "/log/acme/tile/64/000",
      "/log/acme/tile/0/000.p/0",
      "/log/acme/tile/0/000.p/256",
      "/log/nobody/checkpoint",
    ])
      expect([path, (await send(null, path)).status]).toEqual([path, 404]);
  });

  it("an entry bundle is for the auditors of its tenant alone", async () => {
    ledger["tile"] = (tenant: string, path: string) => ok(new TextEncoder().encode(`${tenant} ${path}`));
    const path = "/log/acme/tile/entries/x001/067";
    const full = await send(as("auditor"), path);
    expect([full.body, full.headers.get("cache-control")]).toEqual([
      "acme tile/entries/x001/067",
      "private, max-age=31536000, immutable",
    ]);
    const statuses = [null, as("app"), as("operator")].map(async (key) => (await send(key, path)).status);
    expect(await Promise.all(statuses)).toEqual([401, 403, 403]);
    expect((await send(as("auditor"), "/log/nobody/tile/entries/000")).status).toBe(404);
    expect((await send(as("auditor"), "/log/acme/tile/entries/000.p/256")).status).toBe(404);
  });

  it("a proof of a task has one for each of its entries", async () => {
    ledger["entries"] = () =>
      ok({
        entries: [
          { index: 4, body: "" },
          { index: 9, body: "" },
        ],
        next: null,
      });
    ledger["inclusion"] = ({ index }: { index: number }) =>
      ok({ index, size: 10, leafHash: "", proof: [], checkpoint: "" });
    const { body } = await send(as("auditor"), `/v1/ledger/proof?task=${TASK}`);
    expect(body.proofs.map(({ index }: { index: number }) => index)).toEqual([4, 9]);
  });

  it("a ledger that is down fails its own routes and leaves the overview standing", async () => {
    ledger["health"] = () => {
      throw new Error('Worker "countersign-ledger" not found');
    };
    ledger["tasks"] = ledger["health"];
    expect((await send(as("app"), "/v1/tasks")).body.code).toBe("not-running");
    answerWith({ witness: () => err(problem("overloaded", "x")) });
    const { status, body } = await send(as("app"), "/v1/overview");
    expect([status, body.ledger, body.incomplete.length]).toEqual([200, null, 8]);
  });
});

describe("explaining", () => {
  const view = viewOf({
    task: TASK,
    automation: "mail",
    release: "sha256:0",
    region: "eu",
    principal: { key: "key_a", role: "app", member: null, sod: "not-evaluable" },
  });

  it("JSON by default, Markdown where it is asked for, and what could not be read is named", async () => {
    answerWith({ read: async () => ok(view), events: async () => ok({ events: [], settled: false }) });
    const json = await send(as("app"), `/v1/tasks/${TASK}/explain`);
    expect(json.body).toMatchObject({ task: TASK, record: { missing: ["ledger"] } });
    for (const answer of [
      await send(as("app"), `/v1/tasks/${TASK}/explain`, { headers: { accept: "text/markdown" } }),
      await send(as("app"), `/v1/tasks/${TASK}/explain?format=markdown`),
    ]) {
      expect(answer.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
      expect(answer.body).toContain(`# Task \`${TASK}\``);
    }
  });
});

describe("a trace", () => {
  const opened = { type: "task-opened", automation: "mail", traceparent: null, principal: { role: "app" } };
  const namesOf = (body: any) =>
    body.resourceSpans.flatMap((resource: any) => resource.scopeSpans[0].spans.map(({ name }: any) => name)).toSorted();
  const entry = {
    index: 7,
    recordedMs: 1_790_000_000_009,
    body: JSON.stringify({
      id: "evt_a",
      source: "/executors/acme/eu/1",
      data: { records: [{ executor: "acme/eu/1", seq: 3, atMs: 1_790_000_000_000, events: [opened] }] },
    }),
  };

  it("is made of what the ledger has and of what is still on its way there", async () => {
    ledger["recorded"] = async () => ok({ entries: [entry], more: false });
    answerWith({ events: async () => ok({ events: [event(5, "cancel-requested")], settled: false }) });
    const { status, body } = await send(as("auditor"), `/v1/tasks/${TASK}/trace`);
    expect(status).toBe(200);
    expect(namesOf(body)).toEqual(["cancel requested", "check contract", "intake", "ledger entry"]);
    expect(calls[0]!.args).toEqual([TASK, 3, 0]);
  });

  it("stands without the executor, and says what it lacks where there is nothing", async () => {
    answerWith({ events: () => err(problem("overloaded", "x")) });
    ledger["recorded"] = async () => ok({ entries: [entry], more: false });
    expect(namesOf((await send(as("app"), `/v1/tasks/${TASK}/trace`)).body)).toContain("ledger entry");
    ledger["recorded"] = async () => ok({ entries: [], more: false });
    expect((await send(as("app"), `/v1/tasks/${TASK}/trace`)).body.code).toBe("overloaded");
    expect((await send(as("app"), `/v1/tasks/${TASK.replace("eu", "mars")}/trace`)).status).toBe(404);
  });
});

describe("figures", () => {
  const row = { automation: "mail", capability: "", region: "eu", label: "", n: 4, total: 0 };
  const rows = [
    { ...row, name: "opened" },
    { ...row, name: "settled", label: "succeeded", n: 3 },
    { ...row, name: "opened", automation: "other" },
  ];
  beforeEach(() => {
    ledger["figures"] = async () =>
      ok({ rows, open: [{ what: "doubt", automation: "mail", region: "eu", count: 1, oldestMs: 0 }], cut: false });
    answerWith({ witness: () => err(problem("overloaded", "x")) });
  });

  it("are a report over a window, with the state of now, also where the executors are silent", async () => {
    const { status, body } = await send(as("auditor"), "/v1/metrics?window=1h&automation=mail");
    expect([status, body.window, body.automations.length]).toEqual([200, "1h", 1]);
    expect(body.automations[0]).toMatchObject({ automation: "mail", opened: 4, settled: { succeeded: 3 } });
    expect(body.now).toMatchObject({ inDoubt: { tasks: 1, oldestAt: "1970-01-01T00:00:00.000Z" }, ledger: null });
    expect(body.now.silent.length).toBe(8);
    expect((await send(as("auditor"), "/v1/metrics?window=2y")).body.code).toBe("invalid-request");
    expect((await send(as("app"), "/v1/metrics")).status).toBe(403);
    expect((await client.metrics()).ok).toBe(false);
  });

  it("are text for Prometheus, with a key", async () => {
    const answer = await send(as("auditor"), "/metrics");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.body).toContain('countersign_tasks_opened_total{automation="mail",region="eu"} 4\n');
    expect((await send(null, "/metrics")).status).toBe(401);
  });
});

it("what an automation did in a week, and why, is one call: sentences with the figures behind them, as JSON or Markdown", async () => {
  const asked: { fromMs: number; toMs: number }[] = [];
  ledger["runs"] = async (query: (typeof asked)[number]) => {
    asked.push(query);
    return ok({ runs: [{ ...someRun, modelCalls: 2, models: ["tiny-1"], costMicroCents: 1_000_000 }], next: null });
  };
  const { status, body } = await send(as("auditor"), "/v1/automations/refunds/report");
  expect([status, AutomationReport.safeParse(body).success]).toEqual([200, true]);
  expect(asked[0]!.toMs - asked[0]!.fromMs).toBe(7 * 86_400_000);
  expect(body.words).toContain("It asked models 2 times (tiny-1), for 0.01 in the provider's currency, 0.01 a task.");
  const page = await send(as("auditor"), "/v1/automations/refunds/report", { headers: { accept: "text/markdown" } });
  expect(page.headers.get("content-type")).toContain("text/markdown");
  expect(page.body).toContain("refunds worked on 1 task: 1 done.");
  expect((await send(as("auditor"), "/v1/automations/refunds/report?from=2026-02-02&to=2026-02-01")).status).toBe(400);
});

describe("the API document", () => {
  it("is OpenAPI 3.1, has every route, and every reference in it leads somewhere", async () => {
    const { body } = await send(null, "/v1/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    const documented = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.toSorted()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).toSorted());
    for (const [, ref] of JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g))
      expect(ref!.split("/").reduce((at: any, name) => at?.[name], body)).toBeDefined();
    const ids = Object.values(body.paths).flatMap((methods: any) =>
      Object.values(methods).map((operation: any) => operation.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("says the shape of an intent", async () => {
    const { body } = await send(null, "/v1/openapi.json");
    const { schema } = body.paths["/v1/intents"].post.requestBody.content["application/json"];
    expect(schema).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["automation", "input"],
      properties: { input: { type: "object" } },
    });
  });

  it("as a page runs no script and loads nothing", async () => {
    const page = await send(null, "/docs/api");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.body).not.toMatch(/<script|src=|https?:\/\//);
    expect(page.body).toContain("/v1/intents");
  });
});

it("the key set holds the proposal key and no private part", async () => {
  const { body } = await send(null, "/.well-known/jwks.json");
  expect(body.keys.length).toBeGreaterThan(0);
  for (const key of body.keys) expect(Object.keys(key).toSorted()).toEqual(["crv", "kid", "kty", "use", "x"]);
});

describe("answers out of the record", () => {
  const listed = (task: string) => ({ ...someRun, task });

  it("an export is a stream of pages that says in its header where the next one goes on", async () => {
    const asked: unknown[] = [];
    ledger["runsAfter"] = (query: unknown, runs: number) => {
      asked.push([query, runs]);
      return ok("further");
    };
    ledger["runs"] = ({ cursor }: { cursor?: string }) =>
      cursor === undefined
        ? ok({ runs: [listed("a"), listed("b")], next: "c2" })
        : ok({ runs: [listed("c")], next: null });
    const jsonl = await sendRaw(as("auditor"), "/v1/runs?format=jsonl&automation=refunds&from=2026-11-01");
    expect(jsonl.headers.get("link")).toBe(
      '</v1/runs?format=jsonl&automation=refunds&from=2026-11-01&cursor=further>; rel="next"',
    );
    const lines = (await jsonl.text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).task)).toEqual(["a", "b", "c"]);
    expect(asked).toEqual([
      [{ tenant: "acme", automation: "refunds", fromMs: Date.parse("2026-11-01"), limit: 200 }, 10_000],
    ]);
    const csv = await send(as("auditor"), "/v1/runs?format=csv");
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect(
      String(csv.body)
        .split("\r\n")
        .map((line) => line.split(",")[0]),
    ).toEqual(["task", "a", "b", "c", ""]);
  });

  it("an export that breaks off is an error to who reads it, and not a shorter file", async () => {
    ledger["runsAfter"] = () => ok(null);
    ledger["runs"] = ({ cursor }: { cursor?: string }) =>
      cursor === undefined
        ? ok({ runs: [listed("a")], next: "c2" })
        : err(problem("not-running", "The ledger did not answer."));
    await expect((await sendRaw(as("auditor"), "/v1/runs?format=jsonl")).text()).rejects.toThrow();
  });

  it("a run shows the values that its executor still holds", async () => {
    ledger["runs"] = () => ok({ runs: [listed(TASK)], next: null });
    answerWith({ read: async () => ok({ input: { orderId: "#W1" }, steps: [] }) });
    const { body } = await send(as("auditor"), `/v1/tasks/${TASK}/run`);
    expect(body.values.input).toEqual({ state: "shown", value: { orderId: "#W1" } });
    answerWith({});
    expect((await send(as("auditor"), `/v1/tasks/${TASK}/run`)).body.values.input).toEqual({
      state: "absent",
      value: null,
    });
  });

  it("impact is asked of the ledger with the caller's tenant", async () => {
    const seen: unknown[] = [];
    ledger["impact"] = (query: unknown) => {
      seen.push(query);
      return err(problem("not-found", "No script."));
    };
    await send(as("auditor"), "/v1/impact?resource=order:W1&direction=forward&since=2026-11-01T00:00:00Z&depth=2");
    await send(as("auditor"), "/v1/impact?resource=order:W1");
    expect(seen).toEqual([
      {
        tenant: "acme",
        resource: "order:W1",
        direction: "forward",
        sinceMs: Date.parse("2026-11-01"),
        depth: 2,
        limit: 50,
      },
      { tenant: "acme", resource: "order:W1", direction: "back", limit: 50 },
    ]);
    expect((await send(as("auditor"), "/v1/impact?resource=order:W1&since=yesterday")).status).toBe(400);
  });
});
