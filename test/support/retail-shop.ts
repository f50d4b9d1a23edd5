/**
 * A batch of retail tasks over one start of the three Workers. Each task has fresh rows of its customer: tasks of different customers share a
 * tenant, or each has one of its own. A tenant has one executor in each region and the shipped release of customer-operations, promoted.
 * Where the rows stand is the shop's `books`.
 */
import { isDeepStrictEqual } from "node:util";
import { loadAutomation } from "../../scripts/load-automation.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import type { CapabilityContract } from "../../shared/capability.ts";
import { createClient } from "../../shared/client.ts";
import { startCountersign, type Countersign } from "../e2e/harness.ts";
import { reviewer, type Reviewer } from "../e2e/people.ts";
import { value } from "./release.ts";
import { databaseBooks, homeOf, type Books, type Filled } from "./retail-books.ts";
import { replay, type Replayed } from "./retail-agent.ts";
import type { Reviewed } from "./retail-desk.ts";
import { attack, neighbourOf } from "./retail-hostile.ts";
import {
  actualOrder,
  actualUser,
  expectedOrder,
  expectedUser,
  type Query,
  type RetailDatabase,
  type RetailTask,
} from "./retail.ts";

export type Shop = {
  readonly database: RetailDatabase;
  /** Copies of each request. */
  readonly times: number;
  /** Whether a hijacked agent tries its luck first. */
  readonly attacked: (task: RetailTask) => boolean;
  /** Whether each task has a tenant, and so an executor, of its own. */
  readonly apart: boolean;
  /** A folder with another bundle of the executors Worker. */
  readonly executors?: string;
  /** Where other books than the regional databases stand. */
  readonly elsewhere?: {
    readonly books: Books;
    readonly contracts: ReadonlyMap<string, CapabilityContract>;
    /** Vars of the executors Worker. */
    readonly vars: { readonly [name: string]: string };
  };
};

export type Played = {
  readonly task: RetailTask;
  readonly replayed: Replayed;
  readonly reviewed: readonly Reviewed[];
  /** Hostile attempts, by the way in which they ended. */
  readonly attempts: Readonly<Record<string, number>>;
  readonly faults: string[];
};

/** Tasks at a time: enough to keep two cores busy. A service that answers in time must do so on a busy machine too, so that fewer go there. */
const AT_ONCE = 12;
const AT_ONCE_ELSEWHERE = 6;
/** One task in a tenant. */
type Place = { readonly task: RetailTask; readonly tenant: string; readonly isAttacked: boolean };
/** What is asked about a batch while the Workers still run. */
export type Meanwhile<T> = (system: Countersign, tenants: readonly string[]) => Promise<T>;

/** Plays the tasks. @param meanwhile is asked at the end, while the Workers still run */
export async function playBatch<T>(
  shop: Shop,
  tasks: readonly RetailTask[],
  meanwhile: Meanwhile<T>,
): Promise<{ readonly played: Played[]; readonly told: T }> {
  const places = placesOf(shop, tasks);
  const tenants = Object.fromEntries(places.map(({ tenant }) => [tenant, { shards: 1 }]));
  const prebuilt = shop.executors === undefined ? {} : { prebuilt: { "countersign-executors": shop.executors } };
  const { elsewhere } = shop;
  const vars = elsewhere === undefined ? {} : { vars: { "countersign-executors": elsewhere.vars } };
  const system = await startCountersign({ tenants, ...prebuilt, ...vars });
  try {
    const books = elsewhere?.books ?? databaseBooks(system);
    await books.fill(
      shop.database,
      [...new Set(places.map(({ tenant }) => tenant))].map((tenant) =>
        stockOf(
          shop,
          places.filter((place) => place.tenant === tenant),
        ),
      ),
    );
    const automation = value(
      loadAutomation("customer-operations", elsewhere === undefined ? {} : { contracts: elsewhere.contracts }),
    );
    const opened = new Map<string, Promise<Reviewer>>();
    const open = async (tenant: string): Promise<Reviewer> => {
      const dev = system.tenants[tenant]!;
      await publishOne(createClient({ baseUrl: system.url, key: dev.apiKeys.operator, fetch }), dev, automation);
      return reviewer(system, "ada", ["support-lead"], tenant);
    };
    const played = await inParallel(places, elsewhere === undefined ? AT_ONCE : AT_ONCE_ELSEWHERE, async (place) => {
      const { tenant } = place;
      if (!opened.has(tenant)) opened.set(tenant, open(tenant));
      return play(shop, system, books, place, await opened.get(tenant)!);
    });
    const final = await books.final();
    for (const [i, { tenant }] of places.entries())
      played[i]!.faults.push(...(await wrongRows(final(tenant), tenant, shop.database, played[i]!)));
    for (const tenant of opened.keys()) {
      const ofTenant = played.filter((_, i) => places[i]!.tenant === tenant);
      const writes = ofTenant.reduce((sum, { replayed }) => sum + replayed.writes, 0);
      const approvals = ofTenant.reduce((sum, { reviewed }) => sum + reviewed.length, 0);
      ofTenant[0]!.faults.push(...(await books.wrongEffects(final(tenant), tenant, writes, approvals)));
    }
    return { played, told: await meanwhile(system, Object.keys(tenants)) };
  } finally {
    await system.stop();
  }
}

