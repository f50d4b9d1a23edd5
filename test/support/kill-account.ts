/**
 * What has to hold after a run of kills. Reads the databases, the outside systems and the public interface, and asks no executor what it meant.
 */
import type { StepView } from "../../shared/views.ts";
import { decide, type Reviewer } from "../e2e/people.ts";
import { download, effects, findings, verify } from "../e2e/record.ts";
import type { EffectServer } from "./effect-server.ts";
import type { KillRun } from "./kill-run.ts";
import { versionOfFlags, type Work } from "./kill-work.ts";
import type { Mortal } from "./mortal.ts";

/** An effect in doubt is asked about after pauses that grow. */
const SETTLED_MS = 60_000;
/** Tasks that are looked at at a time. */
const AT_ONCE = 8;

export type Account = {
  readonly unsettled: number;
  /** Work that did not end as it must: applied, or in doubt where nobody can be asked. */
  readonly otherwise: readonly string[];
  /** What happened other than exactly once, or more often than once where that is the promise. */
  readonly doubled: readonly string[];
  /** Steps in doubt, and those of them that nobody is shown. */
  readonly doubts: number;
  readonly hidden: readonly string[];
  readonly balanceCents: number;
  readonly expectedCents: number;
  readonly effectRows: number;
  /** Codes of what the offline verifier found wrong with the record and its agreement with the databases. */
  readonly findings: readonly string[];
  readonly entries: number;
};

/** Waits for all tasks to end, then counts. */
export async function account(system: Mortal, server: EffectServer, by: Reviewer, run: KillRun): Promise<Account> {
  const ended = await endOfAll(system, by, run);
  const has = (...kinds: readonly Work["kind"][]) => ended.filter(({ work }) => kinds.includes(work.kind));
  const otherwise = ended
    .filter(({ work, step }) => step.status !== "applied" && !(work.kind === "pickup" && step.status === "in_doubt"))
    .map(({ work, step }) => `${work.key} ${step.status} ${step.problem?.code}`);

  const doubts = ended.filter(({ step }) => step.status === "in_doubt");
  const { body: waiting } = await system.call(system.tenant.apiKeys.approver, "/v1/reviews");
  const shown = new Set((waiting.doubts as { task: string }[]).map(({ task }) => task));
  const hidden = doubts.filter(({ task }) => !shown.has(task)).map(({ work }) => work.key);

  const rows = await fromDatabases(system);
  const doubled = [
    ...rows.doubled,
    ...outside(server, has("refund"), has("pickup")),
    ...(await flags(system, has("flag"))),
  ];
  const downloaded = await download(system);
  const before = await effects(system);
  const report = await verify(system, downloaded, { effects: { before, after: before } });
  return {
    unsettled: run.sent.length - run.acknowledged.size,
    otherwise,
    doubled,
    doubts: doubts.length,
    hidden,
    balanceCents: rows.balanceCents,
    expectedCents: run.sent.reduce((sum, { cents }) => sum + cents, 0),
    effectRows: rows.effectRows,
    findings: findings(report),
    entries: downloaded.entries.length,
  };
}

type Ended = { readonly work: Work; readonly task: string; readonly step: StepView };

/** Each task's acting step once it has ended, or is in doubt for good; what waits for a person on the way is approved. */
async function endOfAll(system: Mortal, by: Reviewer, run: KillRun): Promise<Ended[]> {
  const left = [...run.acknowledged];
  const ended: Ended[] = [];
  const follow = async (work: Work, task: string): Promise<void> => {
    for (const end = Date.now() + SETTLED_MS; ;) {
      const { body } = await system.call(system.tenant.apiKeys.app, `/v1/tasks/${task}`);
      const steps = body.steps as readonly StepView[];
      const doubt = steps.find(({ status }) => status === "in_doubt");
      if (body.settled === true || (work.kind === "pickup" && doubt !== undefined)) {
        ended.push({ work, task, step: steps.find(({ status }) => status !== "applied") ?? steps.at(-1)! });
        return;
      }
      if (Date.now() > end) throw new Error(`${work.key} stands still: ${JSON.stringify(body)}`);
      for (const { status, review } of steps)
        if (status === "awaiting_review" && review !== null) {
          const { body: waiting } = await system.call(system.tenant.apiKeys.approver, `/v1/reviews/${review}`);
          await decide(system, by, waiting, "approve");
        }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const worker = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await follow(...next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return ended;
}

async function fromDatabases(system: Mortal) {
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
  return { doubled, balanceCents, effectRows };
}

/** One refund for each charge, each under one key; a pickup that is said to be booked once in the courier's books, no other there twice. */
function outside(server: EffectServer, refunds: readonly Ended[], pickups: readonly Ended[]): string[] {
  const counts = server.effects();
  const wrong: string[] = [];
  const booked = new Map(pickups.map((pickup) => [pickup.work.input["orderId"] as string, pickup]));
  for (const [name, count] of counts) if (count !== 1) wrong.push(`${name}: ${count} times`);
  for (const [order, { step }] of booked)
    if (step.status === "applied" && !counts.has(order)) wrong.push(`${order}: said to be booked`);
  const keys = [...counts.keys()].filter((name) => !booked.has(name));
  if (keys.length !== refunds.length) wrong.push(`${keys.length} refunds for ${refunds.length} tasks`);
  return wrong;
}

/** Each set of a flag made one version of it, and none was made by anything else. */
async function flags(system: Mortal, sets: readonly Ended[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [flag, version] of Object.entries(await versionOfFlags(system))) {
    const versions = sets
      .filter(({ work }) => work.input["flag"] === flag)
      .map(({ step }) => (step.result as { readonly version: number }).version);
    if (new Set(versions).size !== versions.length || versions.length !== version)
      wrong.push(`flag ${flag}: at version ${version} after ${versions.length} sets`);
  }
  return wrong;
}
