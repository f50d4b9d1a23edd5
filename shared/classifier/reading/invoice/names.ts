/** What an invoice is called and whose it is: its number, the order that it is for, the supplier's VAT id and name, the currency. */
import { DIGIT, digitsIn, toDigits } from "./glyphs.ts";

export type Found = { readonly value: string; readonly evidence: readonly string[] };
const NONE = (what: string): Found => ({ value: "", evidence: [`no-${what}`] });

/** Words for "number of this invoice", most telling first. */
const NUMBER_CALLED = [
  /(?:invoi[ce]{2}|inv\.?|tax invoice|bill|credit note|document|statement)\s*(?:number|num\b|no\b|n\.?[°ºo]|nr\b|#|id\b|ref(?:erence)?\b)/,
  /(?:rechnungs?|rg|re|beleg|gutschrifts?|faktura)[\s.-]*(?:nummer|nr\b|no\b|#)/,
  /(?:facture|avoir)\s*(?:n\.?[°ºo]?\b|num[ée]ro|r[ée]f[ée]rence)/,
  /(?:n\.?[°ºo]|num[ée]ro|n[úu]mero|nr)\.?\s*(?:de\s*|d')?(?:la\s*)?(?:facture|factura|avoir|fattura|abono)/,
  /(?:factuur|creditnota)[\s-]*(?:nummer|nr\b|no\b)/,
  /(?:factura|fattura)\s*(?:n\.?[°ºo]?\b|n[úu]m(?:ero)?|nr\b)/,
  /^(?:tax )?invoice\b|^rechnung\b|^facture\b|^factura\b|^factuur\b|^credit note\b|^gutschrift\b/,
];
const OTHER_NUMBER =
  /order|bestell|purchase|commande|pedido|p\.?o\.?\b|customer|kunden|client|cliente|klant|delivery|liefer|livraison|vat|ust|steuer|tva|nif|iban|bic|phone|tel|fax|account|konto|date|datum|hrb|article|artikel|project|projekt|page|seite/;
const NUMBER = /[A-Z0-9][A-Z0-9|/_.-]*/gi;

/** The invoice's own number, in capitals, with the digits of its parts put right. */
export function numberIn(lines: readonly string[], skip: (text: string) => boolean): Found {
  for (const [strength, called] of NUMBER_CALLED.entries())
    for (const [at, line] of lines.entries()) {
      const match = called.exec(line.toLowerCase());
      if (match === null) continue;
      if (
        strength === NUMBER_CALLED.length - 1 &&
        OTHER_NUMBER.test(line.toLowerCase().slice(0, 60)) &&
        !/n[°or]/i.test(line)
      )
        continue;
      const after = line.slice(match.index + match[0].length);
      const here = firstNumber(after, skip, 40);
      const found = here ?? firstNumber(lines[at + 1] ?? "", skip, 40);
      if (found === null) continue;
      const value = tidied(found);
      return {
        value,
        evidence: [
          here === null ? "number-below" : "number-beside",
          strength === NUMBER_CALLED.length - 1 ? "number-in-title" : "number-called",
          ...(value === found.toUpperCase() ? [] : ["number-scanned"]),
          ...(digitsIn(value) < 3 ? ["number-short"] : []),
          ...(/[OISBLZ]\d|\d[OISBLZ](?!\d*$)/.test(value) ? ["number-mixed"] : []),
        ],
      };
    }
  return NONE("number");
}

function firstNumber(text: string, skip: (text: string) => boolean, within: number): string | null {
  for (const match of text.slice(0, within + 40).matchAll(NUMBER)) {
    const word = match[0].replace(/[._|/-]+$/, "");
    if (match.index > within) return null;
    // An amount, or a part of one.
    if (
      /^[.,']\d/.test(text.slice(match.index + match[0].length)) ||
      /[€£$]\s?$|(?:EUR|GBP|USD|CHF) ?$/.test(text.slice(0, match.index))
    )
      return null;
    if (word.length < 3 || digitsIn(toDigits(word)) < 2 || !/\d/.test(word)) {
      if (/[a-z]{4,}/i.test(word) && OTHER_NUMBER.test(word.toLowerCase())) return null;
      continue;
    }
    if (skip(word)) return null;
    return word;
  }
  return null;
}

/** In a part that is mostly digits, the letters are digits: `RE-2O26-OO41` → `RE-2026-0041`. */
function tidied(number: string): string {
  return number
    .toUpperCase()
    .split(/([/_.-])/)
    .map((part) => {
      const prefix = /^[A-Z]{2,4}(?=[0-9])/.exec(part)?.[0] ?? /^[A-Z](?=\d{3})/.exec(part)?.[0] ?? "";
      const rest = part.slice(prefix.length);
      return digitsIn(rest) * 2 >= rest.length && rest.length > 1 ? prefix + toDigits(rest) : part;
    })
    .join("");
}

/** `PO-######` as a pattern in which signs may be missing, spaces stand between, and letters stand for digits. */
export function orderIn(text: string, mask: string | undefined): Found {
  if (mask === undefined) return { value: "", evidence: [] };
  const pattern = [...mask]
    .map((char) =>
      char === "#" ? `${DIGIT} ?` : char === "O" ? "[O0]" : char === "-" || char === "/" ? " ?[-/.]? ?" : char,
    )
    .join("");
  const all = [
    ...text.toUpperCase().matchAll(new RegExp(`(?<![A-Z0-9])${pattern.toUpperCase()}(?![A-Z0-9])`, "g")),
  ].map((match) => match[0]);
  const values = [...new Set(all.map((written) => filled(mask, written)))];
  const [value] = values;
  if (value === undefined) return NONE("order");
  return {
    value,
    evidence: [values.length > 1 ? "orders-differ" : "order-there", ...(all.includes(value) ? [] : ["order-scanned"])],
  };
}

function filled(mask: string, written: string): string {
  const digits = toDigits(written.replace(/[^A-Z0-9|]/gi, "").slice(mask.replace(/[^A-Z]/g, "").length));
  let at = 0;
  return [...mask].map((char) => (char === "#" ? (digits[at++] ?? "") : char)).join("");
}

const spaced = (pattern: string): string => pattern.replaceAll(DIGIT, `(?:${DIGIT}[ .]?)`);
const VAT_IDS = [
  ["DE", `${DIGIT}{9}`],
  ["ATU", `${DIGIT}{8}`],
  ["FR", `[A-Z0-9]{2} ?${DIGIT}{9}`],
  ["GB", `${DIGIT}{9}`],
  ["NL", `${DIGIT}{9}B${DIGIT}{2}`],
  ["ES", `[A-Z]${DIGIT}{8}`],
  ["IT", `${DIGIT}{11}`],
  ["BE", `[01]${DIGIT}{9}`],
  ["IE", `${DIGIT}{7}[A-Z]{1,2}`],
].map(([country, pattern]) => ({
  country: country!,
  pattern: new RegExp(`(?<![A-Za-z0-9])${country}[ .]?(${spaced(pattern!)})(?![A-Za-z0-9])`, "g"),
}));

/** The supplier's VAT id: one that is not the reader's own. */
export function vatIdIn(text: string, own: readonly string[]): Found {
  const values: string[] = [];
  let scanned = false;
  const upper = text.replace(/[oli|]/g, (glyph) => toDigits(glyph));
  for (const { country, pattern } of VAT_IDS)
    for (const match of upper.matchAll(pattern)) {
      const written = match[1]!.replace(/[ .]/g, "");
      const value = country + placed(country, written);
      if (own.includes(value) || values.includes(value)) continue;
      if (value !== country + written) scanned = true;
      values.push(value);
    }
  const [value] = values;
  if (value === undefined) return NONE("vat-id");
  return {
    value,
    evidence: [values.length > 1 ? "vat-ids-differ" : "vat-id-there", ...(scanned ? ["vat-id-scanned"] : [])],
  };
}
/** Digits where the country has digits. */
function placed(country: string, written: string): string {
  if (country === "NL") return `${toDigits(written.slice(0, 9))}B${toDigits(written.slice(10))}`;
  if (country === "IE") return toDigits(written.slice(0, 7)) + written.slice(7);
  const letters = country === "FR" ? 2 : country === "ES" ? 1 : 0;
  return written.slice(0, letters) + toDigits(written.slice(letters));
}

const FORM =
  /\b(?:GmbH|AG|KG|UG|e\.K\.|Ltd\.?|Limited|LLP|PLC|Inc\.?|LLC|S\.?A\.?R\.?L\.?|SAS|S\.?A\.?|B\.?V\.?|N\.?V\.?|S\.?L\.?|S\.?r\.?l\.?|SpA|Oy|AB|OHG|GbR|& Co)(?![A-Za-z])/;
const TO =
  /bill(?:ed)? to|invoice to|ship to|sold to|customer|kunde|rechnung an|rechnungsempf|an:|client|factur[ée] [àa]|destinataire|cliente|klant|aan:|attn|to:/i;

/** The first company that is not addressed. A name decides nothing: the supplier is known by its VAT id or its order. */
export function supplierIn(lines: readonly string[]): Found {
  for (const [at, line] of lines.entries()) {
    const form = FORM.exec(line);
    if (form === null || TO.test(line) || TO.test(lines[at - 1] ?? "")) continue;
    const name = line
      .slice(0, form.index + form[0].length)
      .split(/ {3,}|\||: /)
      .at(-1)!
      .replace(/^[^A-Za-z0-9]+/, "")
      .trim();
    if (name.length > form[0].length + 2 && name.length <= 80) return { value: name, evidence: [] };
  }
  return { value: "", evidence: [] };
}

const CURRENCIES: { readonly [code: string]: RegExp } = {
  EUR: /€|\bEUR\b|\beuros?\b/gi,
  GBP: /£|\bGBP\b/gi,
  USD: /(?<![A-Z])\$|\bUSD\b|US\$/g,
  CHF: /\bCHF\b|\bFr\.(?= ?\d)/g,
};
export function currencyIn(text: string): Found {
  const counts = Object.entries(CURRENCIES)
    .map(([code, pattern]) => ({ code, n: [...text.matchAll(pattern)].length }))
    .filter(({ n }) => n > 0)
    .toSorted((a, b) => b.n - a.n);
  const [first, second] = counts;
  if (first === undefined) return NONE("currency");
  return { value: first.code, evidence: [second === undefined ? "one-currency" : "currencies-differ"] };
}
