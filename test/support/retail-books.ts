/**
 * Where the rows of the retail tasks stand while they are played: in the regional databases of Countersign, or with a service of the shop's
 * own behind HTTP.
 */
import { regionByHash } from "../../shared/region.ts";
import type { Countersign } from "../e2e/harness.ts";
import type { RetailService } from "./retail-service.ts";
import { fillTenants, type Query, type RetailTask, type Statement, type Stock } from "./retail.ts";
import type { RetailDatabase } from "./retail.ts";
import { openBusinessDatabase } from "./sqlite-d1.ts";

/** What a tenant holds, and a task of it: all of a tenant's customers live in one region. */
export type Filled = Stock & { readonly task: RetailTask };

export type Books = {
  readonly fill: (database: RetailDatabase, tenants: readonly Filled[]) => Promise<void>;
  /** The rows as they are now. */
  readonly live: (task: RetailTask, tenant: string) => Query;
  /** The rows at the end: many small questions to it cost nothing. */
  readonly final: () => Promise<(tenant: string) => Query>;
  /** What is wrong with the effects that the books hold, for so many writes and approvals. */
  readonly wrongEffects: (query: Query, tenant: string, writes: number, approvals: number) => Promise<string[]>;
};

const REGIONS = [
  { region: "eu", binding: "BUSINESS_EU" },
  { region: "us", binding: "BUSINESS_US" },
] as const;
/** The region of the task's customer. */
export const homeOf = ({ user }: RetailTask) => {
  const home = regionByHash(
    user,
    REGIONS.map(({ region }) => region),
  );
  return REGIONS.find(({ region }) => region === home)!;
};

/** Each customer's rows stand in the database of the customer's home region. */
export const databaseBooks = (system: Countersign): Books => ({
  fill: async (database, tenants) => {
    for (const { region, binding } of REGIONS) {
      const stocks = tenants.filter(({ task }) => homeOf(task).region === region);
      for (const { text, params } of fillTenants(database, stocks)) await system.sql(binding, text, ...params);
    }
  },
  live:
    (task) =>
    (text, ...params) =>
      system.sql(homeOf(task).binding, text, ...params),
  final: async () => {
    const copy = await copyOf(system);
    return () => copy;
  },
  wrongEffects: async (query, tenant, writes, approvals) => {
    const count = async (text: string) =>
      (await query(`SELECT count(*) AS n FROM ${text} AND tenant = ?`, tenant))[0]!["n"];
    const effects = await count("countersign_effects WHERE status = 'applied'");
    const burned = await count("countersign_attestations WHERE true");
    return [
      ...(effects === writes ? [] : [`${effects} effects for ${writes} writes`]),
      ...(burned === approvals ? [] : [`${burned} approvals used for ${approvals} reviews`]),
    ];
  },
});

/** All rows stand with the service. */
export const serviceBooks = (service: RetailService): Books => ({
  fill: async (database, tenants) => {
    service.clear();
    for (const stock of tenants) service.fill(stock.tenant, fillTenants(database, [stock]) satisfies Statement[]);
  },
  live: (_, tenant) => service.query(tenant),
  final: async () => service.query,
  wrongEffects: async (_, tenant, writes) => {
    const counts = [...service.effects(tenant).values()];
    const doubled = counts.filter((count) => count !== 1).length;
    return [
      ...(counts.length === writes ? [] : [`${counts.length} effects for ${writes} writes`]),
      ...(doubled === 0 ? [] : [`${doubled} effects were carried out more than once`]),
    ];
  },
});

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

/** All rows of both regions in one database of this process. */
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
