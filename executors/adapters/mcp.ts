/**
 * The MCP adapter: runs capabilities that are tools of a server. The tool is pinned by a digest in the capability's contract, which plans and
 * releases name by their own digest, so nobody's approval ever covers another tool than the one that was read.
 *
 * P1  A tool that is not as pinned is not called: `tool-changed`. The executor then leaves the capability alone (executors/quarantine.ts).
 * P2  At most once, unless the definition names the argument that carries the key.
 * P3  A tool that says that it failed is in doubt, unless the definition says that its failures prove that nothing was done.
 * P4  What a tool answers is content: it is bounded, nothing in it is trusted, and no word of a failure is repeated.
 */
import type { CapabilityContract, ToolPin } from "../../shared/capability.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok } from "../../shared/result.ts";
import { compiled } from "./compiled.ts";
import { idempotencyKeyOf } from "./http-definition.ts";
import { usable } from "./http-outcome.ts";
import type { ToolAnswer, ToolCall } from "./mcp-client.ts";
import type { ActionContext, Capability, Outcome } from "./types.ts";

export type ToolResult = {
  /** Its texts, cut off at LIMITS.toolTextChars. */
  readonly text: string;
  readonly truncated: boolean;
  readonly structured: JsonObject | null;
};

export type ToolDefinition<Args> = {
  readonly contract: CapabilityContract & { readonly effect: "write"; readonly tool: ToolPin } & {
    readonly delivery: "idempotent" | "at-most-once";
  };
  readonly target: string;
  readonly credential: string | null;
  /** Of the server's endpoint at its origin: `/mcp`. */
  readonly path: string;
  readonly arguments: (args: Args) => JsonObject;
  /** The tool's argument that carries the key; required where delivery is `idempotent`. */
  readonly keyArgument?: string;
  readonly failuresProveNothingDone?: boolean;
  readonly result: (result: ToolResult) => Json;
};

export type ToolEnvironment = { readonly callTool: (call: ToolCall) => Promise<ToolAnswer> };

export function toolCapability<Args>(definition: ToolDefinition<Args>, environment: ToolEnvironment): Capability {
  const { contract, keyArgument } = definition;
  if ((contract.delivery === "idempotent") !== (keyArgument !== undefined))
    throw new Error("a tool is idempotent where an argument carries the key, and only there");
  const output = compiled(contract.output);
  const ask = (run: ToolCall["run"], args: JsonObject, context: ActionContext) =>
    asked(run, args, context, contract, environment);
  return {
    kind: "external",
    contract,
    prepare: async (given, context) => {
      const answer = await ask("list", {}, context);
      if (answer.kind === "changed") return err(changed(answer.found, contract.tool));
      if (answer.kind === "not-done") return err(answer.problem);
      if (answer.kind !== "listed") return err(problem("target-unavailable", "The server gave no answer."));
      const named = definition.arguments(given as Args);
      const changes = Object.entries(named).map(([name, value]) => ({ what: name, from: null, to: inWords(value) }));
      const summary = `${contract.summary} (tool ${contract.tool.name})`;
      return ok({ preview: {}, premises: [], summary, changes, outcome: { kind: "write", plan: null } });
    },
    apply: async (given, _prepared, context) => {
      if (contract.delivery === "at-most-once" && context.resumed) return doubt("The call may have left before.");
      const key = keyArgument === undefined ? {} : { [keyArgument]: idempotencyKeyOf(context) };
      const answer = await ask("call", { ...definition.arguments(given as Args), ...key }, context);
      const unsure = context.resumed;
      switch (answer.kind) {
        case "changed":
          return refused({ problem: changed(answer.found, contract.tool), retry: false }, unsure);
        case "not-done":
          return refused(answer, unsure);
        case "refused":
          return refused(
            { problem: problem("effect-refused", NOT_TAKEN, { status: answer.status }), retry: false },
            unsure,
          );
        case "lost":
          return { kind: "in-doubt", problem: answer.problem };
        case "listed":
          return doubt("The way out gave another answer.");
        case "answered": {
          if (answer.failed)
            return definition.failuresProveNothingDone === true
              ? refused({ problem: problem("effect-refused", "The tool says that it failed."), retry: false }, unsure)
              : doubt("The tool says that it failed, which does not say that nothing was done.");
          const { text, truncated, structured } = answer;
          const result = usable(
            output(),
            quietly(() => definition.result({ text, truncated, structured })),
          );
          return result.ok
            ? { kind: "applied", result: result.value, replayed: context.resumed }
            : { kind: "in-doubt", problem: problem("answer-invalid", "The result is not what the contract says.") };
        }
      }
    },
    reconcile: null,
  };
}

async function asked(
  run: ToolCall["run"],
  args: JsonObject,
  { capability, resumed, deadlineMs, nowMs }: ActionContext,
  contract: CapabilityContract,
  environment: ToolEnvironment,
): Promise<ToolAnswer> {
  const mostMs = Math.min(LIMITS.httpAskMs, Math.floor((contract.timeoutMs ?? LIMITS.effectTimeoutMs) * 0.9));
  const timeoutMs = resumed ? mostMs : Math.min(mostMs, deadlineMs - nowMs);
  try {
    return await environment.callTool({ run, capability, args, timeoutMs });
  } catch {
    return { kind: "lost", problem: problem("effect-in-doubt", "The way out gave no answer.") };
  }
}

/** A proof about this call says nothing about an earlier one. */
const refused = (
  { problem: why, retry }: { readonly problem: Problem; readonly retry: boolean },
  unsure: boolean,
): Outcome => (unsure ? { kind: "in-doubt", problem: why } : { kind: "refused", problem: why, retry });
const changed = (found: string | null, { name, digest }: ToolPin) =>
  problem("tool-changed", `The server's tool ${name} is not the one that the contract pins.`, {
    tool: name,
    pinned: digest,
    found: found ?? "none",
  });
const doubt = (detail: string): Outcome => ({ kind: "in-doubt", problem: problem("effect-in-doubt", detail) });
const NOT_TAKEN = "The server did not take the call.";
const inWords = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 500);

/** What a definition makes of an answer that may have any shape; null where it fails. */
function quietly(understand: () => Json): Json {
  try {
    return understand();
  } catch {
    return null;
  }
}
