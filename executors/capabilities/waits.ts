/**
 * Steps that wait: for a time, for a signal to their task, for an event with a correlation key. They change nothing; what they waited for is
 * their result, somebody's content, and later steps may refer to it.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import type { JsonObject } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Capability, WaitPlan } from "../adapters/types.ts";
import { boolean, nullable, object, oneOf, text } from "./schemas.ts";

const anything = { "x-any": true } as const;
const timeout = {
  timeoutSeconds: { type: "integer", minimum: 1, maximum: LIMITS.waitSecondsMost },
  onTimeout: oneOf("fail", "continue"),
} as const;

const base = {
  version: "1.0.0",
  risk: "low",
  effect: "read",
  reversible: false,
  delivery: "resident",
  roles: {},
  tags: [],
} as const;
const contracts: readonly CapabilityContract[] = [
  {
    ...base,
    roles: {},
    tags: [],
    name: "wait.time",
    summary: "Waits for a number of seconds, or until a time.",
    input: {
      ...object({
        seconds: { type: "integer", minimum: 0, maximum: LIMITS.waitSecondsMost },
        until: { type: "string", format: "date-time" },
      }),
      required: [],
    },
    output: object({ until: { type: "string", format: "date-time" } }),
  },
  {
    ...base,
    roles: {},
    tags: [],
    name: "wait.signal",
    summary: "Waits for a signal that is sent to the task.",
    input: {
      ...object({ name: { type: "string", pattern: "^[a-z][a-z0-9._-]{0,63}$" }, ...timeout }),
      required: ["name"],
    },
    output: object({ timedOut: boolean, id: nullable(text(200)), payload: anything }),
  },
  {
    ...base,
    roles: {},
    tags: [],
    name: "wait.event",
    summary: "Waits for an event of a type with a correlation key, also one that came before.",
    input: {
      ...object({
        type: { type: "string", pattern: "^[A-Za-z][A-Za-z0-9._-]{0,199}$" },
        key: text(200, { minLength: 1 }),
        ...timeout,
      }),
      required: ["type", "key"],
    },
    output: object({ timedOut: boolean, source: nullable(text(500)), id: nullable(text(200)), data: anything }),
  },
];

/** What a step with these arguments waits for. Errors: contract-violation. */
function plan(contract: CapabilityContract, args: JsonObject, nowMs: number): Result<WaitPlan> {
  const seconds = args["timeoutSeconds"] as number | undefined;
  const untilMs = seconds === undefined ? null : nowMs + seconds * 1_000;
  const onTimeout = (args["onTimeout"] ?? "fail") as WaitPlan["onTimeout"];
  switch (contract.name) {
    case "wait.time": {
      if ((args["seconds"] === undefined) === (args["until"] === undefined))
        return err(problem("contract-violation", "A wait has `seconds` or `until`."));
      const at =
        args["until"] === undefined ? nowMs + (args["seconds"] as number) * 1_000 : Date.parse(args["until"] as string);
      return Number.isSafeInteger(at) && at < 8.64e15
        ? ok({ wait: "time", name: null, untilMs: at, onTimeout: "continue" })
        : err(problem("contract-violation", "`until` is no time."));
    }
    case "wait.signal":
      return ok({ wait: "signal", name: args["name"] as string, untilMs, onTimeout });
    default:
      return ok({ wait: "event", name: args["type"] as string, untilMs, onTimeout });
  }
}

export const waits: readonly Capability[] = contracts.map((contract) => ({
  contract,
  kind: "wait",
  plan: (args, nowMs) => plan(contract, args, nowMs),
}));
