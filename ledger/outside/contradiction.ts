/**
 * Whether a checkpoint that was published contradicts the log as it is now. Pure.
 *
 * A signed checkpoint of an append-only log stays true for ever: the log has at least its size, and at that size its root. What has not was
 * rewound, or is another log under the same name.
 */
import { equalBytes, toBase64 } from "../../shared/bytes.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { TreeHead } from "../../shared/tlog/verify-log.ts";

/** @param rootNow root of the log of `size` at the size of what was published; null where the log does not reach it */
export function contradictionOf(published: TreeHead, size: number, rootNow: Uint8Array | null): Problem | null {
  if (published.size > size || rootNow === null)
    return problem(
      "checkpoint-inconsistent",
      `A checkpoint of size ${published.size} was published, and the log has ${size} entries: it has lost its end.`,
      { size, publishedSize: published.size },
    );
  if (equalBytes(published.root, rootNow)) return null;
  return problem(
    "checkpoint-inconsistent",
    `Another checkpoint of size ${published.size} was published: there are two logs.`,
    { publishedSize: published.size, publishedRoot: toBase64(published.root), root: toBase64(rootNow) },
  );
}
