/** Accounts in a text: found by their checksum (ISO 13616, mod 97), also across line ends and with letters scanned for digits. */
import { toDigit } from "./glyphs.ts";

/** Characters of an account by country, and which of its places hold letters only. */
const COUNTRIES: { readonly [country: string]: { readonly length: number; readonly letters: readonly number[] } } = {
  AT: { length: 20, letters: [] },
  BE: { length: 16, letters: [] },
  CH: { length: 21, letters: [] },
  DE: { length: 22, letters: [] },
  ES: { length: 24, letters: [] },
  FR: { length: 27, letters: [] },
  GB: { length: 22, letters: [4, 5, 6, 7] },
  IE: { length: 22, letters: [4, 5, 6, 7] },
  IT: { length: 27, letters: [4] },
  LU: { length: 20, letters: [] },
  NL: { length: 18, letters: [4, 5, 6, 7] },
  PL: { length: 28, letters: [] },
  PT: { length: 25, letters: [] },
};

/** The account without spaces where its checksum holds. */
export function isIban(iban: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) return false;
  let rest = 0;
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

export type FoundIban = { readonly iban: string; readonly at: number; readonly repaired: boolean };

/** Every account whose checksum holds, in the order of the text. */
export function ibansIn(text: string): FoundIban[] {
  const found: FoundIban[] = [];
  for (const match of text.matchAll(/(?<![A-Za-z0-9])[A-Z]{2}(?=[ \n]{0,2}[0-9OolISB]{2})/g)) {
    const country = COUNTRIES[match[0]];
    if (country === undefined) continue;
    const written = take(text, match.index, country.length);
    if (written === null) continue;
    const plain = written.toUpperCase();
    if (isIban(plain)) found.push({ iban: plain, at: match.index, repaired: false });
    else {
      const repaired = repair(written, country.letters);
      if (repaired !== null) found.push({ iban: repaired, at: match.index, repaired: true });
    }
  }
  return found;
}

/** So many letters and digits from a place on; only spaces and line ends stand between them. */
function take(text: string, from: number, length: number): string | null {
  let taken = "";
  for (let at = from; at < text.length && taken.length < length; at++) {
    const char = text[at]!;
    if (/[A-Za-z0-9|]/.test(char)) taken += char;
    else if (!/[\s.-]/.test(char)) return null;
  }
  return taken.length === length ? taken : null;
}

/** Digits where a country has digits; where letters are possible, the reading whose checksum holds, if there is exactly one kind of it. */
function repair(written: string, letters: readonly number[]): string | null {
  const all = [...written].map((char, i) => (i < 2 || letters.includes(i) ? char.toUpperCase() : toDigit(char)));
  const plain = all.join("").toUpperCase();
  return isIban(plain) ? plain : null;
}
