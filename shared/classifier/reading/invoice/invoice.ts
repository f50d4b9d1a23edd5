/**
 * Invoices: what a supplier's document says, from its text alone, whatever its layout, language (English, German, French, Dutch, Spanish) and way to
 * write numbers. The text is somebody else's words; what is read from it is as trusted as they are, and nothing in it is an instruction.
 *
 * I1  The same text gives the same reading everywhere: no locale, no clock, no dictionary from outside.
 * I2  A field is what the text says or nothing: an account whose checksum does not hold is none, and of amounts only the tax is ever computed.
 */
import type { Reader, Reading } from "../reader.ts";
import type { ReaderSettings, ReadFields } from "../schema.ts";
import { LIMITS } from "../../../limits.ts";
import { amountsIn, totalsOf } from "./amounts.ts";
import { daysIn, type Day } from "./dates.ts";
import { folded, linesOf, unrolled } from "./glyphs.ts";
import { ibansIn, isIban } from "./iban.ts";
import { kindCodes } from "./kinds.ts";
import { currencyIn, numberIn, orderIn, supplierIn, vatIdIn, type Found } from "./names.ts";

function read(given: string, { orders, own = [] }: ReaderSettings): Reading {
  const lines = unrolled(linesOf(given.slice(0, LIMITS.readTextChars)));
  const text = lines.join("\n");
  const order = orderIn(text, orders);
  const number = numberIn(lines, (word) => isOther(word, order.value));
  const vatId = vatIdIn(text, own);
  const iban = ibanIn(text, own);
  const currency = currencyIn(text);
  const issued = issuedIn(lines, isAmerican(text, currency.value));
  const totals = totalsOf(amountsIn(lines), UNTAXED.test(text));
  const supplier = supplierIn(lines);
  return {
    fields: {
      supplier: supplier.value.slice(0, LIMITS.readFieldChars),
      number: number.value.slice(0, 60),
      orderNumber: order.value,
      vatId: vatId.value,
      iban: iban.value,
      currency: currency.value,
      issuedOn: issued.value,
      netCents: totals.netCents,
      vatCents: totals.vatCents,
      grossCents: totals.grossCents,
    },
    about: [
      ...kindCodes(lines),
      iban.value === "" ? "no-account" : "account",
      totals.grossCents === 0 ? "no-total" : "total",
    ],
    evidence: [...new Set([number, order, vatId, iban, currency, issued, totals].flatMap(({ evidence }) => evidence))],
  };
}

