/**
 * A shop as an outside system: a real HTTP server over SQLite, one database for each tenant, with the domain's own rules and statements
 * (test/workers/executors/retail-over-http.ts says how it is called). It keeps idempotency keys, checks `If-Match`, counts what it did,
 * and answers late, wrongly or not at all in a pattern that follows from a seed and from what is asked.
 *
 * R1  What a key was answered first is what it is answered always; only the first request of a key that is accepted changes rows.
 * R2  Key, change and answer are one transaction.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { D1Definition } from "../../executors/adapters/d1.ts";
import type { ActionContext } from "../../executors/adapters/types.ts";
import { bindTenant, sql, type Row, type Sql } from "../../executors/adapters/sql.ts";
import { guarded } from "../../executors/adapters/writes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { Problem } from "../../shared/problems.ts";
import { domain, TIMEOUT_MS } from "../workers/executors/retail-over-http.ts";
import type { Query, Statement } from "./retail.ts";
import { openBusinessDatabase } from "./sqlite-d1.ts";

/** What goes wrong with an effect's request: before anything is done, or with the answer after it was done. */
export const SERVICE_FAULTS = ["none", "busy", "cut before", "late", "too late", "cut after", "500 after"] as const;
export type ServiceFault = (typeof SERVICE_FAULTS)[number];
/** After these the caller cannot know whether it was done. */
const LOST: ReadonlySet<ServiceFault> = new Set(["cut before", "too late", "cut after", "500 after"]);

export type RetailService = {
  /** `http://localhost:PORT`. */
  readonly origin: string;
  /** Writes rows of a tenant, whose database is made where there is none. */
  readonly fill: (tenant: string, statements: readonly Statement[]) => void;
  readonly query: (tenant: string) => Query;
  /** How often the effect of each idempotency key was carried out. */
  readonly effects: (tenant: string) => ReadonlyMap<string, number>;
  /** How often each thing went wrong. */
  readonly faults: () => Readonly<Record<ServiceFault, number>>;
  /** Answers to repeated requests that the caller did not get. */
  readonly lostAgain: () => number;
  /** The tenants of a batch are gone; the next batch has its own under the same names. */
  readonly clear: () => void;
  readonly close: () => Promise<void>;
};

type Answer = { readonly status: number; readonly body: string };
type Tenant = {
  readonly sqlite: DatabaseSync;
  readonly effects: Map<string, number>;
  readonly asked: Map<string, number>;
};

const LATE_MS = 150;
/** Requests of one key that may go wrong. */
const MOST_FAULTS = 2;

