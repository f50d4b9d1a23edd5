/**
 * The capabilities that are tools of MCP servers. Add one here: a definition over the MCP adapter in a file of this folder, and its line in
 * `toolDefinitions`. It is offered where `HTTP_TARGETS` says where its target stands.
 */
import { NO_TARGETS, parseTargets } from "../adapters/http-targets.ts";
import type { ToolWay } from "../adapters/mcp-client.ts";
import { toolCapability, type ToolDefinition, type ToolEnvironment } from "../adapters/mcp.ts";
import type { Capability } from "../adapters/types.ts";
import type { HttpBindings } from "./http.ts";
import { createTicket } from "./tickets-create.ts";

export const toolDefinitions: readonly ToolDefinition<never>[] = [createTicket] as unknown as ToolDefinition<never>[];

export const toolWays = (
  definitions: readonly ToolDefinition<never>[] = toolDefinitions,
): ReadonlyMap<string, ToolWay> =>
  new Map(definitions.map(({ contract, path }) => [contract.name, { path, pin: contract.tool }]));

export function toolCapabilities(env: HttpBindings): Capability[] {
  const parsed = parseTargets(env.HTTP_TARGETS);
  const { originByName } = parsed.ok ? parsed.value : NO_TARGETS;
  const callTool: ToolEnvironment["callTool"] = async (call) => (env.EGRESS as ToolEnvironment).callTool(call);
  return toolDefinitions
    .filter(({ target }) => originByName.has(target))
    .map((definition) => toolCapability(definition, { callTool }));
}