const UNTAXED =
  /reverse charge|steuerschuldnerschaft|autoliquidation|kleinunternehmer|exempt|steuerfrei|btw verlegd|inversi[óo]n del sujeto|not subject to vat|vat ?\(?0 ?%|0(?:[.,]0+)? ?% ?(?:vat|mwst|tva|ust|iva|btw)/i;
const isAmerican = (text: string, currency: string): boolean => currency === "USD" && /[a-z]/.test(text);

/** A date, an order or an account is no invoice number. */
const isOther = (word: string, order: string): boolean =>
  (order !== "" && folded(word) === folded(order)) ||
  /^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}$|^\d{4}-\d{2}-\d{2}$/.test(word) ||
  /^[\d.,']+[.,]\d{2}$/.test(word) ||
  /^20\d\d$/.test(word) ||
  isIban(word.toUpperCase());

function ibanIn(text: string, own: readonly string[]): Found {
  const all = ibansIn(text).filter(({ iban }) => !own.includes(iban));
  const values = [...new Set(all.map(({ iban }) => iban))];
  const [value] = values;
  // I2: what is called an account and has no checksum that holds is none.
  if (value === undefined) return { value: "", evidence: [/\biban\b/i.test(text) ? "iban-wrong" : "no-iban"] };
  return {
    value,
    evidence: [
      values.length > 1 ? "ibans-differ" : "iban-there",
      ...(all.some(({ repaired }) => repaired) ? ["iban-scanned"] : []),
    ],
  };
}

const ISSUED =
  /invoice date|date of (?:issue|invoice)|issue[d]?\b|rechnungsdatum|datum|ausgestellt|belegdatum|date de (?:la )?facture|[ée]mission|[ée]mise? le|factuurdatum|fecha|emitid|emisi[óo]n|tax point|\bdated?\b|\ble\b|\bden\b|, /;
const NOT_ISSUED =
  /due|f[äa]llig|zahlbar|zahlungsziel|deliver|liefer|leistung|[ée]ch[ée]ance|r[ée]gler|livr|order(?:ed)? date|bestell|commande|vencimiento|pagar|verval|betalen|gelever|period|zeitraum|p[ée]riode|payable|until|bis zum|pay by|settle|service date|entreg|lever|printed|shipped|dispatched|versand|exp[ée]di|verzond|enviad/;

/** The day that is called the invoice's, else the first that is called nothing else. */
function issuedIn(lines: readonly string[], monthFirst: boolean): Found {
  const all = lines.flatMap((line, at) =>
    daysIn(line, monthFirst).map((day) => {
      // What calls it stands near; a text can be one line of thousands of characters.
      const before = line.slice(Math.max(0, day.at - 240), day.at).toLowerCase();
      const called = /[a-zà-ÿ]{2}/.test(before)
        ? before.slice(-40)
        : `${(lines[at - 1] ?? "").slice(-80).toLowerCase()} ${before}`;
      return { ...day, isCalled: ISSUED.test(called) && !NOT_ISSUED.test(called), isOther: NOT_ISSUED.test(called) };
    }),
  );
  const found: (Day & { isCalled: boolean }) | undefined =
    all.find(({ isCalled }) => isCalled) ?? all.find(({ isOther }) => !isOther);
  if (found === undefined) return { value: "", evidence: ["no-date"] };
  const same = new Set(all.filter(({ isCalled }) => isCalled === found.isCalled).map(({ day }) => day));
  return {
    value: found.day,
    evidence: [
      found.isCalled ? "date-called" : "date-guessed",
      ...(found.ambiguous ? ["date-ambiguous"] : []),
      ...(same.size > 1 ? ["dates-differ"] : []),
    ],
  };
}

/** Every value that a model gives has to stand in the text: it may find what code did not, and make nothing up. */
function disproves(given: string, fields: ReadFields, settings: ReaderSettings): string | null {
  const lines = linesOf(given.slice(0, LIMITS.readTextChars));
  const all = folded(lines.join(""));
  const mask = settings.orders?.replace(/[^A-Z]/g, "");
  for (const name of ["number", "orderNumber", "vatId", "iban"] as const) {
    const value = fields[name] as string;
    if (value !== "" && !all.includes(folded(value))) return `${name} does not stand in the text`;
  }
  const { orderNumber, iban, vatId } = fields as {
    readonly orderNumber: string;
    readonly iban: string;
    readonly vatId: string;
  };
  if (orderNumber !== "" && mask !== undefined && orderIn(orderNumber, settings.orders).value !== orderNumber)
    return "orderNumber is not one of ours";
  if (iban !== "" && !isIban(iban)) return "the checksum of iban does not hold";
  if (settings.own?.some((own) => own === iban || own === vatId) === true) return "iban or vatId is our own";
  const amounts = new Set(amountsIn(lines).map(({ cents }) => cents));
  for (const name of ["netCents", "vatCents", "grossCents"] as const)
    if (fields[name] !== 0 && !amounts.has(fields[name] as number)) return `${name} does not stand in the text`;
  const days = lines.flatMap((line) => [...daysIn(line, false), ...daysIn(line, true)]).map(({ day }) => day);
  return fields["issuedOn"] === "" || days.includes(fields["issuedOn"] as string)
    ? null
    : "issuedOn does not stand in the text";
}

export const INVOICE_READER: Reader = {
  fields: {
    supplier: "text",
    number: "text",
    orderNumber: "text",
    vatId: "text",
    iban: "text",
    currency: "text",
    issuedOn: "text",
    netCents: "cents",
    vatCents: "cents",
    grossCents: "cents",
  },
  deciding: ["number", "orderNumber", "vatId", "iban", "currency", "issuedOn", "netCents", "vatCents", "grossCents"],
  read,
  disproves,
};
