/**
 * Salted commitments: personal values are never in what is signed or recorded. In their place stands {"$commit": C} with
 * C = base64url(SHA-256(JCS([salt, value]))); salt and value travel beside as a disclosure, and erasing the disclosure erases the value.
 * The salt has 128 random bits, so that a short value cannot be found by trying.
 */
import { canonicalize } from "./canonical.ts";
import { fromBase64Url, toBase64Url } from "./bytes.ts";
import type { Json, JsonObject } from "./json.ts";
import { problem } from "./problems.ts";
import { err, ok, type Err, type Result } from "./result.ts";
import { sha256 } from "./sha256.ts";

/** Stands where a personal value stood; the string is 43 characters of base64url. */
export type Committed = { readonly $commit: string };
/** Opens one commitment. `salt` is the base64url of 16 random bytes. */
export type Disclosure = { readonly salt: string; readonly value: Json };
/** Disclosures by the commitment that each opens. */
export type Disclosures = { readonly [commitment: string]: Disclosure };

export const SALT_BYTES = 16;
const isSalt = (text: string): boolean => fromBase64Url(text)?.length === SALT_BYTES;

/** The commitment to a value. Throws where the salt is not 16 bytes of canonical base64url. */
export function commit(salt: string, value: Json): string {
  if (!isSalt(salt)) throw new TypeError("a salt is 16 bytes of base64url");
  return toBase64Url(sha256(canonicalize([salt, value])));
}

/** Whether a disclosure opens a commitment. */
export const openCommitment = (commitment: string, { salt, value }: Disclosure): boolean =>
  isSalt(salt) && commit(salt, value) === commitment;

/**
 * Whether a key anywhere in a value starts with "$". Such keys belong to the protocol; what comes from outside is refused
 * if it holds one, so that no genuine value can pass for a commitment or a reference.
 */
export function containsReserved(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.some(containsReserved);
  return Object.entries(value as JsonObject).some(([key, inner]) => key.startsWith("$") || containsReserved(inner));
}

/**
 * Replaces each personal value by its commitment. `isPersonal` is asked from the outside in, with the RFC 6901 pointer and the value there;
 * what it claims is committed whole. Throws where a personal value holds a reserved key or the input already holds a commitment.
 */
export function commitFields(
  value: Json,
  isPersonal: (pointer: string, value: Json) => boolean,
  newSalt: () => string,
): { committed: Json; disclosures: Disclosures } {
  const disclosures: Record<string, Disclosure> = {};
  const walk = (inner: Json, pointer: string): Json => {
    if (isPersonal(pointer, inner)) {
      if (containsReserved(inner)) throw new TypeError(`a personal value holds a reserved key: ${pointer}`);
      const salt = newSalt();
      const commitment = commit(salt, inner);
      disclosures[commitment] = { salt, value: inner };
      return { $commit: commitment };
    }
    if (inner !== null && typeof inner === "object" && Object.hasOwn(inner, "$commit"))
      throw new TypeError(`already a commitment: ${pointer}`);
    return mapChildren(inner, (child, key) => walk(child, `${pointer}/${escapeToken(key)}`));
  };
  return { committed: walk(value, ""), disclosures };
}

/**
 * Puts disclosed values back. Refuses with `disclosure-missing` (a commitment without its disclosure) and `disclosure-mismatch`
 * (a disclosure that does not open its commitment, that no commitment asks for, or whose value holds a reserved key; a malformed
 * commitment). Disclosed values are never searched for further commitments.
 */
export function discloseFields(committed: Json, disclosures: Disclosures): Result<Json> {
  const used = new Set<string>();
  let failed: Err<ReturnType<typeof problem>> | undefined;
  const fail = (code: "disclosure-missing" | "disclosure-mismatch", detail: string, commitment: string): null => {
    failed ??= err(problem(code, detail, { commitment }));
    return null;
  };
  const walk = (inner: Json): Json => {
    if (inner === null || typeof inner !== "object" || !Object.hasOwn(inner, "$commit"))
      return mapChildren(inner, walk);
    const commitment = (inner as JsonObject)["$commit"]!;
    if (typeof commitment !== "string" || Object.keys(inner).length !== 1)
      return fail("disclosure-mismatch", "A commitment is malformed.", "");
    if (!Object.hasOwn(disclosures, commitment))
      return fail("disclosure-missing", "A committed value was not disclosed.", commitment);
    const disclosure = disclosures[commitment]!;
    used.add(commitment);
    if (containsReserved(disclosure.value))
      return fail("disclosure-mismatch", "A disclosed value holds a reserved key.", commitment);
    if (!openCommitment(commitment, disclosure))
      return fail("disclosure-mismatch", "A disclosed value does not open its commitment.", commitment);
    return disclosure.value;
  };
  const disclosed = walk(committed);
  const unused = Object.keys(disclosures).find((commitment) => !used.has(commitment));
  if (failed === undefined && unused !== undefined)
    fail("disclosure-mismatch", "A disclosure belongs to no commitment.", unused);
  return failed ?? ok(disclosed);
}

/** The same array or object with each child replaced; scalars as they are. */
function mapChildren(value: Json, change: (child: Json, key: string) => Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((child: Json, i) => change(child, String(i)));
  return Object.fromEntries(Object.entries(value as JsonObject).map(([key, child]) => [key, change(child, key)]));
}

/** RFC 6901, section 3. */
const escapeToken = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
