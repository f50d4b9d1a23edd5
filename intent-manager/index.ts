/**
 * The public Worker. It authenticates, plans, decides under policy, signs proposals and shows what happened.
 * It reaches no downstream system and no ledger database, and nothing it signs counts before an executor has checked it.
 */
import type { Bindings } from "./bindings.ts";
import { createApp } from "./app.ts";
import { runCron } from "./jobs/runs.ts";
import { ENDPOINTS } from "./routes/index.ts";

export { MemoryVectors } from "./memory/vectors.ts";
export { IntakeLimit } from "./intake/intake-limit.ts";
export { Baselines } from "./intake/baselines.ts";
export { EventInbox } from "./intake/event-inbox.ts";
export { ModelBatches } from "./planning/model/batches.ts";
export { ModelBudgets } from "./planning/model/budgets.ts";
export { PlanningDesk } from "./planning/model/desk.ts";

const app = createApp(ENDPOINTS);

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  /** Reconciliation jobs, by the expressions of `triggers` in wrangler.toml. */
  scheduled: ({ cron }, env) => runCron(env, cron),
} satisfies ExportedHandler<Bindings>;
