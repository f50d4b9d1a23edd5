/**
 * Amounts in a text, in whatever way they are written (`1,234.56`, `1.234,56`, `1 234,56`, `1'234.56`, `1234,56 €`), and which of them are net, tax and
 * total. Words beside an amount say what it is called; that net and tax are the total, at a rate that exists, says that three of them belong together.
 */
import { LIMITS } from "../../../limits.ts";
import { DIGIT, digitsIn, toDigits } from "./glyphs.ts";

export type Amount = {
  readonly cents: number;
  readonly line: number;
  /** What stands before it on its line; on a line of amounts alone, the line before. */
  readonly called: string;
  readonly scanned: boolean;
};

/** Characters before an amount that can say what it is; a text can be one line of thousands. */
const NEAR = 240;
/** Groups of three: of more, no amount is counted (LIMITS.readFieldMost). */
const GROUPED = `${DIGIT}{1,3}(?:[.,' ]${DIGIT}{3}){1,4}`;
const AMOUNT = new RegExp(
  `(?<![A-Za-z0-9.,/-])-?(?:${GROUPED}|${DIGIT}{1,9})(?:[.,] ?${DIGIT}{2}|,-|\\.--)(?![A-Za-z0-9%]|[.,/-]\\d| ?%)`,
  "g",
);

export function amountsIn(lines: readonly string[]): Amount[] {
  return lines.flatMap((line, at) =>
    [...line.matchAll(AMOUNT)].flatMap((match) => {
      const written = match[0];
      const cents = centsOf(written);
      if (cents === null) return [];
      const before = line.slice(Math.max(0, match.index - NEAR), match.index);
      const own = /[A-Za-z]{2}/.test(withoutCurrency(before))
        ? before
        : `${(lines[at - 1] ?? "").slice(-NEAR)} ${before}`;
      return [{ cents, line: at, called: own.toLowerCase(), scanned: /[A-Za-z|]/.test(written) }];
    }),
  );
}

const withoutCurrency = (text: string): string => text.replace(/\b(?:EUR|GBP|USD|CHF)\b/g, "");

/** Null where it is no amount: too few true digits, a minus, or more than a field holds. */
function centsOf(written: string): number | null {
  if (written.startsWith("-")) return null;
  const digits = digitsIn(written);
  if (digits * 2 < written.replace(/[^A-Za-z0-9|]/g, "").length) return null;
  const plain = toDigits(written.replace(/,-$|\.--$/, ".00").replace(/ /g, ""));
  const cents = Number(`${plain.slice(0, -3).replace(/\D/g, "")}${plain.slice(-2)}`);
  return cents > 0 && cents <= LIMITS.readFieldMost ? cents : null;
}

const NOT_TOTAL =
  /unit|price|einzelpreis|prix unit|precio|qty|menge|discount|rabatt|remise|skonto|deposit|anzahlung|acompte|shipping only/;
const GROSS =
  /amount due|total due|balance due|grand total|total payable|invoice total|total amount|incl|inkl|gesamtbetrag|rechnungsbetrag|zahlbetrag|endbetrag|bruttobetrag|brutto|gross|t\.?t\.?c|(?:net )?[àa] payer|total a pagar|importe total|con i\.?v\.?a|te betalen|totaal|zu zahlen|payable/;
const NET =
  /sub-?total|zwischensumme|neto\b|net(?:to)?(?:betrag|summe|wert| amount| total| value)?\b|total net|excl|exkl|zzgl|without vat|before tax|h\.?t\.?\b|hors taxe|base imponible|subtotaal|warenwert/;
const TAX = /\bvat\b|mwst|ust\b|umsatzsteuer|mehrwertsteuer|t\.?v\.?a|\btax\b|i\.?v\.?a\b|btw|steuer/;
const TOTAL = /\btotal\b|summe|\bsum\b|montant|betrag|gesamt|amount/;

