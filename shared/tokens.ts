/**
 * Texts that name one thing wherever they are found: e-mail addresses, IBANs, URLs and declared ids. Two spellings of the same
 * address are equal here; a bare number or a word is never a token, because it can be found in any text by chance.
 */

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

/** WHATWG serialisation of an http(s) URL; one that carries credentials is none, since what it shows is not where it goes. */
function normalUrl(value: string): string | undefined {
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(value) || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.username === "" && url.password === "" ? url.href : undefined;
}

/** ASCII alone: other letters that fold to these, such as the long s and the Kelvin sign, are other letters. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/** Whether the token stands in the text as a token of its own, not as a part of a longer one. */
export function occursIn(token: Token, text: string): boolean {
  switch (token.kind) {
    case "url":
      return urlsIn(text).some((url) => url === token.normal);
    case "iban":
      return occursSpaced(token.normal, upper(text));
    case "email":
      return occursBounded(token.normal, lower(text));
    case "id":
      return occursBounded(token.normal, text);
  }
}

function urlsIn(text: string): (string | undefined)[] {
  const words = text.split(/[\s<>"'`()[\]{}|]+/).filter((word) => /^https?:/i.test(word));
  return words.map((word) => normalUrl(trimEnd(word)));
}

/** Punctuation that ends a sentence does not belong to the URL before it. */
function trimEnd(word: string): string {
  let end = word.length;
  while (end > 0 && ".,;:!?".includes(word[end - 1]!)) end--;
  return word.slice(0, end);
}

function occursBounded(needle: string, haystack: string): boolean {
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1))
    if (isBounded(haystack, at, at + needle.length)) return true;
  return false;
}

/** The characters of `iban` in order, with at most single spaces between them. */
function occursSpaced(iban: string, text: string): boolean {
  for (let start = text.indexOf(iban[0]!); start >= 0; start = text.indexOf(iban[0]!, start + 1)) {
    let at = start;
    let matched = 0;
    while (matched < iban.length) {
      if (matched > 0 && text[at] === " ") at++;
      if (text[at] !== iban[matched]) break;
      at++;
      matched++;
    }
    if (matched === iban.length && isBounded(text, start, at)) return true;
  }
  return false;
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
