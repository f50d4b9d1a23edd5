/** What a call of a model needs, out of this Worker's bindings. */
import type { Bindings } from "../../bindings.ts";
import { newSalt } from "../../intake/random.ts";
import type { CallDeps } from "./call-model.ts";
import { modelClientOf } from "./client.ts";
import { tenantDayOf } from "./tenant-day.ts";

export const callDepsOf = (env: Bindings, tenant: string): CallDeps => ({
  client: modelClientOf(env),
  budgets: env.MODEL_BUDGETS.getByName(tenant),
  tenantDay: tenantDayOf(env),
  nowMs: () => Date.now(),
  newSalt,
  newId: () => crypto.randomUUID(),
});
