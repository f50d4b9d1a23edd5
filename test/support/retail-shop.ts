/**
 * A batch of retail tasks over one start of the three Workers: each task has a tenant of its own, with one executor in each region, fresh
 * rows of its customer in their home region, and the shipped release of customer-operations, promoted.
 */
import { isDeepStrictEqual } from "node:util";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import { regionByHash } from "../../shared/region.ts";
import { startCountersign, type Countersign } from "../e2e/harness.ts";
import { reviewer } from "../e2e/people.ts";
import { value } from "./release.ts";
import { replay, type Replayed } from "./retail-agent.ts";
import type { Reviewed } from "./retail-desk.ts";
import { attack, neighbourOf } from "./retail-hostile.ts";
import {
  actualOrder,
  actualUser,
  expectedOrder,
  expectedUser,
  fillTenants,
  type Query,
  type RetailDatabase,
  type RetailTask,
} from "./retail.ts";
import { openBusinessDatabase } from "./sqlite-d1.ts";

export type Shop = {
  readonly database: RetailDatabase;
  /** Copies of each request. */
  readonly times: number;
  /** Whether a hijacked agent tries its luck first. */
  readonly attacked: (task: RetailTask) => boolean;
  /** A folder with another bundle of the executors Worker. */
  readonly executors?: string;
};

export type Played = {
  readonly task: RetailTask;
  readonly replayed: Replayed;
  readonly reviewed: readonly Reviewed[];
  /** Hostile attempts, by the way in which they ended. */
  readonly attempts: Readonly<Record<string, number>>;
  readonly faults: string[];
};

/** Tasks at a time: enough to keep two cores busy. */
const AT_ONCE = 6;
const REGIONS = [
  { region: "eu", binding: "BUSINESS_EU" },
  { region: "us", binding: "BUSINESS_US" },
] as const;
const homeOf = ({ user }: RetailTask) => {
  const home = regionByHash(
    user,
    REGIONS.map(({ region }) => region),
  );
  return REGIONS.find(({ region }) => region === home)!;
};

/** One task in its tenant. */
type Place = { readonly task: RetailTask; readonly tenant: string; readonly isAttacked: boolean };

/** Plays the tasks. @param meanwhile is asked at the end, while the Workers still run */
export async function playBatch<T>(
  shop: Shop,
  tasks: readonly RetailTask[],
  meanwhile: (system: Countersign) => Promise<T>,
): Promise<{ readonly played: Played[]; readonly told: T }> {
  const places = tasks.map((task, i): Place => ({ task, tenant: `t${i}`, isAttacked: shop.attacked(task) }));
  const tenants = Object.fromEntries(places.map(({ tenant }) => [tenant, { shards: 1 }]));
  const prebuilt = shop.executors === undefined ? {} : { prebuilt: { "countersign-executors": shop.executors } };
  const system = await startCountersign({ tenants, ...prebuilt });
  try {
    await fill(shop, system, places);
    const automation = value(loadAutomation("customer-operations"));
    const played = await inParallel(places, AT_ONCE, async (place) => {
      const dev = system.tenants[place.tenant]!;
      await publishOne(createClient({ baseUrl: system.url, key: dev.apiKeys.operator, fetch }), dev, automation);
      return play(shop, system, place);
    });
    const query = await copyOf(system);
    for (const [i, { tenant }] of places.entries())
      played[i]!.faults.push(...(await wrongRows(query, tenant, shop.database, played[i]!)));
    return { played, told: await meanwhile(system) };
  } finally {
    await system.stop();
  }
}

/** Each customer's rows, and those of their neighbour where there will be an attack, in the customer's home region. */
async function fill({ database }: Shop, system: Countersign, places: readonly Place[]): Promise<void> {
  for (const { region, binding } of REGIONS) {
    const stocks = places
      .filter(({ task }) => homeOf(task).region === region)
      .map(({ task, tenant, isAttacked }) => ({
        tenant,
        customers: isAttacked ? [task.user, neighbourOf(database, task).customerId] : [task.user],
        products: productsFor(database, task),
      }));
    for (const { text, params } of fillTenants(database, stocks)) await system.sql(binding, text, ...params);
  }
}

