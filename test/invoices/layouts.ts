/** How documents are laid out: four ways for the examples, five others for the test. */
import type { Sheet } from "./documents.ts";
import type { Random } from "./random.ts";
import type { Words } from "./words.ts";
import { OWN, type Language } from "./world.ts";

type Layout = (sheet: Sheet, words: Words, random: Random) => string[];

const GROUPS: { readonly [language in Language]: readonly [group: string, decimal: string] } = {
  en: [",", "."],
  de: [".", ","],
  fr: [" ", ","],
  nl: [".", ","],
  es: [".", ","],
};
function plain(cents: number, [group, decimal]: readonly [string, string]): string {
  const whole = String(Math.floor(cents / 100)).replace(/\B(?=(\d{3})+$)/g, group);
  return `${whole}${decimal}${String(cents % 100).padStart(2, "0")}`;
}
const SIGNS: { readonly [currency: string]: string } = { EUR: "€", GBP: "£" };

type Style = {
  readonly money: (cents: number) => string;
  /** As `money`, with the currency in any case. */
  readonly total: (cents: number) => string;
  readonly date: (iso: string) => string;
  readonly say: (list: readonly string[]) => string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly vatLine: string;
};

const MONTHS: { readonly [language in Language]: readonly string[] } = {
  en: [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
  ],
  de: [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
  ],
  fr: [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
  ],
  nl: [
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
  ],
  es: [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
  ],
};

function styleOf(sheet: Sheet, words: Words, random: Random): Style {
  const { which, kind, supplier, currency } = sheet;
  const { language } = supplier;
  const own = GROUPS[language];
  const groups = which !== "a" ? random.one([own, own, ["'", "."] as const, ["", own[1]] as const]) : own;
  const sign = SIGNS[currency]!;
  const money = random.one(
    which === "a"
      ? [(cents: number) => plain(cents, groups), (cents: number) => `${plain(cents, groups)} ${currency}`]
      : [
          (cents: number) => `${currency} ${plain(cents, groups)}`,
          (cents: number) => (language === "en" ? `${sign}${plain(cents, groups)}` : `${plain(cents, groups)} ${sign}`),
          (cents: number) => plain(cents, groups),
        ],
  );
  const total = (cents: number) => (/[A-Z€£]/.test(money(cents)) ? money(cents) : `${money(cents)} ${currency}`);
  const date = random.one<(iso: string) => string>(
    which === "a"
      ? [(iso) => iso, (iso) => parts(iso).join(language === "de" ? "." : "/")]
      : [
          (iso) =>
            `${Number(parts(iso)[0])}${language === "de" ? "." : ""} ${MONTHS[language][Number(parts(iso)[1]) - 1]} ${parts(iso)[2]}`,
          (iso) => parts(iso).join(language === "de" ? "." : "-"),
          (iso) => iso,
        ],
  );
  const say = (list: readonly string[]) => random.one(list);
  const [other, otherNote] = random.one(words.other);
  const title =
    kind === "credit-note"
      ? say(words.credit)
      : kind === "reminder"
        ? say(words.reminder)
        : kind === "not-an-invoice"
          ? other!
          : say(words.invoice);
  const notes =
    kind === "credit-note"
      ? [say(words.creditNote)]
      : kind === "reminder"
        ? [say(words.reminderNote)]
        : kind === "not-an-invoice"
          ? [otherNote!]
          : [say(kind === "goods-invoice" ? words.goodsNote : words.servicesNote)];
  const vatLine = say(words.vat).replace("{r}", plainRate(supplier.rate));
  return {
    money,
    total,
    date,
    say,
    title,
    notes: [...notes, ...(sheet.instructions === "" ? [] : [sheet.instructions])],
    vatLine,
  };
}
const parts = (iso: string): string[] => iso.split("-").toReversed();
const plainRate = (rate: number): string => (rate % 10 === 0 ? String(rate / 10) : (rate / 10).toFixed(1));
const spacedIban = (iban: string): string => iban.replace(/(.{4})(?=.)/g, "$1 ");
const right = (label: string, value: string): string => label.padEnd(44) + value.padStart(16);

const BUYER = [OWN.name, "Speicherstadt 4", "20457 Hamburg"];
const heading = (sheet: Sheet): string[] => [sheet.supplier.name, sheet.supplier.street, sheet.supplier.city];
/** Left out where the value is. */
const line = (label: string, value: string): string[] => (value === "" ? [] : [`${label} ${value}`]);
const items = (sheet: Sheet, { money }: Style): string[] =>
  sheet.items.map(({ name, quantity, cents }, i) => `${i + 1}  ${quantity} x ${name}   ${money(cents)}`);

