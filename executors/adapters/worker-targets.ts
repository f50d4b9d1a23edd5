/**
 * Which binding leads to which Worker: the variable `WORKER_TARGETS`, a JSON object
 *
 *   { "bindings": { "warehouse": "WAREHOUSE" } }
 *
 * where WAREHOUSE is a service binding of the executors' wrangler.toml. Capabilities name targets and never bindings.
 */
import * as z from "zod";
import { parseStrictJson } from "../../shared/json.ts";

/** Bindings of this Worker's own: no target leads to them. */
const OWN = new Set(["LEDGER", "EGRESS", "OUTBOUND"]);
const Config = z.strictObject({
  bindings: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
      z
        .string()
        .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
        .refine((name) => !OWN.has(name)),
    )
    .optional(),
});

/** Binding by target; null where the configuration is malformed, and then no target is reached. */
export function parseWorkerTargets(text: string | undefined): ReadonlyMap<string, string> | null {
  if (text === undefined) return new Map();
  const json = parseStrictJson(text);
  const config = json.ok ? Config.safeParse(json.value) : null;
  return config?.success === true ? new Map(Object.entries(config.data.bindings ?? {})) : null;
}
