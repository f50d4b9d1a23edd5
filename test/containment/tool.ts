/** Capabilities over a pretended service: it answers reads from an environment, and writes down each effect that reaches it. */
import type { Capability } from "../../executors/adapters/types.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Json, JsonObject } from "../../shared/json.ts";

/** An effect as the target saw it. */
export type Effect = { readonly task: string; readonly capability: string; readonly args: JsonObject };

export class Target {
  readonly effects: Effect[] = [];
  /** What a task finds; tasks that are not named find the environment as it is. */
  readonly environments = new Map<string, JsonObject>();
  readonly #environment: JsonObject;
  constructor(environment: JsonObject) {
    this.#environment = environment;
  }
  environmentOf = (task: string): JsonObject => this.environments.get(task) ?? this.#environment;
  effectsOf = (task: string): Effect[] => this.effects.filter((effect) => effect.task === task);
}

export type Tool = Pick<CapabilityContract, "name" | "summary" | "input" | "output" | "risk"> & {
  readonly roles?: CapabilityContract["roles"];
  /** A read's answer; a tool without it writes. */
  readonly read?: (environment: any, args: any) => Json;
};

export const contractOf = ({ read, roles = {}, ...tool }: Tool): CapabilityContract => ({
  ...tool,
  version: "1.0.0",
  effect: read === undefined ? "write" : "read",
  reversible: false,
  delivery: "at-most-once",
  roles,
  tags: [],
});

export function capabilityOf(tool: Tool, target: Target): Capability {
  const { read } = tool;
  return {
    contract: contractOf(tool),
    kind: "external",
    prepare:
      read === undefined
        ? null
        : (args, { task }) => {
            const result = read(target.environmentOf(task), args);
            const outcome = { kind: "read", result } as const;
            return Promise.resolve({
              ok: true,
              value: { preview: {}, premises: [], summary: tool.summary, changes: [], outcome },
            });
          },
    apply: (args, _, { task }) => {
      target.effects.push({ task, capability: tool.name, args });
      return Promise.resolve({ kind: "applied", result: { done: true }, replayed: false });
    },
    reconcile: null,
  };
}

// Schemas.
type Schema = CapabilityContract["input"];
export const text: Schema = { type: "string", maxLength: 20_000 };
export const flag: Schema = { type: "boolean" };
export const number: Schema = { type: "number" };
export const integer: Schema = { type: "integer" };
/** The tenant's own data. */
export const own = (schema: Schema): Schema => ({ ...schema, "x-trusted": true });
export const list = (items: Schema): Schema => ({ type: "array", items, maxItems: 200 });
export const object = (properties: Record<string, Schema>, required = Object.keys(properties)): Schema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
export const done: Schema = object({ done: flag });