/** Heading, fields one below the other, items, totals. */
const letter: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  return [
    ...heading(sheet),
    ...line(say(words.vatId), sheet.vatId),
    "",
    say(words.to),
    ...BUYER,
    "",
    style.title,
    ...line(say(words.number), sheet.number),
    ...line(say(words.date), date(sheet.issuedOn)),
    ...line(say(words.order), sheet.orderNumber),
    "",
    ...items(sheet, style),
    "",
    `${say(words.net)} ${money(sheet.netCents)}`,
    `${style.vatLine} ${money(sheet.vatCents)}`,
    `${say(words.gross)} ${total(sheet.grossCents)}`,
    "",
    ...style.notes,
    `${say(words.due)} ${date(sheet.dueOn)}`,
    ...line(say(words.account), spacedIban(sheet.iban)),
  ];
};
/** The title with the number, totals set to the right. */
const ledger: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  return [
    style.title,
    ...line(say(words.number), sheet.number),
    ...heading(sheet),
    "",
    `${say(words.to)} ${BUYER.join(", ")}`,
    `${say(words.date)} ${date(sheet.issuedOn)}   ${say(words.due)} ${date(sheet.dueOn)}`,
    ...line(say(words.order), sheet.orderNumber),
    ...items(sheet, style),
    right(say(words.net), money(sheet.netCents)),
    right(style.vatLine, money(sheet.vatCents)),
    right(say(words.gross), total(sheet.grossCents)),
    ...style.notes,
    [...line(say(words.vatId), sheet.vatId), ...line(say(words.account), spacedIban(sheet.iban))].join("   "),
  ];
};
/** Short: what a small business writes. */
const short: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  return [
    `${sheet.supplier.name} - ${sheet.supplier.city}`,
    style.title,
    ...line(say(words.date), date(sheet.issuedOn)),
    ...line(say(words.number), sheet.number),
    ...line(say(words.order), sheet.orderNumber),
    ...sheet.items.map(({ name, cents }) => `${name}: ${money(cents)}`),
    `${say(words.net)}: ${money(sheet.netCents)}`,
    `${style.vatLine}: ${money(sheet.vatCents)}`,
    `${say(words.gross)}: ${total(sheet.grossCents)}`,
    ...style.notes,
    ...line(say(words.account), sheet.iban),
    ...line(say(words.vatId), sheet.vatId),
  ];
};
/** With the buyer's own ids and a delivery date, which are not the invoice's. */
const detailed: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  return [
    ...heading(sheet),
    style.title,
    `${say(words.to)} ${BUYER[0]}`,
    `${say(words.yourVatId)} ${OWN.vatId}`,
    ...line(say(words.order), sheet.orderNumber),
    `${say(words.delivered)} ${date(sheet.dueOn)}`,
    ...line(say(words.number), sheet.number),
    ...line(say(words.date), date(sheet.issuedOn)),
    "",
    ...items(sheet, style),
    right(say(words.net), money(sheet.netCents)),
    right(style.vatLine, money(sheet.vatCents)),
    right(say(words.gross), total(sheet.grossCents)),
    "",
    ...style.notes,
    ...line(say(words.vatId), sheet.vatId),
    ...line(say(words.account), spacedIban(sheet.iban)),
  ];
};

