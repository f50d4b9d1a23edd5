/**
 * The control database as drizzle sees it. The migrations in migrations/control are the truth.
 * JSON columns hold text that this Worker itself wrote after checking it.
 */
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Unfinished } from "./jobs/compare.ts";
import type { KeptAlert } from "../shared/alerts/life.ts";
import type { PublicJwk } from "../shared/keys.ts";
import type { SignedPromotion } from "../shared/release.ts";
import type { TriggerNote } from "./releases/trigger-index.ts";
import type { Envelope } from "../shared/signing.ts";

export const ROLES = ["app", "agent", "approver", "operator", "auditor", "admin"] as const;

export const tenants = sqliteTable("tenants", {
  id: text().primaryKey(),
  regions: text({ mode: "json" }).$type<readonly string[]>().notNull(),
  shards: integer().notNull(),
  rootKey: text("root_key", { mode: "json" }).$type<PublicJwk>().notNull(),
  createdAt: integer("created_at").notNull(),
});

export const apiKeys = sqliteTable("api_keys", {
  hash: text().primaryKey(),
  id: text().notNull().unique(),
  tenant: text().notNull(),
  role: text({ enum: ROLES }).notNull(),
  member: text(),
  label: text().notNull(),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
});

export const automations = sqliteTable(
  "automations",
  {
    tenant: text().notNull(),
    name: text().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

export const releases = sqliteTable(
  "releases",
  {
    tenant: text().notNull(),
    digest: text().notNull(),
    automation: text().notNull(),
    /** Canonical JSON text. */
    bundle: text().notNull(),
    /** What triggers it has (releases/trigger-index.ts); null where there is none. */
    triggers: text({ mode: "json" }).$type<TriggerNote>(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.digest] }),
    index("releases_by_automation").on(table.tenant, table.automation, table.createdAt),
  ],
);

export const promotions = sqliteTable(
  "promotions",
  {
    tenant: text().notNull(),
    automation: text().notNull(),
    serial: integer().notNull(),
    release: text().notNull(),
    envelope: text({ mode: "json" }).$type<SignedPromotion>().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.automation, table.serial] })],
);

export const enrolments = sqliteTable(
  "enrolments",
  {
    tenant: text().notNull(),
    kid: text().notNull(),
    member: text().notNull(),
    roles: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    envelope: text({ mode: "json" }).$type<Envelope>().notNull(),
    chain: text({ mode: "json" }).$type<readonly Envelope[]>().notNull(),
    expires: integer().notNull(),
    created: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.kid] }),
    index("enrolments_by_member").on(table.tenant, table.member),
  ],
);

export const enrolmentRequests = sqliteTable(
  "enrolment_requests",
  {
    tenant: text().notNull(),
    kid: text().notNull(),
    member: text().notNull(),
    key: text({ mode: "json" }).$type<PublicJwk>().notNull(),
    possession: text({ mode: "json" }).$type<Envelope>().notNull(),
    created: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.kid] })],
);

export const revokedKeys = sqliteTable(
  "revoked_keys",
  {
    tenant: text().notNull(),
    kid: text().notNull(),
    by: text().notNull(),
    reason: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.kid] })],
);

export const stops = sqliteTable(
  "stops",
  {
    tenant: text().notNull(),
    stop: text().notNull(),
    kind: text({ enum: ["automation", "capability", "agent", "release", "key", "tenant"] }).notNull(),
    mode: text({ enum: ["stop-new", "stop-all"] })
      .notNull()
      .default("stop-all"),
    target: text().notNull(),
    by: text().notNull(),
    reason: text().notNull(),
    at: integer().notNull(),
    liftedAt: integer("lifted_at"),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.stop] }),
    index("stops_by_target").on(table.tenant, table.kind, table.target, table.at),
  ],
);

/** Alerts as the last evaluation left them; whoever writes names the version that it read. */
export const alerts = sqliteTable("alerts", {
  tenant: text().primaryKey(),
  version: integer().notNull(),
  evaluatedAt: integer("evaluated_at").notNull(),
  kept: text({ mode: "json" }).$type<readonly KeptAlert[]>().notNull(),
});

/** Erasures of data subjects that were asked for; the executors hold what was erased. */
export const erasures = sqliteTable(
  "erasures",
  {
    tenant: text().notNull(),
    erasure: text().notNull(),
    subject: text(),
    digest: text().notNull(),
    by: text().notNull(),
    at: integer().notNull(),
    doneAt: integer("done_at"),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.erasure] })],
);

/** Inputs that failed a quality gate, by the hour. */
export const gateFailures = sqliteTable(
  "gate_failures",
  {
    tenant: text().notNull(),
    automation: text().notNull(),
    gate: text().notNull(),
    hour: integer().notNull(),
    failures: integer().notNull(),
    lastAt: integer("last_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.automation, table.gate, table.hour] }),
    index("gate_failures_by_hour").on(table.hour),
  ],
);

/** Feature toggles, every version of each; the greatest one holds. */
export const toggles = sqliteTable(
  "toggles",
  {
    tenant: text().notNull(),
    /** Empty: for all automations of the tenant. */
    automation: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    value: text({ mode: "json" }).$type<boolean | number | string>().notNull(),
    by: text().notNull(),
    reason: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.automation, table.name, table.version] })],
);

/** Runs of the reconciliation jobs; the newest of each tenant and job are kept. */
export const jobRuns = sqliteTable(
  "job_runs",
  {
    tenant: text().notNull(),
    job: text().notNull(),
    startedAt: integer("started_at").notNull(),
    endedAt: integer("ended_at").notNull(),
    looked: integer().notNull(),
    found: integer().notNull(),
    repaired: integer().notNull(),
    named: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    error: text(),
    reached: integer(),
    /** What the run left to the next one; null where it came to its end. */
    resume: text({ mode: "json" }).$type<Unfinished>(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.job, table.startedAt] })],
);