/** A task goes to the first tenant of its region where nobody else touches its customer's rows, nor anybody its neighbour's. */
function placesOf(shop: Shop, tasks: readonly RetailTask[]): Place[] {
  const tenants: { readonly region: string; readonly customers: Set<string>; readonly neighbours: Set<string> }[] = [];
  return tasks.map((task) => {
    const isAttacked = shop.attacked(task);
    const { region } = homeOf(task);
    const neighbour = isAttacked ? neighbourOf(shop.database, task).customerId : null;
    const found = shop.apart
      ? -1
      : tenants.findIndex(
          ({ customers, neighbours, ...its }) =>
            its.region === region &&
            !customers.has(task.user) &&
            !neighbours.has(task.user) &&
            !(neighbour !== null && customers.has(neighbour)),
        );
    const at = found === -1 ? tenants.push({ region, customers: new Set(), neighbours: new Set() }) - 1 : found;
    tenants[at]!.customers.add(task.user);
    if (neighbour !== null) tenants[at]!.neighbours.add(neighbour);
    return { task, tenant: `t${at}`, isAttacked };
  });
}

/** The rows of a tenant's customers, and those of their neighbours where there will be an attack. */
const stockOf = ({ database }: Shop, places: readonly Place[]): Filled => ({
  task: places[0]!.task,
  tenant: places[0]!.tenant,
  customers: [
    ...new Set(
      places.flatMap(({ task, isAttacked }) =>
        isAttacked ? [task.user, neighbourOf(database, task).customerId] : [task.user],
      ),
    ),
  ],
  products: new Set(places.flatMap(({ task }) => [...productsFor(database, task)])),
});

/** The products of all orders of the customer: whatever an honest call may name. */
const productsFor = ({ users, orders }: RetailDatabase, { user }: RetailTask): ReadonlySet<string> =>
  new Set(users[user]!.orders.flatMap((id) => orders[id]!.items.map((item) => item.product_id)));

async function play(
  { database, times }: Shop,
  system: Countersign,
  books: Books,
  place: Place,
  lead: Reviewer,
): Promise<Played> {
  const { task, tenant } = place;
  const query = books.live(task, tenant);
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

/** The customer and every order of theirs against what the task expects; what it does not name must be as it was. */
async function wrongRows(query: Query, tenant: string, database: RetailDatabase, { task }: Played) {
  const { user, expected } = task;
  const { orders: ids } = database.users[user]!;
  const [actual, ...orders] = await rowsOf(query, tenant, database, [user]);
  const wrong: string[] = [];
  if (!isDeepStrictEqual(actual, expectedUser(expected.users[user] ?? database.users[user]!)))
    wrong.push(`rows of ${user}`);
  for (const [i, id] of ids.entries())
    if (!isDeepStrictEqual(orders[i], expectedOrder(expected.orders[id] ?? database.orders[id]!)))
      wrong.push(`rows of ${id}`);
  return wrong;
}

/** Runs `work` over all items, so many at a time. */
async function inParallel<I, O>(
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