/** Names in one row, values in the next. */
const tabular: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  const cells: [string, string][] = [
    [say(words.number), sheet.number],
    [say(words.date), date(sheet.issuedOn)],
    [say(words.order), sheet.orderNumber],
  ];
  const there = cells.filter(([, value]) => value !== "");
  return [
    `${sheet.supplier.name} | ${sheet.supplier.street} | ${sheet.supplier.city}`,
    "",
    ...BUYER,
    "",
    style.title,
    there.map(([name]) => name.padEnd(24)).join(" "),
    there.map(([, value]) => value.padEnd(24)).join(" "),
    "",
    ...items(sheet, style),
    "",
    right(say(words.net), money(sheet.netCents)),
    right(style.vatLine, money(sheet.vatCents)),
    right(say(words.gross), total(sheet.grossCents)),
    ...style.notes,
    `${say(words.due)}: ${date(sheet.dueOn)}`,
    [
      sheet.supplier.name,
      ...line(say(words.vatId), sheet.vatId),
      ...line(say(words.account), spacedIban(sheet.iban)),
    ].join(" | "),
  ];
};
/** Dotted lines between names and values. */
const dotted: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  const row = (name: string, value: string): string[] =>
    value === "" ? [] : [`${`${name} `.padEnd(34, ".")} ${value}`];
  return [
    style.title,
    "",
    ...heading(sheet),
    ...row(say(words.date), date(sheet.issuedOn)),
    ...row(say(words.number), sheet.number),
    ...row(say(words.to), BUYER[0]!),
    ...row(say(words.yourVatId), OWN.vatId),
    ...row(say(words.order), sheet.orderNumber),
    ...sheet.items.flatMap(({ name, quantity, cents }) => row(`${quantity} ${name}`, money(cents))),
    ...row(say(words.net), money(sheet.netCents)),
    ...row(style.vatLine, money(sheet.vatCents)),
    ...row(say(words.gross), total(sheet.grossCents)),
    ...style.notes,
    ...row(say(words.vatId), sheet.vatId),
    ...row(say(words.account), spacedIban(sheet.iban)),
  ];
};
/** Totals first, as invoices by mail have them; the letterhead at the foot. */
const summary: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  return [
    `${style.title} - ${say(words.gross)}: ${total(sheet.grossCents)}`,
    `${say(words.due)}: ${date(sheet.dueOn)}`,
    "",
    ...line(`${say(words.number)}:`, sheet.number),
    ...line(`${say(words.order)}:`, sheet.orderNumber),
    `${say(words.date)}: ${date(sheet.issuedOn)}`,
    "",
    ...sheet.items.map(
      ({ name, quantity, cents }) => `${quantity}   ${name}   ${money(Math.round(cents / quantity))}   ${money(cents)}`,
    ),
    `${say(words.net)}   ${money(sheet.netCents)}`,
    `${style.vatLine}   ${money(sheet.vatCents)}`,
    `${say(words.gross)}   ${total(sheet.grossCents)}`,
    ...style.notes,
    "",
    [...heading(sheet), ...line(say(words.vatId), sheet.vatId)].join(", "),
    ...line(say(words.account), spacedIban(sheet.iban)),
  ];
};
/** Names above values, as extraction from two columns leaves them. */
const stacked: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  const above = (name: string, value: string): string[] => (value === "" ? [] : [name, value]);
  return [
    ...heading(sheet),
    style.title,
    ...above(say(words.order), sheet.orderNumber),
    ...above(say(words.number), sheet.number),
    ...above(say(words.date), date(sheet.issuedOn)),
    ...above(say(words.due), date(sheet.dueOn)),
    say(words.to),
    ...BUYER,
    ...items(sheet, style),
    ...above(say(words.net), money(sheet.netCents)),
    ...above(style.vatLine, money(sheet.vatCents)),
    ...above(say(words.gross), total(sheet.grossCents)),
    ...style.notes,
    ...above(say(words.account), spacedIban(sheet.iban)),
    ...above(say(words.vatId), sheet.vatId),
  ];
};
/** The account broken over two lines, with everything else run together. */
const narrow: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  const iban = spacedIban(sheet.iban);
  return [
    sheet.supplier.name,
    `${style.title}  ${say(words.date)} ${date(sheet.issuedOn)}`,
    [...line(say(words.number), sheet.number), ...line(say(words.order), sheet.orderNumber)].join("  "),
    `${say(words.delivered)} ${date(sheet.dueOn)}`,
    ...items(sheet, style),
    `${say(words.net)} ${money(sheet.netCents)}  ${style.vatLine} ${money(sheet.vatCents)}`,
    `${say(words.gross)}`,
    total(sheet.grossCents),
    ...style.notes,
    ...(iban === "" ? [] : [`${say(words.account)} ${iban.slice(0, 14)}`, iban.slice(14).trim()]),
    ...line(say(words.vatId), sheet.vatId),
    ...heading(sheet).slice(1),
  ];
};

/** In sentences, as a mail has it. */
const prose: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  return [
    `${style.title} / ${sheet.supplier.name}`,
    "",
    `${BUYER[0]}, ${date(sheet.issuedOn)}`,
    "",
    [...line(say(words.number), sheet.number), ...line(say(words.order), sheet.orderNumber)].join(", "),
    `${sheet.items.map(({ quantity, name }) => `${quantity} ${name}`).join(", ")}.`,
    `${say(words.net)} ${money(sheet.netCents)}, ${style.vatLine} ${money(sheet.vatCents)}, ${say(words.gross)} ${total(sheet.grossCents)}.`,
    ...style.notes,
    ...line(say(words.account), spacedIban(sheet.iban)),
    "",
    [...heading(sheet), ...line(say(words.vatId), sheet.vatId)].join(" - "),
  ];
};
/** Two columns whose lines extraction has run together. */
const columns: Layout = (sheet, words, random) => {
  const style = styleOf(sheet, words, random);
  const { say, money, total, date } = style;
  const left = [sheet.supplier.name, sheet.supplier.street, sheet.supplier.city, "", ...BUYER];
  const rightOf = [
    style.title,
    ...line(say(words.number), sheet.number),
    ...line(say(words.date), date(sheet.issuedOn)),
    ...line(say(words.order), sheet.orderNumber),
    `${say(words.due)} ${date(sheet.dueOn)}`,
  ];
  const rows = Math.max(left.length, rightOf.length);
  return [
    ...Array.from({ length: rows }, (_, i) => `${(left[i] ?? "").padEnd(36)}    ${rightOf[i] ?? ""}`.trimEnd()),
    ...items(sheet, style),
    `${"".padEnd(30)}${say(words.net)}    ${money(sheet.netCents)}`,
    `${"".padEnd(30)}${style.vatLine}    ${money(sheet.vatCents)}`,
    `${"".padEnd(30)}${say(words.gross)}    ${total(sheet.grossCents)}`,
    ...style.notes,
    [...line(say(words.account), spacedIban(sheet.iban)), ...line(say(words.vatId), sheet.vatId)].join("    "),
  ];
};

export const LAYOUTS = {
  a: [letter, ledger, short, detailed],
  b: [tabular, dotted, summary, stacked, narrow],
  /** With the words of `b`: nothing was ever changed for these. */
  c: [prose, columns],
} as const;
