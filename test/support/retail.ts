/**
 * The retail data of ../shared/data as this product's own rows, calls and records. Tests read it in place; it is never copied.
 *
 * `retail()` is null where the folder is absent. Money there is dollars with floating-point residue; here it is cents.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { SqlValue } from "../../executors/adapters/sql.ts";
import type { JsonObject } from "../../shared/json.ts";

export type RetailAddress = {
  address1: string;
  address2: string;
  city: string;
  state: string;
  country: string;
  zip: string;
};
type RetailItem = {
  name: string;
  product_id: string;
  item_id: string;
  price: number;
  options: Record<string, string>;
};
type RetailPayment = { transaction_type: string; amount: number; payment_method_id: string };
export type RetailOrder = {
  order_id: string;
  user_id: string;
  address: RetailAddress;
  items: RetailItem[];
  fulfillments: { tracking_id: string[]; item_ids: string[] }[];
  status: string;
  payment_history: RetailPayment[];
  cancel_reason?: string;
  return_items?: string[];
  return_payment_method_id?: string;
  exchange_items?: string[];
  exchange_new_items?: string[];
  exchange_payment_method_id?: string;
  exchange_price_difference?: number;
};
type RetailMethod = {
  id: string;
  source: string;
  brand?: string;
  last_four?: string;
  balance?: number;
};
export type RetailUser = {
  name: { first_name: string; last_name: string };
  address: RetailAddress;
  email: string;
  payment_methods: Record<string, RetailMethod>;
  orders: string[];
};
type RetailProduct = {
  name: string;
  product_id: string;
  variants: Record<string, { item_id: string; options: Record<string, string>; available: boolean; price: number }>;
};
export type RetailDatabase = {
  products: Record<string, RetailProduct>;
  orders: Record<string, RetailOrder>;
  users: Record<string, RetailUser>;
};
export type RetailCall = {
  name: string;
  arguments: Record<string, unknown>;
  error: string | null;
  writes: boolean;
};
export type RetailTask = {
  id: string;
  user: string;
  request: string;
  calls: RetailCall[];
  expected: { orders: Record<string, RetailOrder>; users: Record<string, RetailUser> };
};

/** COUNTERSIGN_DATA, or `shared/data` beside the repository. */
export const dataFolder = (): string =>
  process.env.COUNTERSIGN_DATA ?? path.resolve(import.meta.dirname, "../../../shared/data");

export function retail(): {
  readonly database: RetailDatabase;
  readonly tasks: readonly RetailTask[];
} | null {
  const folder = path.join(dataFolder(), "retail");
  if (!existsSync(folder)) return null;
  const read = <T>(name: string) => JSON.parse(readFileSync(path.join(folder, name), "utf8")) as T;
  const tasks = ["tasks.train.json", "tasks.dev.json"].flatMap((name) => read<{ tasks: RetailTask[] }>(name).tasks);
  return { database: read<RetailDatabase>("db.json"), tasks };
}

export const toCents = (dollars: number): number => Math.round(dollars * 100);

const STATUS: Record<string, string> = {
  "pending (item modified)": "pending-items-modified",
  "return requested": "return-requested",
  "exchange requested": "exchange-requested",
};
export const toStatus = (status: string): string => STATUS[status] ?? status;

export type Statement = { readonly text: string; readonly params: readonly SqlValue[] };

/** Rows one statement inserts: its parameter stays far below D1's 2 MB. */
const CHUNK = 500;

/** What a tenant holds: customers with their orders, and the products named (all of them where none is). */
export type Stock = {
  readonly tenant: string;
  readonly customers: readonly string[];
  readonly products?: ReadonlySet<string>;
};

/** The statements that fill a tenant: the catalogue, and the customers named (all of them where none is) with their orders. */
export const fillTenant = (database: RetailDatabase, tenant: string, only?: readonly string[]): Statement[] =>
  fillTenants(database, [{ tenant, customers: only ?? Object.keys(database.users) }]);

/** The statements that fill many tenants: as few as for one, but for their size. */
export function fillTenants(database: RetailDatabase, stocks: readonly Stock[]): Statement[] {
  const rowsByTable = new Map<string, Row[]>();
  for (const stock of stocks)
    for (const [table, rows] of Object.entries(rowsOf(database, stock)))
      rowsByTable.set(table, [
        ...(rowsByTable.get(table) ?? []),
        ...rows.map((row) => ({ tenant: stock.tenant, ...row })),
      ]);
  return [...rowsByTable].flatMap(([table, rows]) => inserts(table, rows));
}

type Row = Record<string, unknown>;

