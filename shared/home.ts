/**
 * Where a record that lives in the executors' own storage is at home: in one shard of its tenant and region, by its id. Whoever opens a task
 * about it and the executor that keeps it use this one function, because they must agree.
 */
import type { Json } from "./json.ts";
import { valueAt } from "./pointer.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";
import { sha256 } from "./sha256.ts";

/** SHA-256 of the id's UTF-8, first four bytes, big endian, modulo the tenant's fixed shard count. */
export function homeShard(id: string, shards: number): number {
  const [a, b, c, d] = sha256(id);
  return (((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0) % shards;
}

/** The id of the record that a task is about, by the release's `home`; null without one. Refuses with contract-violation where there is no text. */
export function homeOf(pointer: string | undefined, input: Json): Result<string | null> {
  if (pointer === undefined) return ok(null);
  const value = valueAt(input, pointer);
  return typeof value === "string"
    ? ok(value)
    : err(problem("contract-violation", `The task's home follows from ${pointer}, which holds no text.`, { pointer }));
}
