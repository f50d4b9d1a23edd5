/**
 * A bounded cache of compiled things, by the digest of what they were compiled from. The caller makes it and owns it;
 * the least recently used entry goes first. Failures are not kept: their cost is bounded by the limits on what is compiled.
 */
import type { Result } from "./result.ts";

export type DigestCache<T> = (digest: string, make: () => Result<T>) => Result<T>;

export function digestCache<T>(maxEntries: number): DigestCache<T> {
  const kept = new Map<string, Result<T>>();
  return (digest, make) => {
    const found = kept.get(digest);
    const value = found ?? make();
    if (!value.ok) return value;
    // Maps iterate in insertion order: inserting again makes an entry the youngest.
    kept.delete(digest);
    kept.set(digest, value);
    if (kept.size > maxEntries) kept.delete(kept.keys().next().value!);
    return value;
  };
}
