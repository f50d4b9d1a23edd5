/** What models may cost one tenant on one day: the deployment's `MODEL_TENANT_DAY`. */
import { ModelBudget } from "../../../shared/model.ts";
import type { Bindings } from "../../bindings.ts";

/** Throws where the variable is no budget: a configuration error. */
export const tenantDayOf = (env: Pick<Bindings, "MODEL_TENANT_DAY">): ModelBudget =>
  ModelBudget.parse(JSON.parse(env.MODEL_TENANT_DAY));