function rowsOf(database: RetailDatabase, stock: Stock): Record<string, Row[]> {
  const users = stock.customers.map((id) => [id, database.users[id]!] as const);
  const products = Object.values(database.products).filter(({ product_id: id }) => stock.products?.has(id) ?? true);
  const orders = users.flatMap(([, user]) =>
    user.orders.map((id, position) => ({ ...database.orders[id]!, position })),
  );
  return {
    products: products.map(({ product_id: id, name }) => ({ id, name })),
    variants: products.flatMap(({ product_id, variants }) =>
      Object.values(variants).map((v) => ({
        id: v.item_id,
        product_id,
        options: JSON.stringify(v.options),
        available: v.available ? 1 : 0,
        price_cents: toCents(v.price),
      })),
    ),
    customers: users.map(([id, user]) => ({
      id,
      ...user.name,
      email: user.email,
      ...user.address,
    })),
    payment_methods: users.flatMap(([customer_id, user]) =>
      Object.values(user.payment_methods).map((m) => ({
        id: m.id,
        customer_id,
        kind: m.source,
        brand: m.brand ?? null,
        last_four: m.last_four ?? null,
        balance_cents: m.balance === undefined ? null : toCents(m.balance),
      })),
    ),
    orders: orders.map((o) => ({
      id: o.order_id,
      customer_id: o.user_id,
      position: o.position,
      status: toStatus(o.status),
      ...o.address,
    })),
    order_items: orders.flatMap((o) =>
      o.items.map((i, position) => ({
        order_id: o.order_id,
        position,
        product_id: i.product_id,
        variant_id: i.item_id,
        name: i.name,
        options: JSON.stringify(i.options),
        price_cents: toCents(i.price),
      })),
    ),
    fulfillments: orders.flatMap((o) =>
      o.fulfillments.map((f, position) => ({
        order_id: o.order_id,
        position,
        tracking_ids: JSON.stringify(f.tracking_id),
        variant_ids: JSON.stringify(f.item_ids),
      })),
    ),
    payments: orders.flatMap((o) =>
      o.payment_history.map((p, position) => ({
        order_id: o.order_id,
        position,
        kind: p.transaction_type,
        amount_cents: toCents(p.amount),
        method_id: p.payment_method_id,
      })),
    ),
  };
}

/** Inserts the rows of one table; all of them have the same columns. */
function inserts(table: string, rows: readonly Row[]): Statement[] {
  if (rows.length === 0) return [];
  const columns = Object.keys(rows[0]!);
  const values = columns.map((column) => `value ->> '${column}'`).join(", ");
  const text = `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${values} FROM json_each(?1)`;
  return Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, i) => ({
    text,
    params: [JSON.stringify(rows.slice(i * CHUNK, (i + 1) * CHUNK))],
  }));
}

/** A call of the data as a proposed action: the capability and its arguments. */
export function toAction(call: RetailCall, user: string): { readonly capability: string; readonly args: JsonObject } {
  const a = call.arguments as Record<string, string & string[]>;
  const customerId = user;
  const orderId = a.order_id!;
  const address = () => ({
    address1: a.address1!,
    address2: a.address2!,
    city: a.city!,
    state: a.state!,
    country: a.country!,
    zip: a.zip!,
  });
  const items = () => ({ itemIds: a.item_ids!, paymentMethodId: a.payment_method_id! });
  switch (call.name) {
    case "cancel_pending_order":
      return { capability: "orders.cancel", args: { customerId, orderId, reason: a.reason! } };
    case "modify_pending_order_address":
      return {
        capability: "orders.modify_address",
        args: { customerId, orderId, address: address() },
      };
    case "modify_pending_order_payment":
      return {
        capability: "orders.modify_payment",
        args: { customerId, orderId, paymentMethodId: a.payment_method_id! },
      };
    case "modify_pending_order_items":
      return {
        capability: "orders.modify_items",
        args: { customerId, orderId, ...items(), newItemIds: a.new_item_ids! },
      };
    case "exchange_delivered_order_items":
      return {
        capability: "orders.exchange_items",
        args: { customerId, orderId, ...items(), newItemIds: a.new_item_ids! },
      };
    case "return_delivered_order_items":
      return { capability: "orders.return_items", args: { customerId, orderId, ...items() } };
    case "modify_user_address":
      return { capability: "customers.modify_address", args: { customerId, address: address() } };
    default:
      throw new Error(`no action for ${call.name}`);
  }
}

/** Reads rows of one tenant; D1 and node:sqlite both fit. */
export type Query = (text: string, ...params: SqlValue[]) => Promise<readonly Record<string, SqlValue>[]>;

