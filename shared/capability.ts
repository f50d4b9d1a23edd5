/**
 * Capability contracts: what an action is called, what goes in and comes out, and what policy must know about it.
 * A contract stands in the release and in the signed plan by its digest, so that a changed contract is another contract.
 */
import * as z from "zod";
import { canonicalize, digestOf } from "./canonical.ts";
import { GateSettings } from "./gate-settings.ts";
import { Digest } from "./ids.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { UndoDeclaration } from "./undo.ts";

export const CapabilityName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$/i);

/** What an argument is used for; policy speaks of roles where capabilities name their arguments differently. */
export const ROLES = ["destination", "target", "amount", "disclosure"] as const;
export type Role = (typeof ROLES)[number];

const ArgumentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/);
const Schema: z.ZodType<JsonObject> = z.record(z.string(), z.json());
/** Text with `{argument}` placeholders: `cancel:order:{orderId}`. */
const Template = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^{}]*(?:\{[A-Za-z_][A-Za-z0-9_]*\}[^{}]*)*$/);

/** How often the effect happens, at best and at worst. Only exactly-once effects leave a row that an auditor can compare with the record. */
export const Delivery = z.enum(["exactly-once", "idempotent", "at-least-once", "at-most-once", "resident"]);

/** A tool of somebody else's server, as it was when the contract was written: a changed tool is not called (executors/adapters/mcp.ts). */
export const ToolPin = z.strictObject({ name: z.string().min(1).max(200), digest: Digest });
export type ToolPin = z.infer<typeof ToolPin>;

/** MAJOR.MINOR.PATCH: what breaks whoever relies on a contract needs a greater MAJOR (shared/release-contracts.ts). */
export const ContractVersion = z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/);

export const CapabilityContract = z.strictObject({
  name: CapabilityName,
  version: ContractVersion,
  summary: z.string().min(1).max(500),
  /** JSON Schemas in the subset of shared/contracts.ts. */
  input: Schema,
  output: Schema,
  /** The facts shown before the act: what would change. */
  preview: Schema.optional(),
  /** What is read back after the act: the fields of which a step may say what it expects. Absent where nothing is read back. */
  observe: Schema.optional(),
  risk: z.enum(["low", "medium", "high"]),
  effect: z.enum(["read", "write"]),
  reversible: z.boolean(),
  delivery: Delivery,
  roles: z.strictObject({
    destination: z.array(ArgumentName).min(1).max(20).optional(),
    target: z.array(ArgumentName).min(1).max(20).optional(),
    amount: z.array(ArgumentName).min(1).max(20).optional(),
    disclosure: z.array(ArgumentName).min(1).max(20).optional(),
  }),
  /** Impact tags. The first names what the action changes, the others what it concerns. */
  tags: z.array(Template).max(20),
  /** The domain's own idempotency key: two tasks cannot do the same thing twice. */
  effectKey: Template.optional(),
  /** The capability that takes the action back, and from what its arguments come (shared/undo.ts). */
  undo: UndoDeclaration.optional(),
  /** Time that one call of the target may take; LIMITS.effectTimeoutMs where absent. */
  timeoutMs: z.int().min(100).max(LIMITS.effectTimeoutMs).optional(),
  /** Attempts while each is proved not executed, and the time they may take together. */
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(LIMITS.effectAttemptsMost),
      totalMs: z.int().min(0).max(LIMITS.retryTotalMostMs),
    })
    .optional(),
  /** The tool that it calls, where it is one of an MCP server's. */
  tool: ToolPin.optional(),
  /** How many of its actions may run and start, and when a failing target is left alone; absent, nothing holds them up. */
  gate: GateSettings.optional(),
});
export type CapabilityContract = z.infer<typeof CapabilityContract>;

/** Digest of the contract's canonical JSON. */
export const contractDigest = (contract: CapabilityContract): string => digestOf(contract);

const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The argument names that a template mentions. */
export const templateArguments = (template: string): string[] => [...template.matchAll(PLACEHOLDER)].map((m) => m[1]!);

/**
 * Fills a template with arguments. Strings are percent-encoded where they could be taken for the template's own `:` or `,`,
 * lists are sorted and joined with `,`: different arguments never give the same text.
 * Errors: `contract-violation` when an argument is missing, null or an object.
 */
export function renderTemplate(template: string, args: JsonObject): Result<string> {
  let missing: string | undefined;
  const text = template.replace(PLACEHOLDER, (_, name: string) => {
    const value = Object.hasOwn(args, name) ? args[name]! : null;
    const part = renderPart(value);
    if (part === undefined) missing ??= name;
    return part ?? "";
  });
  return missing === undefined
    ? ok(text)
    : err(
        problem("contract-violation", `The template ${template} needs the argument ${missing}`, {
          argument: missing,
        }),
      );
}

function renderPart(value: Json): string | undefined {
  if (typeof value === "string") return value.replace(/[%:,{}]/g, encodeURIComponent);
  if (typeof value === "number" || typeof value === "boolean") return canonicalize(value);
  if (!Array.isArray(value)) return undefined;
  const parts = value.map((item) => (Array.isArray(item) ? undefined : renderPart(item)));
  return parts.includes(undefined) ? undefined : parts.toSorted().join(",");
}
