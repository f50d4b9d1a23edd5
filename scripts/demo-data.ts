/**
 * The demonstration data of the tenant `dev`: a shop with its catalogue, customers and orders, the same at every start. A customer's rows
 * live in one region, chosen by the hash of the customer's id as the automations' releases choose it; the catalogue stands in both.
 */
import { canonicalize } from "../shared/canonical.ts";
import { regionByHash } from "../shared/region.ts";
import { CITIES_BY_REGION, FIRST_NAMES, LAST_NAMES, PRODUCTS, STREETS } from "./demo-catalogue.ts";

const TENANT = "dev";
const REGIONS = ["eu", "us"] as const;
const SEED = 20_261_001;
const CUSTOMERS = 320;
/** Rows of one INSERT: keeps a statement short enough to read in an error. */
const CHUNK = 100;

/** Customers to try things with; their orders never change between versions of the generator. */
export const DEMO = {
  /** Lives in `eu`. */
  ada: {
    customerId: "ada_lund_1815",
    /** Pending, 128.50, paid by card: cancelled without a person. */
    smallOrder: "#W2000001",
    /** Pending, 2149.00: too large to be cancelled without a person. */
    largeOrder: "#W2000002",
    /** Delivered, 86.00: can be returned or exchanged. */
    deliveredOrder: "#W2000003",
  },
  /** Lives in `us`. */
  grace: {
    customerId: "grace_marsh_1906",
    smallOrder: "#W2000011",
    largeOrder: "#W2000012",
    deliveredOrder: "#W2000013",
  },
} as const;

type Value = string | number | null;
type Row = { readonly [column: string]: Value };
type Table = Row[];
type Tables = { [table: string]: Table };
type Variant = {
  readonly id: string;
  readonly productId: string;
  readonly name: string;
  readonly options: string;
  readonly available: boolean;
  readonly priceCents: number;
};

export const homeRegion = (customerId: string): string => regionByHash(customerId, REGIONS);

/** SQL statements that fill an empty business database of a region, in order. Text only: they go through `wrangler d1 execute`. */
export function demoSql(region: "eu" | "us"): string[] {
  const catalogue = makeCatalogue();
  const tables: Tables = {
    products: PRODUCTS.map(({ name }, i) => ({ id: productId(i), name })),
    variants: catalogue.map((v) => ({
      id: v.id,
      product_id: v.productId,
      options: v.options,
      available: v.available ? 1 : 0,
      price_cents: v.priceCents,
    })),
    customers: [],
    payment_methods: [],
    orders: [],
    order_items: [],
    fulfillments: [],
    payments: [],
  };
  for (const person of people())
    if (homeRegion(person.customerId) === region) addCustomer(tables, person, region, catalogue);
  for (const [i, fixture] of [DEMO.ada, DEMO.grace].entries())
    if (homeRegion(fixture.customerId) === region) addFixture(tables, fixture, i, region, catalogue);
  return Object.entries(tables).flatMap(([table, rows]) => inserts(table, rows));
}

type Person = { readonly index: number; readonly first: string; readonly last: string; readonly customerId: string };

function people(): Person[] {
  return Array.from({ length: CUSTOMERS }, (_, index) => {
    const first = FIRST_NAMES[index % FIRST_NAMES.length]!;
    const last = LAST_NAMES[Math.floor(index / FIRST_NAMES.length) % LAST_NAMES.length]!;
    return { index, first, last, customerId: `${first}_${last}_${1000 + index}`.toLowerCase() };
  });
}

const digits = (value: number, width: number): string => String(value).padStart(width, "0");
const productId = (index: number): string => `71${digits(index, 8)}`;

/** Every combination of a product's options up to twelve, each with its price; one in six is not available. */
function makeCatalogue(): Variant[] {
  const random = randomFrom(SEED);
  return PRODUCTS.flatMap(({ name, fromCents, toCents, options }, i) =>
    combinations(options)
      .slice(0, 12)
      .map((chosen, j) => ({
        id: `72${digits(i * 100 + j, 8)}`,
        productId: productId(i),
        name,
        options: canonicalize(chosen),
        available: random() > 1 / 6,
        priceCents: fromCents + Math.floor((random() * (toCents - fromCents)) / 25) * 25,
      })),
  );
}

