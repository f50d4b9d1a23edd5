/** The mark that stands where a value of an erased person stood. */
import type { Json } from "../../../shared/json.ts";

export const isErased = (value: Json): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, "$erased");
