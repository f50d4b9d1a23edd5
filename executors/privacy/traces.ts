/**
 * What tasks of an erased subject left outside their executor's object: results in the effect rows of the regional database, and events under
 * correlation keys. May be repeated; answers false, or throws, where not all of it is gone.
 */
import { parseExecutorName } from "../../shared/ids.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { ERASED } from "../../shared/subjects.ts";
import { correlationByDigest, type Correlation } from "../correlation.ts";
import { businessDatabase, type DatabaseBindings } from "../databases.ts";
import type { Traces } from "./erasing.ts";

type Bindings = DatabaseBindings & { readonly CORRELATION: DurableObjectNamespace<Correlation> };

export async function removeTraces(env: Bindings, executor: string, { actions, waits }: Traces): Promise<boolean> {
  const { tenant, region } = parseExecutorName(executor)!;
  const database = businessDatabase(env, region);
  if (actions.length > 0 && database !== null)
    // The row stays: it keeps the action from happening twice, and the completeness report counts it.
    await database
      .prepare(
        "UPDATE countersign_effects SET result = ? WHERE tenant = ? AND result IS NOT NULL AND action IN (SELECT value FROM json_each(?))",
      )
      .bind(canonicalize(ERASED), tenant, JSON.stringify(actions))
      .run();
  const byKey = Map.groupBy(waits, ({ key }) => key);
  for (const [key, found] of byKey)
    await correlationByDigest(env.CORRELATION, tenant, key).forget([...new Set(found.map(({ task }) => task))]);
  return true;
}
