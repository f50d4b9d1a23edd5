/** The executors Worker. It has no public route: other Workers reach its objects and its entrypoint by binding. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { CapabilityContract } from "../shared/capability.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { EffectRow, EventDelivered, ExecutorsRpc } from "../shared/rpc.ts";
import { capabilities } from "./capabilities/index.ts";
import { DeliverEventCommand, parseCommand } from "./commands.ts";
import { configOf, tenantTrust } from "./config.ts";
import { correlationOf } from "./correlation.ts";
import { businessDatabase } from "./databases.ts";
import { returnLetters, type KeepsLetters } from "./dead-letters.ts";
import { workersPlatform } from "./platform.ts";

export { EgressEntrypoint } from "./adapters/egress-entrypoint.ts";
export { Correlation } from "./correlation.ts";
export { EffectClaims } from "./effect-claims.ts";
export { CapabilityGate } from "./gate/capability-gate.ts";
export { AggregateLimit } from "./limits/aggregate-limit.ts";
export { RegionalExecutor } from "./regional-executor.ts";

/** Most effect rows of one answer. */
const EFFECT_ROWS = 1_000;

/** Stateless questions: which capabilities are deployed here, and what the business databases say was done. */
export class ExecutorsEntrypoint extends WorkerEntrypoint<Env> implements ExecutorsRpc {
  async capabilities(): Promise<readonly CapabilityContract[]> {
    return [...capabilities(this.env).values()].map((capability) => capability.contract);
  }

  /** An event with a correlation key, for the steps that wait for it now or later. */
  async deliverEvent(command: unknown): Promise<Result<EventDelivered>> {
    const parsed = parseCommand(DeliverEventCommand, command);
    if (!parsed.ok) return parsed;
    const { tenant, key, event } = parsed.value;
    const config = configOf(this.env);
    if (!config.ok) return config;
    if (tenantTrust(config.value, tenant) === null) return err(problem("not-found", "There is no such tenant."));
    return correlationOf(this.env.CORRELATION, tenant, key).deliver(key, event) as Promise<Result<EventDelivered>>;
  }

  async effects({
    tenant,
    region,
    after,
    limit,
    fromMs = 0,
    toMs = Number.MAX_SAFE_INTEGER,
  }: {
    tenant: string;
    region: string;
    after: string;
    limit: number;
    fromMs?: number;
    toMs?: number;
  }): Promise<Result<readonly EffectRow[]>> {
    const database = businessDatabase(this.env, region);
    if (database === null)
      return err(
        problem("region-unavailable", "There is no business database in this region.", { region: String(region) }),
      );
    const rows = await database
      .prepare(
        "SELECT action, task, step, status, at_ms AS atMs FROM countersign_effects WHERE tenant = ? AND action > ? AND at_ms >= ? AND at_ms < ? ORDER BY action LIMIT ?",
      )
      .bind(tenant, after, fromMs, toMs, Math.min(Math.max(1, limit), EFFECT_ROWS))
      .all<EffectRow>();
    return ok(rows.results);
  }

  async effectsOf({
    tenant,
    region,
    actions,
  }: {
    tenant: string;
    region: string;
    actions: readonly string[];
  }): Promise<Result<readonly EffectRow[]>> {
    const database = businessDatabase(this.env, region);
    if (database === null)
      return err(
        problem("region-unavailable", "There is no business database in this region.", { region: String(region) }),
      );
    const rows = await database
      .prepare(
        "SELECT e.action, e.task, e.step, e.status, e.at_ms AS atMs FROM json_each(?2) AS j CROSS JOIN countersign_effects AS e ON e.tenant = ?1 AND e.action = j.value",
      )
      .bind(tenant, JSON.stringify(actions.slice(0, EFFECT_ROWS)))
      .all<EffectRow>();
    return ok(rows.results);
  }
}

export default {
  fetch: () => new Response("This Worker has no public route.\n", { status: 404 }),
  /** The dead letter queue: messages come back to the executors of their tasks. */
  queue: (batch: MessageBatch, env: Env) =>
    returnLetters(
      batch.messages,
      (name) => env.REGIONAL_EXECUTOR.getByName(name) as unknown as KeepsLetters,
      workersPlatform.log,
    ),
};