/** The products of all orders of the customer: whatever an honest call may name. */
const productsFor = ({ users, orders }: RetailDatabase, { user }: RetailTask): ReadonlySet<string> =>
  new Set(users[user]!.orders.flatMap((id) => orders[id]!.items.map((item) => item.product_id)));

async function play({ database, times }: Shop, system: Countersign, place: Place): Promise<Played> {
  const { task, tenant } = place;
  const query: Query = (text, ...params) => system.sql(homeOf(task).binding, text, ...params);
  const lead = await reviewer(system, "ada", ["support-lead"], tenant);
  const desk = { system, tenant, lead, times };
  const faults: string[] = [];
  let attempts: Played["attempts"] = {};
  if (place.isAttacked) {
    const everybody = [task.user, neighbourOf(database, task).customerId];
    const before = await rowsOf(query, tenant, database, everybody);
    const attacked = await attack({ ...desk, reviewed: [] }, database, task);
    attempts = attacked.ends;
    faults.push(...attacked.faults);
    if (!isDeepStrictEqual(await rowsOf(query, tenant, database, everybody), before))
      faults.push("an attack changed rows");
  }
  const reviewed: Reviewed[] = [];
  const replayed = await replay({ ...desk, reviewed }, task, () => rowsOf(query, tenant, database, [task.user]));
  return { task, replayed, reviewed, attempts, faults: [...faults, ...replayed.faults] };
}

async function rowsOf(query: Query, tenant: string, database: RetailDatabase, users: readonly string[]) {
  const rows: unknown[] = [];
  for (const user of users) {
    rows.push(await actualUser(query, tenant, user));
    for (const order of database.users[user]!.orders) rows.push(await actualOrder(query, tenant, order));
  }
  return rows;
}

/** The customer and every order of theirs against what the task expects; what it does not name must be as it was. Each effect stands once. */
async function wrongRows(query: Query, tenant: string, database: RetailDatabase, { task, replayed, reviewed }: Played) {
  const { user, expected } = task;
  const { orders: ids } = database.users[user]!;
  const [actual, ...orders] = await rowsOf(query, tenant, database, [user]);
  const wrong: string[] = [];
  if (!isDeepStrictEqual(actual, expectedUser(expected.users[user] ?? database.users[user]!)))
    wrong.push(`rows of ${user}`);
  for (const [i, id] of ids.entries())
    if (!isDeepStrictEqual(orders[i], expectedOrder(expected.orders[id] ?? database.orders[id]!)))
      wrong.push(`rows of ${id}`);
  const count = async (text: string) =>
    (await query(`SELECT count(*) AS n FROM ${text} AND tenant = ?`, tenant))[0]!["n"];
  const effects = await count("countersign_effects WHERE status = 'applied'");
  if (effects !== replayed.writes) wrong.push(`${effects} effects for ${replayed.writes} writes`);
  const approvals = await count("countersign_attestations WHERE true");
  if (approvals !== reviewed.length) wrong.push(`${approvals} approvals used for ${reviewed.length} reviews`);
  return wrong;
}

const TABLES = [
  "customers",
  "payment_methods",
  "orders",
  "order_items",
  "fulfillments",
  "payments",
  "order_returns",
  "order_return_items",
  "countersign_effects",
  "countersign_attestations",
] as const;

/** All rows of both regions in one database of this process: many small questions to it cost nothing. */
async function copyOf(system: Countersign): Promise<Query> {
  const { sqlite } = openBusinessDatabase();
  sqlite.exec("PRAGMA foreign_keys = OFF");
  for (const table of TABLES)
    for (const { binding } of REGIONS)
      for (const row of await system.sql(binding, `SELECT * FROM ${table}`)) {
        const columns = Object.keys(row);
        const places = columns.map(() => "?").join(", ");
        sqlite.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`).run(...Object.values(row));
      }
  return (text, ...params) => Promise.resolve(sqlite.prepare(text).all(...params) as never);
}

/** Runs `work` over all items, so many at a time. */
export async function inParallel<I, O>(
  items: readonly I[],
  atOnce: number,
  work: (item: I, position: number) => Promise<O>,
): Promise<O[]> {
  const results: O[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const position = next++;
      results[position] = await work(items[position]!, position);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
