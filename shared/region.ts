/**
 * How the region of a task follows from its input (RegionRule of shared/release.ts). Whoever opens tasks, checks them or places data
 * uses this one module, because they must agree.
 */
import type { Json } from "./json.ts";
import { valueAt } from "./pointer.ts";
import { problem } from "./problems.ts";
import type { ReleaseBundle } from "./release.ts";
import { err, ok, type Result } from "./result.ts";
import { sha256 } from "./sha256.ts";

/** The region that a rule gives. Refuses with contract-violation where the rule's field holds no string. */
export function regionOf(rule: ReleaseBundle["region"], input: Json): Result<string> {
  if (rule.rule === "fixed") return ok(rule.region);
  const value = valueAt(input, rule.field);
  if (typeof value === "string") return ok(regionByHash(value, rule.among));
  return err(
    problem("contract-violation", `The region follows from ${rule.field}, which holds no text.`, {
      pointer: rule.field,
    }),
  );
}

/** SHA-256 of the value's UTF-8, first four bytes, big endian, modulo the list. Throws where the list is empty. */
export function regionByHash(value: string, among: readonly string[]): string {
  const [a, b, c, d] = sha256(value);
  const region = among[(((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0) % among.length];
  if (region === undefined) throw new RangeError("no region to choose from");
  return region;
}
