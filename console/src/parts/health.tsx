/** Whether the system says that it is well. */
import type { Health } from "../../../shared/api.ts";
import type { Query } from "../lib/use-query.ts";
import { Badge } from "./status.tsx";

export function HealthBadge({ health }: { health: Query<Health> }) {
  if (health.problem !== null) return <Badge tone="bad" text="no answer" title={health.problem.detail} />;
  if (health.data === null) return <Badge tone="off" text="checking" />;
  return health.data.status === "ok" ? (
    <Badge tone="good" text="healthy" />
  ) : (
    <Badge tone="bad" text="failing" title={health.data.reasons.join("; ")} />
  );
}
