/**
 * Texts that name one thing wherever they are found: e-mail addresses, IBANs, URLs and declared ids. Two spellings of the same
 * address are equal here; a bare number or a word is never a token, because it can be found in any text by chance.
 */
import { LIMITS } from "./limits.ts";
import { isNamed, type Place } from "./naming.ts";

export type Token = { readonly kind: "email" | "iban" | "url" | "id"; readonly normal: string };

const EMAIL = /^[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}$/i;
const IBAN = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;
const MAX_CHARS = 2_048;

/** The token that a whole value is, or undefined. `ids` are the patterns of declared id types. */
export function asToken(value: string, ids: readonly RegExp[]): Token | undefined {
  if (value.length > MAX_CHARS) return undefined;
  if (ids.some((id) => id.test(value))) return { kind: "id", normal: value };
  if (EMAIL.test(value)) return { kind: "email", normal: lower(value) };
  const iban = normalIban(value);
  if (iban !== undefined) return { kind: "iban", normal: iban };
  const url = normalUrl(value);
  return url === undefined ? undefined : { kind: "url", normal: url };
}

/** ISO 13616: no spaces, upper case, check digits right. */
function normalIban(value: string): string | undefined {
  const plain = upper(value.replaceAll(" ", ""));
  if (value.length > 50 || !IBAN.test(plain)) return undefined;
  let remainder = 0;
  for (const char of plain.slice(4) + plain.slice(0, 4)) {
    const digits = /\d/.test(char) ? char : String(char.charCodeAt(0) - 55);
    remainder = Number(`${remainder}${digits}`) % 97;
  }
  return remainder === 1 ? plain : undefined;
}

/**
 * WHATWG serialisation of an http(s) URL. One whose host is not written as it is, or that has a backslash, is none: another parser than
 * this one may send it elsewhere (`https://good.example\@evil.example`, credentials, `http://0177.0.0.1`).
 */
function normalUrl(value: string): string | undefined {
  const written = /^https?:\/\/([^/?#]+)[\x21-\x5b\x5d-\x7e]*$/i.exec(value)?.[1];
  if (written === undefined || !URL.canParse(value)) return undefined;
  const { host, protocol, href } = new URL(value);
  const authority = lower(written);
  return authority === host || authority === `${host}:${protocol === "https:" ? 443 : 80}` ? href : undefined;
}

/** ASCII alone: other letters that fold to these, such as the long s and the Kelvin sign, are other letters. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/**
 * Whether texts of one speaker name the token: it stands in one as a token of its own, and no place says that it is not meant
 * (shared/naming.ts). `taken back` where one does.
 */
export function naming(texts: readonly string[], token: Token): "named" | "taken back" | "absent" {
  const said = texts.map((text) => ({ text, places: placesOf(token, text) })).filter(({ places }) => places.length > 0);
  if (said.length === 0) return "absent";
  return said.every(({ text, places }) => places.length < LIMITS.namingPlaces && isNamed(text, places))
    ? "named"
    : "taken back";
}

/** Whether the token stands in the text as a token of its own, not as a part of a longer one. */
export const occursIn = (token: Token, text: string): boolean => placesOf(token, text).length > 0;

/** Where the token stands; at most so many places are looked at as a person would write. */
export function placesOf(token: Token, text: string): Place[] {
  switch (token.kind) {
    case "url":
      return urlsIn(text).filter(({ url }) => url === token.normal);
    case "iban":
      return take(spacedPlaces(token.normal, upper(text)));
    case "email":
      return take(boundedPlaces(token.normal, lower(text)));
    case "id":
      return take(boundedPlaces(token.normal, text));
  }
}

function take(places: Iterable<Place>): Place[] {
  const taken: Place[] = [];
  for (const place of places) {
    taken.push(place);
    if (taken.length >= LIMITS.namingPlaces) break;
  }
  return taken;
}

function urlsIn(text: string): (Place & { readonly url: string | undefined })[] {
  return [...text.matchAll(/https?:[^\s<>"'`()[\]{}|]+/gi)]
    .filter(({ index }) => index === 0 || /[\s<>"'`()[\]{}|]/.test(text[index - 1]!))
    .map(({ index, 0: word }) => {
      const trimmed = trimEnd(word);
      return { url: normalUrl(trimmed), start: index, end: index + trimmed.length };
    });
}

/** Punctuation that ends a sentence does not belong to the URL before it. */
function trimEnd(word: string): string {
  let end = word.length;
  while (end > 0 && ".,;:!?".includes(word[end - 1]!)) end--;
  return word.slice(0, end);
}

function* boundedPlaces(needle: string, haystack: string): Generator<Place> {
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    const place = { start: at, end: at + needle.length };
    if (isBounded(haystack, place.start, place.end)) yield place;
  }
}

/** The characters of `iban` in order, with at most single spaces between them. */
function* spacedPlaces(iban: string, text: string): Generator<Place> {
  for (let start = text.indexOf(iban[0]!); start >= 0; start = text.indexOf(iban[0]!, start + 1)) {
    let at = start;
    let matched = 0;
    while (matched < iban.length) {
      if (matched > 0 && text[at] === " ") at++;
      if (text[at] !== iban[matched]) break;
      at++;
      matched++;
    }
    if (matched === iban.length && isBounded(text, start, at)) yield { start, end: at };
  }
}

/** Marks and invisible characters belong to the word they stand in: a decomposed `é`, or a zero-width space, ends nothing. */
const WORD = /[\p{L}\p{N}\p{M}\p{Cf}_]/u;
/** Characters that join words into one token: `a.b`, `a-b`, `a@b`, `a/b`, `a+b`. */
const JOINS = ".-@/+%#~&=";

/** No word character touches the place, neither directly nor over a joining character. */
function isBounded(text: string, start: number, end: number): boolean {
  return !touches(text[start - 1], text[start - 2]) && !touches(text[end], text[end + 1]);
}

function touches(next: string | undefined, afterNext: string | undefined): boolean {
  if (next === undefined) return false;
  if (WORD.test(next) || isSurrogate(next)) return true;
  return (
    JOINS.includes(next) &&
    afterNext !== undefined &&
    (WORD.test(afterNext) || JOINS.includes(afterNext) || isSurrogate(afterNext))
  );
}

/** Half of a character outside the basic plane: taken for a letter, to be safe. */
const isSurrogate = (char: string): boolean => char >= "\ud800" && char <= "\udfff";
