/**
 * JSON Pointer (RFC 6901): how fields are named in contracts, references and problems.
 */
import type { Json, JsonObject } from "./json.ts";

const INDEX = /^(?:0|[1-9][0-9]{0,9})$/;

/** The segments of a pointer, or undefined where the text is not one. The empty pointer names the whole value. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export const escapeSegment = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1");

export const isIndex = (segment: string): boolean => INDEX.test(segment);

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at the pointer; undefined where there is none. Only own properties and existing elements count. */
export function valueAt(value: Json, pointer: string): Json | undefined {
  let current: Json | undefined = value;
  for (const segment of parsePointer(pointer) ?? [undefined]) {
    if (segment === undefined || current === undefined) return undefined;
    if (Array.isArray(current)) current = isIndex(segment) ? current[Number(segment)] : undefined;
    else current = isObject(current) && Object.hasOwn(current, segment) ? current[segment] : undefined;
  }
  return current;
}
