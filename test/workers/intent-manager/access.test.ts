import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ENDPOINTS } from "../../../intent-manager/routes/index.ts";
import { ROUTE_ROLES } from "../../../intent-manager/http/roles.ts";
import { API_ROLES, apiKeyHash } from "../../../scripts/lib/keys.ts";
import { ok } from "../../../shared/result.ts";
import { answerWith, as, calls, globex, seedTenants, send, viewOf } from "./world.ts";

beforeAll(seedTenants);
beforeEach(() => answerWith({}));

const TASK = "tsk_eu_1_aaaaaaaaaaaaaaaaaaaaaaaaaa";

describe("keys", () => {
  it.each([
    ["no header", null],
    ["another scheme", "Basic abcdefghijklmnopqrstuvwx"],
    ["a key that does not exist", "Bearer cs_app_0000000000000000000000000000"],
    ["a key that is too short", "Bearer x"],
    ["two keys", "Bearer cs_app_00000000000000000000 cs_app_00000000000000000000"],
  ])("%s is unauthenticated and says how to do it", async (_, authorization) => {
    const answer = await send(null, "/v1/whoami", authorization === null ? {} : { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe("unauthenticated");
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  it("a key is known by its hash and stands for its tenant and role", async () => {
    const answer = await send(as("auditor"), "/v1/whoami");
    expect(answer.body).toEqual({
      tenant: "acme",
      key: `key_${apiKeyHash(as("auditor")).slice(0, 16)}`,
      role: "auditor",
      member: null,
    });
  });

  it("a revoked key stops working within the time that a cached key is trusted", async () => {
    const key = as("agent", globex);
    expect((await send(key, "/v1/whoami")).status).toBe(200);
    await env.CONTROL_DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE hash = ?").bind(apiKeyHash(key)).run();
    await expect.poll(async () => (await send(key, "/v1/whoami")).status, { timeout: 3_000 }).toBe(401);
  });
});

describe("roles", () => {
  it("every route has a line in the roles table, and every line a route", () => {
    const routes = ENDPOINTS.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(ROUTE_ROLES).toSorted()).toEqual(routes.toSorted());
  });

  it.each(API_ROLES)("%s may call what the table says and nothing else", async (role) => {
    for (const { method, path, roles } of ENDPOINTS) {
      const example = path
        .replace("/tasks/{id}", `/tasks/${TASK}`)
        .replace("/reviews/{id}", `/reviews/rev_${TASK.slice(4)}_1_0_1`)
        .replace("{kid}", "A".repeat(43))
        .replace("{digest}", encodeURIComponent(`sha256:${"0".repeat(64)}`))
        .replace("{tenant}", "acme")
        .replace("{path}", "0/000")
        .replace("{name}", "nothing");
      const { status } = await send(as(role), example, { method, ...(method === "GET" ? {} : { body: {} }) });
      const may = roles === "public" || roles === "any" || (roles as readonly string[]).includes(role);
      expect([`${method} ${path}`, status === 403]).toEqual([`${method} ${path}`, !may]);
      expect(status).not.toBe(401);
    }
  });
});

describe("tenants", () => {
  it("a task of a shard or region that the tenant does not have is not asked for anywhere", async () => {
    answerWith({ read: async () => ok(viewOf({} as never)) });
    for (const task of [TASK.replace("_1_", "_2_"), TASK.replace("_eu_", "_us_")]) {
      const answer = await send(as("app", globex), `/v1/tasks/${task}`);
      expect([answer.status, answer.body.code]).toEqual([404, "not-found"]);
    }
    expect(calls).toEqual([]);
  });

  it("an executor is named after the tenant of the key and never after the request", async () => {
    await send(as("app"), `/v1/tasks/${TASK}`);
    await send(as("app", globex), `/v1/tasks/${TASK}`);
    expect(calls.map(({ executor }) => executor)).toEqual(["acme/eu/1", "globex/eu/1"]);
  });

  it("another tenant's task, an absent one and a malformed id look the same", async () => {
    const answers = [
      await send(as("app"), `/v1/tasks/${TASK}`),
      await send(as("app", globex), `/v1/tasks/${TASK}`),
      await send(as("app"), "/v1/tasks/tsk_eu_1_zzz"),
    ];
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual(new Set(["404 not-found"]));
  });

  it("one tenant's automations and enrolments are not another's", async () => {
    await send(as("operator"), "/v1/automations/private", { method: "PUT", body: {} });
    expect((await send(as("operator", globex), "/v1/automations/private")).status).toBe(404);
    expect((await send(as("operator", globex), "/v1/automations")).body.automations).toEqual([]);
    const own = (await send(as("operator"), "/v1/automations")).body.automations as { name: string }[];
    expect(own.map(({ name }) => name)).toContain("private");
  });
});
