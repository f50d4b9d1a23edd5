/** The MCP adapter in workerd, callable from a test. The clock is what the test says; sessions live as long as the Worker. */
import { egress, type Way } from "../../executors/adapters/egress.ts";
import { ToolServers } from "../../executors/adapters/mcp-client.ts";
import { toolCapability, type ToolDefinition } from "../../executors/adapters/mcp.ts";
import type { ActionContext } from "../../executors/adapters/types.ts";
import { createTicket } from "../../executors/capabilities/tickets-create.ts";
import { toolWays } from "../../executors/capabilities/tools.ts";
import { workersPlatform } from "../../executors/platform.ts";
import type { JsonObject } from "../../shared/json.ts";

const { keyArgument: _, failuresProveNothingDone: __, ...keyless } = createTicket;
/** The same tool, of which nothing is known. */
const once = {
  ...keyless,
  contract: { ...createTicket.contract, name: "tickets.once", delivery: "at-most-once" },
} as typeof createTicket;
const definitions = [createTicket, once] as unknown as ToolDefinition<never>[];

type Asked = {
  readonly run: "prepare" | "apply";
  readonly origin: string;
  readonly nowMs: number;
  readonly capability: string;
  readonly args: JsonObject;
  readonly context: ActionContext;
};

let clockMs = 0;
let servers: ToolServers | null = null;

export default {
  async fetch(request: Request): Promise<Response> {
    const { run, origin, nowMs, capability: name, args, context } = (await request.json()) as Asked;
    clockMs = nowMs;
    const ways = new Map<string, Way>(definitions.map((one) => [one.contract.name, { ...one, credential: null }]));
    const settings = { HTTP_TARGETS: JSON.stringify({ development: true, origins: { helpdesk: origin } }) };
    const deps = {
      fetch: (url: string, init: RequestInit) => fetch(url, init),
      setTimer: workersPlatform.setTimer,
      nowMs: () => clockMs,
      newId: () => "id",
    };
    servers ??= new ToolServers(egress(settings, ways, deps), toolWays(definitions), () => clockMs);
    const { run: callTool } = { run: servers.run.bind(servers) };
    const capability = toolCapability(
      definitions.find(({ contract }) => contract.name === name)!,
      { callTool },
    );
    if (capability.kind !== "external") throw new Error("it is external");
    return Response.json(
      run === "prepare" ? await capability.prepare!(args, context) : await capability.apply(args, null, context),
    );
  },
};
