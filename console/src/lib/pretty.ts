/** JSON for reading: what fits on a line stands on a line, everything else one member to a line. Pure. */
import type { Json } from "../../../shared/json.ts";

const LINE_CHARS = 88;
const STEP = "  ";

export function pretty(value: Json, indent = ""): string {
  const line = inline(value);
  if (value === null || typeof value !== "object" || indent.length + line.length <= LINE_CHARS) return line;
  const inner = indent + STEP;
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((item: Json) => inner + pretty(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item as Json, inner)}`);
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${members.join(",\n")}\n${indent}${close}`;
}

function inline(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${inline(item as Json)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}
