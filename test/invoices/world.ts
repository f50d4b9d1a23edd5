/** A made-up business: suppliers in six countries, the orders placed with them, and what was booked before. */
import { randomFrom, type Random } from "./random.ts";

export type Language = "en" | "de" | "fr" | "nl" | "es";
export type Supplier = {
  readonly id: string;
  readonly name: string;
  readonly street: string;
  readonly city: string;
  readonly country: string;
  readonly language: Language;
  readonly vatId: string;
  readonly iban: string;
  readonly currency: string;
  /** In tenths of a percent. */
  readonly rate: number;
};
export type Order = {
  readonly id: string;
  readonly supplier: Supplier;
  readonly currency: string;
  readonly netCents: number;
  readonly vatCents: number;
  readonly grossCents: number;
};
export type World = {
  readonly suppliers: readonly Supplier[];
  readonly orders: readonly Order[];
  readonly seed: number;
};

export const OWN = { vatId: "DE811999123", iban: "DE75512108001245126199", name: "Nordlicht Handels GmbH" };

const COUNTRIES = [
  {
    country: "DE",
    language: "de",
    currency: "EUR",
    rate: 190,
    forms: ["GmbH", "AG", "KG"],
    cities: ["20095 Hamburg", "04109 Leipzig", "50667 Köln"],
  },
  {
    country: "GB",
    language: "en",
    currency: "GBP",
    rate: 200,
    forms: ["Ltd", "Limited", "PLC"],
    cities: ["Leeds LS1 4AP", "Bristol BS1 5TR"],
  },
  {
    country: "FR",
    language: "fr",
    currency: "EUR",
    rate: 200,
    forms: ["SARL", "SAS", "SA"],
    cities: ["69002 Lyon", "31000 Toulouse"],
  },
  {
    country: "NL",
    language: "nl",
    currency: "EUR",
    rate: 210,
    forms: ["B.V."],
    cities: ["1012 AB Amsterdam", "3511 LX Utrecht"],
  },
  {
    country: "ES",
    language: "es",
    currency: "EUR",
    rate: 210,
    forms: ["S.L.", "S.A."],
    cities: ["46002 Valencia", "41001 Sevilla"],
  },
  { country: "AT", language: "de", currency: "EUR", rate: 200, forms: ["GmbH"], cities: ["1010 Wien", "8010 Graz"] },
  {
    country: "IE",
    language: "en",
    currency: "EUR",
    rate: 230,
    forms: ["Ltd", "Limited"],
    cities: ["Dublin D02 X285", "Cork T12 W8KP"],
  },
] as const;
const NAMES = [
  "Alder",
  "Brandt",
  "Castell",
  "Delorme",
  "Ekman",
  "Fabrik",
  "Garnier",
  "Hollis",
  "Iversen",
  "Jansen",
  "Kessler",
  "Lindqvist",
  "Moreau",
  "Norden",
  "Ortega",
  "Pelham",
  "Quint",
  "Rossi",
  "Sander",
  "Thorne",
  "Ulmer",
  "Vidal",
  "Werner",
  "Ximenez",
  "Yates",
  "Zeller",
];
const TRADES = [
  "Office Supply",
  "Logistik",
  "Papier",
  "Electronics",
  "Reinigung",
  "Consulting",
  "Packaging",
  "Werkzeuge",
  "Mobilier",
  "Software",
  "Print",
  "Energie",
];
const STREETS = [
  "Harbour Road 12",
  "Lindenstr. 8",
  "Rue des Lilas 41",
  "Keizersgracht 210",
  "Calle Mayor 5",
  "Mill Lane 77",
  "Bahnhofstr. 3",
];

export function worldOf(seed: number, suppliers: number, ordersEach: number): World {
  const random = randomFrom(seed);
  const all = Array.from({ length: suppliers }, (_, i) => supplierOf(i, random));
  const orders = all.flatMap((supplier) => Array.from({ length: ordersEach }, () => orderOf(supplier, random)));
  const seen = new Set<string>();
  return { suppliers: all, orders: orders.filter(({ id }) => !seen.has(id) && seen.add(id) !== undefined), seed };
}

function supplierOf(i: number, random: Random): Supplier {
  const { country, language, currency, rate, forms, cities } = COUNTRIES[i % COUNTRIES.length]!;
  return {
    id: `sup_${String(i + 1).padStart(3, "0")}`,
    name: `${random.one(NAMES)} ${random.one(TRADES)} ${random.one<string>(forms)}`,
    street: random.one(STREETS),
    city: random.one<string>(cities),
    country,
    language,
    vatId: vatIdOf(country, random),
    iban: ibanOf(country, random),
    currency,
    rate,
  };
}

export function orderOf(supplier: Supplier, random: Random): Order {
  const netCents = random.chance(0.08)
    ? random.int(2_200_000, 4_000_000)
    : random.chance(0.5)
      ? random.int(2_000, 90_000)
      : random.int(90_000, 1_500_000);
  const vatCents = Math.round((netCents * supplier.rate) / 1_000);
  return {
    id: `PO-${random.digits(6)}`,
    supplier,
    currency: supplier.currency,
    netCents,
    vatCents,
    grossCents: netCents + vatCents,
  };
}

function vatIdOf(country: string, random: Random): string {
  switch (country) {
    case "AT":
      return `ATU${random.digits(8)}`;
    case "FR":
      return `FR${random.digits(11)}`;
    case "NL":
      return `NL${random.digits(9)}B0${random.int(1, 9)}`;
    case "ES":
      return `ESB${random.digits(8)}`;
    case "IE":
      return `IE${random.digits(7)}WA`;
    default:
      return `${country}${random.digits(9)}`;
  }
}

const BBAN: { readonly [country: string]: (random: Random) => string } = {
  DE: (r) => r.digits(18),
  AT: (r) => r.digits(16),
  FR: (r) => r.digits(23),
  ES: (r) => r.digits(20),
  GB: (r) => `${r.one(["NWBK", "BARC", "LOYD"])}${r.digits(14)}`,
  IE: (r) => `${r.one(["AIBK", "BOFI"])}${r.digits(14)}`,
  NL: (r) => `${r.one(["ABNA", "INGB", "RABO"])}${r.digits(10)}`,
};
export function ibanOf(country: string, random: Random): string {
  const bban = BBAN[country]!(random);
  let rest = 0;
  for (const char of `${bban}${country}00`) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return `${country}${String(98 - rest).padStart(2, "0")}${bban}`;
}