export async function startRetailService(seed: number): Promise<RetailService> {
  const tenants = new Map<string, Tenant>();
  const faults = Object.fromEntries(SERVICE_FAULTS.map((fault) => [fault, 0])) as Record<ServiceFault, number>;
  let lostAgain = 0;
  const tenantOf = (name: string): Tenant => {
    const tenant = tenants.get(name) ?? { sqlite: openShop(), effects: new Map(), asked: new Map() };
    tenants.set(name, tenant);
    return tenant;
  };

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => handle(request, response, body));
  });
  function handle(request: IncomingMessage, response: ServerResponse, body: string): void {
    const url = new URL(request.url!, "http://localhost");
    const [, , tenantName, capability] = url.pathname.split("/");
    const tenant = tenants.get(tenantName!);
    const definition = domain.find(({ contract }) => contract.name === capability);
    if (tenant === undefined || definition === undefined) return send(response, { status: 404, body: "{}" });
    const shop = { ...tenant, name: tenantName!, definition };
    if (request.method === "GET") return look(shop, JSON.parse(url.searchParams.get("args")!), response);
    const key = request.headers["idempotency-key"] as string | undefined;
    const condition = request.headers["if-match"];
    if (key === undefined || condition === undefined) return send(response, { status: 400, body: "{}" });

    const times = (tenant.asked.get(key) ?? 0) + 1;
    tenant.asked.set(key, times);
    const fault = times > MOST_FAULTS ? "none" : faultOf(`${seed} ${url.pathname} ${body} ${times}`);
    faults[fault]++;
    if (times > 1 && LOST.has(fault)) lostAgain++;
    if (fault === "busy") return send(response, { status: 503, body: "{}" });
    if (fault === "cut before") return void request.socket.resetAndDestroy();
    const answer = carryOut(shop, JSON.parse(body), key, condition);
    switch (fault) {
      case "late":
        return void setTimeout(() => send(response, answer), LATE_MS);
      case "too late":
        return void setTimeout(() => send(response, answer), TIMEOUT_MS);
      case "cut after":
        return void request.socket.resetAndDestroy();
      case "500 after":
        return send(response, { status: 500, body: "{}" });
      case "none":
        return send(response, answer);
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    fill: (tenant, statements) => {
      const { sqlite } = tenantOf(tenant);
      for (const { text, params } of statements) sqlite.prepare(text).run(...params);
    },
    query: (tenant) => {
      const { sqlite } = tenantOf(tenant);
      return (text, ...params) => Promise.resolve(sqlite.prepare(text).all(...params) as never);
    },
    effects: (tenant) => tenantOf(tenant).effects,
    faults: () => faults,
    lostAgain: () => lostAgain,
    clear: () => {
      for (const { sqlite } of tenants.values()) sqlite.close();
      tenants.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function openShop(): DatabaseSync {
  const { sqlite } = openBusinessDatabase();
  sqlite.exec("CREATE TABLE answers (key TEXT PRIMARY KEY, status INTEGER NOT NULL, body TEXT NOT NULL)");
  return sqlite;
}

const faultOf = (what: string): ServiceFault =>
  // Half of all requests go well.
  [...SERVICE_FAULTS, ...Array<ServiceFault>(5).fill("none")][
    createHash("sha256").update(what).digest().readUInt32BE() % (SERVICE_FAULTS.length + 5)
  ]!;

type Shop = Tenant & { readonly name: string; readonly definition: D1Definition<JsonObject, string> };

/** A read's answer, or what a write would do. */
function look(shop: Shop, args: JsonObject, response: ServerResponse): void {
  const { definition } = shop;
  const context = contextOf(shop, "look");
  const rows = rowsOf(shop, args, context);
  if ("answer" in definition) {
    const found = definition.answer(args, rows, context);
    return send(response, found.ok ? answer(200, { result: found.value }) : refusal(found.problem, 404));
  }
  const planned = definition.plan(args, rows, context);
  if (!planned.ok) return send(response, refusal(planned.problem, 200), '"refused"');
  const { preview, summary, changes, premises } = planned.value;
  const held = premises.map(({ resource, version }) => ({ resource, version }));
  // What depends on nothing is done under a premise that always holds.
  const plan = { preview, summary, changes, premises: held.length > 0 ? held : [{ resource: "always", version: 1 }] };
  return send(response, answer(200, plan), etagOf(premises));
}

/** Does it, unless the key was answered before. */
function carryOut(shop: Shop, args: JsonObject, key: string, condition: string): Answer {
  const { sqlite, effects, definition } = shop;
  if (!("plan" in definition)) return { status: 405, body: "{}" };
  const [known] = sqlite.prepare("SELECT status, body FROM answers WHERE key = ?").all(key);
  if (known !== undefined) return known as unknown as Answer;
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    const context = contextOf(shop, key);
    const planned = definition.plan(args, rowsOf(shop, args, context), context);
    // Not done, and not remembered: the caller reads again.
    if (planned.ok && condition !== etagOf(planned.value.premises)) {
      sqlite.exec("ROLLBACK");
      return { status: 412, body: "{}" };
    }
    const said = planned.ok ? answer(201, { result: planned.value.result }) : refusal(planned.problem, 422);
    if (planned.ok) {
      for (const write of planned.value.statements) run(shop, guarded(write, sql`1`));
      effects.set(key, (effects.get(key) ?? 0) + 1);
    }
    sqlite.prepare("INSERT INTO answers VALUES (?, ?, ?)").run(key, said.status, said.body);
    sqlite.exec("COMMIT");
    return said;
  } catch (cause) {
    sqlite.exec("ROLLBACK");
    throw cause;
  }
}

const rowsOf = (shop: Shop, args: JsonObject, context: ActionContext) =>
  Object.fromEntries(
    Object.entries(shop.definition.read(args, context)).map(([name, statement]) => [name, run(shop, statement)]),
  );

function run({ sqlite, name }: Shop, statement: Sql): readonly Row[] {
  const { text, params } = bindTenant(statement, name);
  return sqlite.prepare(text).all(...(params as readonly SQLInputValue[])) as never;
}

/** The domain's rules look at an action's id and at the time alone. */
const contextOf = ({ name }: Shop, action: string): ActionContext =>
  ({ tenant: name, action, nowMs: Date.now() }) as ActionContext;

const etagOf = (premises: readonly { readonly resource: string; readonly version: number }[]): string =>
  `"${createHash("sha256")
    .update(canonicalize(premises.map(({ resource, version }) => [resource, version])))
    .digest("hex")
    .slice(0, 32)}"`;

const answer = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });
const refusal = ({ code, detail, facts }: Problem, status: number): Answer =>
  answer(status, { refused: { code, detail, reason: facts?.["reason"] ?? code } });

function send(response: ServerResponse, { status, body }: Answer, etag?: string): void {
  const headers = { "content-type": "application/json", ...(etag === undefined ? {} : { etag }) };
  if (!response.destroyed) response.writeHead(status, headers).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}