/** How well the words beside an amount fit what it would be. */
function fits({ called }: Amount, role: "net" | "vat" | "gross"): number {
  const words = called.slice(-60);
  if (NOT_TOTAL.test(words)) return -2;
  const isNet = NET.test(words) && !/[àa] payer/.test(words);
  const isGross = GROSS.test(words);
  const isTax =
    TAX.test(words) && !/vat id|vat no|vat reg|ust-?id|incl|inkl|excl|exkl|t\.?t\.?c|gross|brutto|without/.test(words);
  if (role === "gross")
    return (isGross ? 3 : 0) + (TOTAL.test(words) ? 1 : 0) - (isNet && !isGross ? 2 : 0) - (isTax && !isGross ? 2 : 0);
  if (role === "net") return (isNet ? 3 : 0) - (isGross && !isNet ? 2 : 0) - (isTax ? 1 : 0);
  return (isTax ? 3 : 0) - (isGross ? 1 : 0) - (isNet ? 1 : 0);
}

/** Rates of the countries whose invoices are read, in tenths of a percent. */
const RATES = [0, 25, 26, 38, 40, 50, 55, 60, 70, 77, 81, 90, 100, 120, 130, 190, 200, 210, 220, 230, 240, 250];
const isRate = (net: number, vat: number): boolean => RATES.some((rate) => Math.abs(net * rate - vat * 1_000) <= 2_000);

export type Totals = {
  readonly netCents: number;
  readonly vatCents: number;
  readonly grossCents: number;
  readonly evidence: readonly string[];
};

export function totalsOf(amounts: readonly Amount[], isUntaxed: boolean): Totals {
  const best = bestTriple(amounts, isUntaxed);
  if (best !== null) return best;
  const gross = strongest(amounts, "gross");
  const net = strongest(amounts, "net");
  const vat = strongest(amounts, "vat");
  return {
    netCents: net?.cents ?? 0,
    vatCents: vat?.cents ?? 0,
    grossCents: gross?.cents ?? 0,
    evidence: [
      "totals-do-not-add",
      gross === null ? "no-gross" : "gross-called",
      net === null ? "no-net" : "net-called",
    ],
  };
}

function strongest(amounts: readonly Amount[], role: "net" | "vat" | "gross"): Amount | null {
  let best: Amount | null = null;
  let score = 0;
  for (const amount of amounts) {
    const own = fits(amount, role);
    if (own > score || (own === score && own > 0 && role === "gross" && amount.cents > (best?.cents ?? 0))) {
      best = amount;
      score = own;
    }
  }
  return best;
}

type Candidate = Totals & { readonly score: number };

/** The three that add up and are called what they would be. Sums of lines add up too, so words decide between those. */
function bestTriple(all: readonly Amount[], isUntaxed: boolean): Totals | null {
  // The totals stand at the end.
  const amounts = all.slice(-MOST_AMOUNTS);
  let best: Candidate | null = null;
  let second = -100;
  const offer = (candidate: Candidate) => {
    if (best === null || candidate.score > best.score) {
      if (best !== null && best.grossCents !== candidate.grossCents) second = best.score;
      best = candidate;
    } else if (candidate.grossCents !== best.grossCents && candidate.score > second) second = candidate.score;
  };
  for (const gross of amounts) {
    const asGross = fits(gross, "gross");
    for (const net of amounts) {
      if (net === gross || net.cents > gross.cents) continue;
      const vatCents = gross.cents - net.cents;
      if (!isRate(net.cents, vatCents)) continue;
      if (vatCents === 0 && !isUntaxed) continue;
      const asNet = fits(net, "net");
      const vat = amounts
        .filter((one) => one.cents === vatCents)
        .reduce((most, one) => Math.max(most, fits(one, "vat")), -1);
      const isThere = vatCents === 0 || amounts.some((one) => one.cents === vatCents);
      const score = asGross + asNet + Math.max(0, vat) + (isThere ? 3 : 0);
      if (score < 4) continue;
      offer({
        netCents: net.cents,
        vatCents,
        grossCents: gross.cents,
        score,
        evidence: [
          isThere ? "totals-add" : "tax-computed",
          asGross > 2 ? "gross-called" : "gross-guessed",
          asNet > 2 ? "net-called" : "net-guessed",
          ...(vat > 2 ? ["tax-called"] : []),
          ...(gross.scanned || net.scanned ? ["totals-scanned"] : []),
        ],
      });
    }
  }
  if (best === null) return null;
  const { score: _score, ...totals } = best as Candidate;
  return (best as Candidate).score - second < 2
    ? { ...totals, evidence: [...totals.evidence, "totals-close"] }
    : totals;
}

const MOST_AMOUNTS = 40;
