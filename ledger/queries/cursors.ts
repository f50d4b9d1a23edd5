/** Cursors of pages: opaque to callers, a prefix that names the list and a JSON value. */
import type * as z from "zod";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../shared/bytes.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";

export const encodeCursor = (list: string, value: unknown): string =>
  toBase64Url(utf8(`${list}:${JSON.stringify(value)}`));

/** Errors: invalid-request for what {@link encodeCursor} did not give out for this list. */
export function decodeCursor<T>(list: string, cursor: string, schema: z.ZodType<T>): Result<T> {
  const bytes = fromBase64Url(cursor);
  const text = bytes === null ? null : fromUtf8(bytes);
  if (text?.startsWith(`${list}:`) === true)
    try {
      const parsed = schema.safeParse(JSON.parse(text.slice(list.length + 1)));
      if (parsed.success) return ok(parsed.data);
    } catch {
      // Refused below.
    }
  return err(problem("invalid-request", "This is not a cursor of this list.", { paths: ["/cursor"] }));
}
