/** Times as people give them: RFC 3339, a day, or how long ago (`7d`, `12h`, `30m`). */
import { UsageError } from "./exits.ts";

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** RFC 3339. Throws a UsageError for what is no time. */
export function pastTime(text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined) return undefined;
  const ago = /^([1-9][0-9]{0,4})([mhdw])$/.exec(text);
  const ms = ago === null ? Date.parse(text) : nowMs - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  if (!Number.isFinite(ms) || (ago === null && !/^\d{4}-\d{2}-\d{2}/.test(text)))
    throw new UsageError(`${text} is no time: give RFC 3339, a day such as 2026-11-14, or 7d, 12h, 30m.`);
  return new Date(ms).toISOString();
}
