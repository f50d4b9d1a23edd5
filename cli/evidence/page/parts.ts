/**
 * The parts of this file, and whether their bytes are those that were written. A digest over a part finds an accident and a careless hand;
 * whoever writes the digests anew is found by the signatures, or not at all where these are no part of what was changed.
 */
import { sha256 } from "../../../shared/sha256.ts";
import { toHex } from "../../../shared/bytes.ts";

const PART = "data-part";
const INTEGRITY = "integrity";

/** Read once, before anything on the page changes. */
export const parts: ReadonlyMap<string, string> = new Map(
  [...document.querySelectorAll(`[${PART}]`)].map((element) => [element.getAttribute(PART)!, element.textContent]),
);

/** The page without the contents of its parts. */
const frame = ((): string => {
  const copy = document.documentElement.cloneNode(true) as HTMLElement;
  for (const element of copy.querySelectorAll(`[${PART}]`)) element.replaceChildren();
  return copy.outerHTML;
})();

/** Names of the parts that differ from what was written. */
export function changedParts(): string[] {
  let written: { readonly [part: string]: unknown };
  try {
    written = JSON.parse(parts.get(INTEGRITY) ?? "") as typeof written;
  } catch {
    return [INTEGRITY];
  }
  const found = new Map([...parts, ["page", frame]]);
  found.delete(INTEGRITY);
  const names = new Set([...found.keys(), ...Object.keys(written)]);
  return [...names].filter((name) => written[name] !== toHex(sha256(found.get(name) ?? "")));
}

export function jsonPart(name: string): unknown {
  try {
    return JSON.parse(parts.get(name) ?? "");
  } catch {
    return undefined;
  }
}
