/**
 * Load over a runtime that is killed again and again: apps that cancel orders, a reviewer who approves the large ones, and SIGKILL at moments
 * that a seed chooses. Each app repeats what was not answered, under the same key, as the interface tells it to.
 *
 * What has to hold afterwards stands in `account`, which reads the databases and the public interface and asks no executor what it meant.
 */
import { regionByHash } from "../../shared/region.ts";
import { decide, type Reviewer, until } from "../e2e/people.ts";
import { download, effects, findings, verify } from "../e2e/record.ts";
import type { Mortal } from "./mortal.ts";

const CLIENTS = 8;
/** Answers under load before a kill: up to so many, and no longer than so many milliseconds. */
const MOST_ANSWERS = 16;
const LOAD_MS = 1_500;
const PRICE_CENTS = 10_000;
/** Above the shipped policy's bound: a person decides. */
const LARGE_CENTS = 160_000;
const FIRST_CUSTOMER = 1_000;
/** Rows of one INSERT. */
const STOCK_ROWS = 200;

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

export type KillRun = {
  /** Orders whose cancellation was sent, answered or not. */
  readonly sent: readonly Order[];
  /** Orders whose intent was answered, with its task. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Answers that said `succeeded`. */
  readonly finished: number;
  readonly kills: number;
  /** Requests that ended without an answer. */
  readonly unanswered: number;
  /** Tasks that had been answered as finished and were not any more after a start. There must be none. */
  readonly lost: readonly string[];
};

/** Runs the load through `kills` kills. Times are drawn from `random`, in [0, 1). */
export async function runWithKills(
  system: Mortal,
  by: Reviewer,
  kills: number,
  random: () => number,
): Promise<KillRun> {
  const acknowledged = new Map<string, string>();
  const sent: Order[] = [];
  const open: Order[] = [];
  const finishedTasks = new Set<string>();
  const lost: string[] = [];
  let unanswered = 0;
  let answers = 0;
  let answered = (): void => {};
  /** Resolves after so many more answers, or when they take too long: a kill is to meet a start as well. */
  const enough = (more: number): Promise<void> => {
    const wanted = answers + more;
    return new Promise((resolve) => {
      const late = setTimeout(resolve, LOAD_MS);
      answered = () => {
        if (answers < wanted) return;
        clearTimeout(late);
        resolve();
      };
      answered();
    });
  };

  const cancelOne = async (isOn: () => boolean): Promise<void> => {
    const again = open.shift();
    const order = again ?? orderOf(sent.length);
    if (again === undefined) sent.push(order);
    const body = {
      automation: "order-cancellation",
      input: { customerId: order.customerId, orderId: order.id, reason: "no longer needed", confirmed: true },
      idempotencyKey: `cancel ${order.id}`,
    };
    try {
      const headers: Record<string, string> = order.cents === PRICE_CENTS ? { prefer: "wait=5" } : {};
      const answer = await system.call(system.tenant.apiKeys.app, "/v1/intents", { body, headers });
      if (answer.status !== 200 && answer.status !== 202) {
        open.push(order);
        if (isOn()) await new Promise((resolve) => setTimeout(resolve, 20));
        return;
      }
      answers++;
      answered();
      acknowledged.set(order.id, answer.body.id ?? answer.body.task);
      if (answer.body.status === "succeeded") finishedTasks.add(answer.body.id);
    } catch {
      unanswered++;
      open.push(order);
    }
  };
  const review = async (): Promise<void> => {
    try {
      const { status, body } = await system.call(system.tenant.apiKeys.approver, "/v1/reviews");
      if (status === 200) for (const waiting of body.reviews) await decide(system, by, waiting, "approve");
    } catch {
      unanswered++;
    }
  };
  /** Load until told to stop; resolves when every loop has ended. */
  const load = () => {
    let on = true;
    const isOn = () => on;
    const loop = async (work: () => Promise<void>) => {
      while (on) await work();
    };
    const loops = [
      ...Array.from({ length: CLIENTS }, () => loop(() => cancelOne(isOn))),
      loop(async () => {
        await review();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }),
    ];
    return {
      end: async () => {
        on = false;
        await Promise.all(loops);
      },
    };
  };

  let checkedFinished = 0;
  for (let kill = 0; kill < kills; kill++) {
    const running = load();
    await enough(Math.floor(random() * MOST_ANSWERS));
    await new Promise((resolve) => setTimeout(resolve, random() * 30));
    await Promise.all([system.kill(), running.end()]);
    // What was answered as done before the kill is done after it.
    for (const task of [...finishedTasks].slice(checkedFinished)) {
      const { body } = await system.call(system.tenant.apiKeys.app, `/v1/tasks/${task}`);
      if (body.status !== "succeeded") lost.push(task);
    }
    checkedFinished = finishedTasks.size;
  }
  while (open.length > 0) await cancelOne(() => true);
  return { sent, acknowledged, finished: finishedTasks.size, kills, unanswered, lost };
}

export type Account = {
  readonly unsettled: number;
  /** Status of each task that did not succeed. */
  readonly otherwise: readonly string[];
  /** Orders refunded other than exactly once. */
  readonly doubled: readonly string[];
  readonly balanceCents: number;
  readonly expectedCents: number;
  readonly effectRows: number;
  /** Codes of what the offline verifier found wrong with the record and its agreement with the databases. */
  readonly findings: readonly string[];
  readonly entries: number;
};

/** Waits for all tasks to end, then counts. */
export async function account(system: Mortal, by: Reviewer, run: KillRun): Promise<Account> {
  const otherwise: string[] = [];
  for (const task of run.acknowledged.values()) {
    const view = await until(
      async () => {
        const { body } = await system.call(system.tenant.apiKeys.app, `/v1/tasks/${task}`);
        for (const step of body.steps)
          if (step.status === "awaiting_review") {
            const { body: waiting } = await system.call(system.tenant.apiKeys.approver, `/v1/reviews/${step.review}`);
            await decide(system, by, waiting, "approve");
          }
        return body;
      },
      (body) => body.settled === true,
    );
    if (view.status !== "succeeded") otherwise.push(`${task} ${view.status}`);
  }
  const doubled: string[] = [];
  let balanceCents = 0;
  let effectRows = 0;
  for (const binding of ["BUSINESS_EU", "BUSINESS_US"] as const) {
    const refunds = await system.rows(
      binding,
      "SELECT order_id, count(*) AS n FROM payments WHERE tenant = 'dev' AND kind = 'refund' GROUP BY order_id HAVING n <> 1",
    );
    doubled.push(...refunds.map((row) => String(row["order_id"])));
    const [balance] = await system.rows(
      binding,
      "SELECT coalesce(sum(balance_cents), 0) AS cents FROM payment_methods WHERE tenant = 'dev'",
    );
    balanceCents += Number(balance!["cents"]);
    const [applied] = await system.rows(
      binding,
      "SELECT count(*) AS n FROM countersign_effects WHERE tenant = 'dev' AND status = 'applied'",
    );
    effectRows += Number(applied!["n"]);
  }
  const downloaded = await download(system);
  const rows = await effects(system);
  const report = await verify(system, downloaded, { effects: { before: rows, after: rows } });
  return {
    unsettled: run.sent.length - run.acknowledged.size,
    otherwise,
    doubled,
    balanceCents,
    expectedCents: run.sent.reduce((sum, order) => sum + order.cents, 0),
    effectRows,
    findings: findings(report),
    entries: downloaded.entries.length,
  };
}
