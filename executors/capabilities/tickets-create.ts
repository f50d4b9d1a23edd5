/**
 * Opening a ticket through a tool of a help desk's MCP server. The tool is pinned as it stands below; its server keeps the `requestId`, and a
 * failure of it says that no ticket was opened.
 */
import { toolDigest } from "../adapters/mcp-messages.ts";
import type { ToolDefinition } from "../adapters/mcp.ts";
import { object, text } from "./schemas.ts";

type Args = { readonly title: string; readonly details: string };

/** As the server listed it when somebody read it. */
export const CREATE_TICKET = {
  name: "create_ticket",
  description: "Opens a ticket in the help desk. The same requestId opens it once.",
  inputSchema: {
    type: "object",
    properties: { title: { type: "string" }, details: { type: "string" }, requestId: { type: "string" } },
    required: ["title", "details", "requestId"],
  },
};

export const createTicket: ToolDefinition<Args> = {
  contract: {
    name: "tickets.create",
    version: "1.0.0",
    summary: "Opens a ticket in the help desk.",
    input: object({ title: text(200, { minLength: 1 }), details: text(4_000) }),
    output: object({ answer: text(16_000), truncated: { type: "boolean" } }),
    preview: object({}),
    risk: "low",
    effect: "write",
    reversible: false,
    delivery: "idempotent",
    roles: { disclosure: ["title", "details"] },
    tags: ["ticket"],
    tool: { name: CREATE_TICKET.name, digest: toolDigest(CREATE_TICKET) },
  },
  target: "helpdesk",
  credential: "helpdesk",
  path: "/mcp",
  arguments: ({ title, details }) => ({ title, details }),
  keyArgument: "requestId",
  failuresProveNothingDone: true,
  result: ({ text: answer, truncated }) => ({ answer, truncated }),
};
