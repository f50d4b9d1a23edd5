/**
 * What is done while the runtime is killed, in each of the ways in which an effect can be promised: orders that are cancelled (exactly once,
 * in the database), charges that are refunded (idempotent, at a provider that keeps keys), pickups that are booked (at most once, with a
 * courier that keeps none) and flags that are set (in the executor's own records). Large cancellations are decided by a person.
 */
import { contracts } from "../../executors/capabilities/index.ts";
import { publishOne } from "../../scripts/publish-automations.ts";
import { createClient } from "../../shared/client.ts";
import type { JsonObject } from "../../shared/json.ts";
import { regionByHash } from "../../shared/region.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { release } from "./manager.ts";
import type { Mortal } from "./mortal.ts";

const PRICE_CENTS = 10_000;
/** Above the shipped policy's bound: a person decides. */
const LARGE_CENTS = 160_000;
const FIRST_CUSTOMER = 1_000;
/** Rows of one INSERT. */
const STOCK_ROWS = 200;
const FLAGS = ["checkout", "search", "wallet"] as const;

export type Work = {
  readonly kind: "cancel" | "refund" | "pickup" | "flag";
  readonly automation: string;
  readonly input: JsonObject;
  /** The same for every try. */
  readonly key: string;
  /** The caller waits for the end, which comes soon where all goes well. */
  readonly waits: boolean;
  /** Money that goes back to the customer's gift card. */
  readonly cents: number;
};

/** The work of this number: half of it cancellations. */
export function workOf(index: number): Work {
  const of = (kind: Work["kind"], automation: string, input: JsonObject, cents = 0): Work => ({
    kind,
    automation,
    input,
    key: `${kind} ${index}`,
    // What a person decides, or may have to settle, is not waited for.
    waits: kind !== "pickup" && cents !== LARGE_CENTS,
    cents,
  });
  switch (index % 8) {
    case 1:
    case 5:
      return of("refund", "refunds", { chargeId: `ch_${10_000_000 + index}`, amountCents: 1 });
    case 3:
      return of("pickup", "pickups", { orderId: `#W${4_000_000 + index}`, day: "2026-12-01" });
    case 7:
      return of("flag", "flags", { flag: FLAGS[index % FLAGS.length]!, on: true, percent: index % 101 });
    default: {
      const { id, customerId, cents } = orderOf(index / 2);
      return of(
        "cancel",
        "order-cancellation",
        { customerId, orderId: id, reason: "no longer needed", confirmed: true },
        cents,
      );
    }
  }
}

/** How often a flag was set, by its own account. */
export async function versionOfFlags(system: Mortal): Promise<Readonly<Record<string, number>>> {
  const versions: Record<string, number> = {};
  for (const flag of FLAGS) {
    const { body } = await system.call(system.tenant.apiKeys.app, "/v1/intents", {
      body: { automation: "flag-look", input: { flag } },
      headers: { prefer: "wait=20" },
    });
    versions[flag] = body.steps[0].result.version;
  }
  return versions;
}

/** Publishes the automations that do not ship. */
export async function publishWork(system: Mortal): Promise<void> {
  const client = createClient({ baseUrl: "http://any", key: system.tenant.apiKeys.operator, fetch: toSystem(system) });
  for (const change of [
    automation("refunds", "payments.refund", { chargeId: "string", amountCents: "integer" }),
    automation("pickups", "pickups.book", { orderId: "string", day: "string" }),
    { ...automation("flags", "flags.set", { flag: "string", on: "boolean", percent: "integer" }), home: "/flag" },
    { ...automation("flag-look", "flags.get", { flag: "string" }), home: "/flag" },
  ] satisfies Partial<ReleaseBundle>[]) {
    const { text, digest, compiled } = release(contracts, change);
    await publishOne(client, system.tenant, {
      name: change.automation!,
      bundle: compiled.bundle,
      text,
      digest,
      advice: [],
    });
  }
}

const toSystem =
  ({ fetch }: Mortal) =>
  (to: string, init?: RequestInit) =>
    fetch(to.slice("http://any".length), init);

const automation = (
  name: string,
  capability: string,
  args: { readonly [name: string]: "string" | "integer" | "boolean" },
): Partial<ReleaseBundle> => ({
  automation: name,
  input: {
    type: "object",
    additionalProperties: false,
    required: Object.keys(args),
    properties: Object.fromEntries(Object.entries(args).map(([arg, type]) => [arg, { type, "x-origin": "principal" }])),
  },
  playbook: {
    version: 1,
    steps: [
      {
        id: "act",
        capability,
        args: Object.fromEntries(Object.keys(args).map((arg) => [arg, { $cel: `intent.input.${arg}` }])),
      },
    ],
  },
  policy: { default: "deny", rules: [{ id: "all", when: `capability.name == "${capability}"`, then: "allow" }] },
});

type Order = { readonly id: string; readonly customerId: string; readonly cents: number };

const orderOf = (index: number): Order => ({
  id: `#W${3_000_000 + index}`,
  customerId: `kill_${"abcdefghij"[Math.floor(index / 9_000)]}_${FIRST_CUSTOMER + (index % 9_000)}`,
  cents: index % 10 === 9 ? LARGE_CENTS : PRICE_CENTS,
});
const bindingOf = (order: Order) =>
  regionByHash(order.customerId, ["eu", "us"]) === "eu" ? ("BUSINESS_EU" as const) : ("BUSINESS_US" as const);

/** Customers with one pending order each, paid with an empty gift card. */
export async function stockOrders(system: Mortal, count: number): Promise<void> {
  for (const binding of ["BUSINESS_EU", "BUSINESS_US"] as const) {
    const orders = Array.from({ length: count }, (_, i) => orderOf(i)).filter((order) => bindingOf(order) === binding);
    for (let at = 0; at < orders.length; at += STOCK_ROWS) {
      const some = orders.slice(at, at + STOCK_ROWS);
      const insert = (into: string, row: (order: Order) => string) =>
        `INSERT INTO ${into} VALUES ${some.map(row).join(", ")}`;
      await system.write(binding, [
        insert(
          "customers (tenant, id, first_name, last_name, email, address1, address2, city, state, country, zip)",
          ({ customerId }) =>
            `('dev', '${customerId}', 'A', 'Customer', '${customerId}@example.com', 'Street', '', 'Delft', 'ZH', 'Netherlands', '2611')`,
        ),
        insert(
          "payment_methods (tenant, id, customer_id, kind, balance_cents)",
          ({ id, customerId }) => `('dev', 'gift_card_${id.slice(2)}', '${customerId}', 'gift_card', 0)`,
        ),
        insert(
          "orders (tenant, id, customer_id, position, status, address1, address2, city, state, country, zip)",
          ({ id, customerId }) =>
            `('dev', '${id}', '${customerId}', 0, 'pending', 'Street', '', 'Delft', 'ZH', 'Netherlands', '2611')`,
        ),
        insert(
          "payments (tenant, order_id, position, kind, amount_cents, method_id)",
          ({ id, cents }) => `('dev', '${id}', 0, 'payment', ${cents}, 'gift_card_${id.slice(2)}')`,
        ),
      ]);
    }
  }
}