function combinations(options: { readonly [name: string]: readonly string[] }): Record<string, string>[] {
  return Object.entries(options).reduce<Record<string, string>[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

function addCustomer(
  tables: Tables,
  { index, first, last, customerId }: Person,
  region: string,
  catalogue: readonly Variant[],
): void {
  // Each customer has a sequence of their own, so that a change to one leaves the others as they are.
  const random = randomFrom(SEED + 1 + index);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const address = addressIn(region, random);
  tables.customers!.push({
    id: customerId,
    first_name: first,
    last_name: last,
    email: `${first}.${last}.${1000 + index}@example.test`.toLowerCase(),
    ...address,
  });
  const methods = [card(`credit_card_3${digits(index, 6)}`, customerId, digits(Math.floor(random() * 10_000), 4))];
  if (random() < 0.5)
    methods.push(giftCard(`gift_card_3${digits(index, 6)}`, customerId, Math.floor(random() * 400) * 50));
  if (random() < 0.4)
    methods.push({
      id: `paypal_3${digits(index, 6)}`,
      customer_id: customerId,
      kind: "paypal",
      brand: null,
      last_four: null,
      balance_cents: null,
    });
  tables.payment_methods!.push(...methods);
  const payers = methods.filter(({ kind }) => kind !== "gift_card");
  for (let position = 0; position < 1 + Math.floor(random() * 4); position++) {
    const items = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(catalogue));
    const status = pick([
      "pending",
      "pending",
      "pending",
      "processed",
      "delivered",
      "delivered",
      "delivered",
      "cancelled",
    ]);
    const id = `#W3${digits(index * 10 + position, 6)}`;
    addOrder(tables, { id, customerId, position, status, address, items, methodId: pick(payers).id as string });
  }
}

/** The memorable customers: prices are set here and not taken from the catalogue. */
function addFixture(
  tables: Tables,
  fixture: typeof DEMO.ada | typeof DEMO.grace,
  index: number,
  region: string,
  catalogue: readonly Variant[],
): void {
  const { customerId } = fixture;
  const [first, last] = customerId.split("_").map((part) => part[0]!.toUpperCase() + part.slice(1));
  const address = addressIn(region, randomFrom(SEED - 1 - index));
  tables.customers!.push({
    id: customerId,
    first_name: first!,
    last_name: last!,
    email: `${first}.${last}@example.test`.toLowerCase(),
    ...address,
  });
  const methodId = `credit_card_200000${index}`;
  tables.payment_methods!.push(
    card(methodId, customerId, "4242"),
    giftCard(`gift_card_200000${index}`, customerId, 5_000),
  );
  const item = (name: string, priceCents: number): Variant => ({
    ...catalogue.find((variant) => variant.name === name && variant.available)!,
    priceCents,
  });
  const order = (id: string, position: number, status: string, items: readonly Variant[]) =>
    addOrder(tables, { id, customerId, position, status, address, items, methodId });
  order(fixture.smallOrder, 0, "pending", [item("Reading Lamp", 8_950), item("Tea Tin", 3_900)]);
  order(fixture.largeOrder, 1, "pending", [item("Oak Table", 124_900), item("City Bicycle", 90_000)]);
  order(fixture.deliveredOrder, 2, "delivered", [item("Moka Pot", 4_400), item("Stoneware Bowl", 4_200)]);
}

type DemoOrder = {
  readonly id: string;
  readonly customerId: string;
  readonly position: number;
  readonly status: string;
  readonly address: Row;
  readonly items: readonly Variant[];
  readonly methodId: string;
};

function addOrder(tables: Tables, { id, customerId, position, status, address, items, methodId }: DemoOrder): void {
  tables.orders!.push({
    id,
    customer_id: customerId,
    position,
    status,
    ...address,
    cancel_reason: status === "cancelled" ? "no longer needed" : null,
  });
  items.forEach((item, at) =>
    tables.order_items!.push({
      order_id: id,
      position: at,
      product_id: item.productId,
      variant_id: item.id,
      name: item.name,
      options: item.options,
      price_cents: item.priceCents,
    }),
  );
  const amountCents = items.reduce((sum, { priceCents }) => sum + priceCents, 0);
  tables.payments!.push({ order_id: id, position: 0, kind: "payment", amount_cents: amountCents, method_id: methodId });
  if (status === "cancelled")
    tables.payments!.push({
      order_id: id,
      position: 1,
      kind: "refund",
      amount_cents: amountCents,
      method_id: methodId,
    });
  if (status === "processed" || status === "delivered")
    tables.fulfillments!.push({
      order_id: id,
      position: 0,
      tracking_ids: canonicalize([`CS${id.slice(2)}`]),
      variant_ids: canonicalize(items.map((item) => item.id)),
    });
}

const card = (id: string, customerId: string, lastFour: string): Row => ({
  id,
  customer_id: customerId,
  kind: "credit_card",
  brand: "visa",
  last_four: lastFour,
  balance_cents: null,
});
const giftCard = (id: string, customerId: string, balanceCents: number): Row => ({
  id,
  customer_id: customerId,
  kind: "gift_card",
  brand: null,
  last_four: null,
  balance_cents: balanceCents,
});

function addressIn(region: string, random: () => number): Row {
  const cities = CITIES_BY_REGION[region]!;
  const [city, state, country, zip] = cities[Math.floor(random() * cities.length)]!;
  const street = STREETS[Math.floor(random() * STREETS.length)]!;
  return {
    address1: `${1 + Math.floor(random() * 200)} ${street}`,
    address2: random() < 0.3 ? `Apt ${1 + Math.floor(random() * 40)}` : "",
    city,
    state,
    country,
    zip: `${zip}${digits(Math.floor(random() * 100), 2)}`,
  };
}

function inserts(table: string, rows: Table): string[] {
  return Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, i) => {
    const chunk = rows.slice(i * CHUNK, (i + 1) * CHUNK);
    const columns = Object.keys(chunk[0]!);
    const values = chunk.map(
      (row) => `(${[TENANT, ...columns.map((column) => row[column]!)].map(literal).join(", ")})`,
    );
    return `INSERT OR IGNORE INTO ${table} (tenant, ${columns.join(", ")}) VALUES ${values.join(", ")}`;
  });
}

/** A SQL literal. Only this generator's own constants come here; wrangler's file interface takes no parameters. */
const literal = (value: Value): string =>
  value === null ? "NULL" : typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;

/** mulberry32: small, seeded, the same everywhere. For demonstration data and tests only. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
