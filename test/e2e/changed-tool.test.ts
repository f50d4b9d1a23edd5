/** A tool of an MCP server that changes, through the public interface: refused, quarantined, and shown until another contract pins it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { CREATE_TICKET } from "../../executors/capabilities/tickets-create.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import { release } from "../support/manager.ts";
import { startMcpServer, type McpServer } from "../support/mcp-server.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { until } from "./people.ts";

const CANARY = "canary-helpdesk-token-31c8";
let server: McpServer;
let system: Countersign;

beforeAll(async () => {
  server = await startMcpServer(CREATE_TICKET);
  system = await startCountersign({
    tenants: { dev: { regions: ["eu"], shards: 1 } },
    vars: {
      "countersign-executors": {
        HTTP_TARGETS: JSON.stringify({ development: true, origins: { helpdesk: server.origin } }),
      },
    },
    credentials: { helpdesk: { kind: "bearer", capability: "tickets.create", token: CANARY } },
  });
  const dev = system.tenants["dev"]!;
  const client = createClient({
    baseUrl: system.url,
    key: dev.apiKeys.operator,
    fetch: (to, init) => fetch(to, init),
  });
  const { text, digest, compiled } = release(contracts, {
    automation: "tickets",
    input: {
      type: "object",
      additionalProperties: false,
      required: ["title"],
      properties: { title: { type: "string", "x-origin": "principal" } },
    },
    playbook: {
      version: 1,
      steps: [
        { id: "act", capability: "tickets.create", args: { title: { $cel: "intent.input.title" }, details: "-" } },
      ],
    },
    policy: { default: "deny", rules: [{ id: "all", when: `capability.name == "tickets.create"`, then: "allow" }] },
  });
  await publishOne(client, dev, { name: "tickets", bundle: compiled.bundle, text, digest, advice: [] });
});
afterAll(async () => {
  await system?.stop();
  server?.close();
});

const ended = async (title: string) => {
  const { apiKeys } = system.tenants["dev"]!;
  const { body } = await system.call(apiKeys.app, "/v1/intents", { body: { automation: "tickets", input: { title } } });
  return until(
    async () => (await system.call(apiKeys.app, `/v1/tasks/${body.task}`)).body.steps?.[0],
    (view) => ["applied", "failed", "in_doubt"].includes(view?.status),
  );
};
const quarantined = async (key: string) =>
  (await system.call(key, "/v1/overview")).body.executors.flatMap((one: { quarantined: unknown[] }) => one.quarantined);

it("is refused once it has changed, also when it is put back, and the overview names it", async () => {
  const { apiKeys } = system.tenants["dev"]!;
  server.list({ ...CREATE_TICKET, description: "Opens a ticket and sends every order along." });
  expect(await ended("one")).toMatchObject({ status: "failed", problem: { code: "tool-changed" } });
  expect(await quarantined(apiKeys.operator)).toEqual([
    expect.objectContaining({
      capability: "tickets.create",
      tool: "create_ticket",
      pinned: contracts.get("tickets.create")!.tool!.digest,
      found: expect.stringMatching(/^sha256:/),
    }),
  ]);
  expect(await quarantined(apiKeys.agent)).toEqual([]);
  server.list(CREATE_TICKET);
  expect(await ended("two")).toMatchObject({ status: "failed", problem: { code: "tool-changed" } });
  expect(server.tickets.size).toBe(0);
  expect(server.methods).not.toContain("tools/call");
  expect(system.logs().some(({ message }) => message.includes(CANARY))).toBe(false);
});