/** An order's rows in one comparable form; `expectedOrder` gives the same form for an order of the data. */
export async function actualOrder(query: Query, tenant: string, id: string): Promise<unknown> {
  const [order] = await query("SELECT * FROM orders WHERE tenant = ?1 AND id = ?2", tenant, id);
  const items = await query(
    "SELECT * FROM order_items WHERE tenant = ?1 AND order_id = ?2 ORDER BY position",
    tenant,
    id,
  );
  const fulfillments = await query(
    "SELECT * FROM fulfillments WHERE tenant = ?1 AND order_id = ?2 ORDER BY position",
    tenant,
    id,
  );
  const payments = await query(
    "SELECT * FROM payments WHERE tenant = ?1 AND order_id = ?2 ORDER BY position",
    tenant,
    id,
  );
  const [back] = await query("SELECT * FROM order_returns WHERE tenant = ?1 AND order_id = ?2", tenant, id);
  const lines = await query("SELECT * FROM order_return_items WHERE tenant = ?1 AND order_id = ?2", tenant, id);
  return {
    orderId: order!.id,
    customerId: order!.customer_id,
    address: addressOf(order as unknown as RetailAddress),
    items: items.map((i) => ({
      name: i.name,
      productId: i.product_id,
      itemId: i.variant_id,
      cents: i.price_cents,
      options: JSON.parse(i.options as string) as unknown,
    })),
    fulfillments: fulfillments.map((f) => ({
      trackingIds: JSON.parse(f.tracking_ids as string) as unknown,
      itemIds: JSON.parse(f.variant_ids as string) as unknown,
    })),
    status: order!.status,
    payments: payments.map((p) => ({ kind: p.kind, cents: p.amount_cents, method: p.method_id })),
    cancelReason: order!.cancel_reason,
    back:
      back === undefined
        ? null
        : {
            kind: back.kind,
            method: back.method_id,
            difference: back.difference_cents,
            items: lines.map((l) => l.variant_id).toSorted(),
            newItems: lines.flatMap((l) => l.new_variant_id ?? []).toSorted(),
          },
  };
}

export function expectedOrder(order: RetailOrder): unknown {
  const back =
    order.return_items !== undefined
      ? {
          kind: "return",
          method: order.return_payment_method_id,
          difference: null,
          items: order.return_items.toSorted(),
          newItems: [],
        }
      : order.exchange_items !== undefined
        ? {
            kind: "exchange",
            method: order.exchange_payment_method_id,
            difference: toCents(order.exchange_price_difference!),
            items: order.exchange_items.toSorted(),
            newItems: order.exchange_new_items!.toSorted(),
          }
        : null;
  return {
    orderId: order.order_id,
    customerId: order.user_id,
    address: addressOf(order.address),
    items: order.items.map((i) => ({
      name: i.name,
      productId: i.product_id,
      itemId: i.item_id,
      cents: toCents(i.price),
      options: i.options,
    })),
    fulfillments: order.fulfillments.map((f) => ({
      trackingIds: f.tracking_id,
      itemIds: f.item_ids,
    })),
    status: toStatus(order.status),
    payments: order.payment_history.map((p) => ({
      kind: p.transaction_type,
      cents: toCents(p.amount),
      method: p.payment_method_id,
    })),
    cancelReason: order.cancel_reason ?? null,
    back,
  };
}

/** A customer's rows in one comparable form; `expectedUser` gives the same form for a user of the data. */
export async function actualUser(query: Query, tenant: string, id: string): Promise<unknown> {
  const [customer] = await query("SELECT * FROM customers WHERE tenant = ?1 AND id = ?2", tenant, id);
  const methods = await query("SELECT * FROM payment_methods WHERE tenant = ?1 AND customer_id = ?2", tenant, id);
  const orders = await query(
    "SELECT id FROM orders WHERE tenant = ?1 AND customer_id = ?2 ORDER BY position",
    tenant,
    id,
  );
  return {
    name: { first_name: customer!.first_name, last_name: customer!.last_name },
    email: customer!.email,
    address: addressOf(customer as unknown as RetailAddress),
    orders: orders.map((order) => order.id),
    methods: Object.fromEntries(
      methods.map((m) => [m.id, { kind: m.kind, brand: m.brand, lastFour: m.last_four, cents: m.balance_cents }]),
    ),
  };
}

export const expectedUser = (user: RetailUser): unknown => ({
  name: user.name,
  email: user.email,
  address: addressOf(user.address),
  orders: user.orders,
  methods: Object.fromEntries(
    Object.values(user.payment_methods).map((m) => [
      m.id,
      {
        kind: m.source,
        brand: m.brand ?? null,
        lastFour: m.last_four ?? null,
        cents: m.balance === undefined ? null : toCents(m.balance),
      },
    ]),
  ),
});

const addressOf = ({ address1, address2, city, state, country, zip }: RetailAddress): RetailAddress => ({
  address1,
  address2,
  city,
  state,
  country,
  zip,
});
