/** The shapes of the questions that are answered out of the run log and the tags. */
import * as z from "zod";
import { Scope } from "../../shared/evidence/index.ts";
import { TaskStatus } from "../../shared/events.ts";
import { AutomationName, TaskId, TenantId } from "../../shared/ids.ts";
import { LIMITS } from "../../shared/limits.ts";

const Count = z.int().min(0);

export const RunsQuery = z.strictObject({
  tenant: TenantId,
  task: TaskId.optional(),
  automation: AutomationName.optional(),
  capability: z.string().max(100).optional(),
  status: TaskStatus.optional(),
  fromMs: Count.optional(),
  toMs: Count.optional(),
  cursor: z.string().max(200).optional(),
  limit: z.int().min(1).max(LIMITS.pageRuns),
});
export const ImpactsQuery = z.strictObject({
  tenant: TenantId,
  resource: z.string().min(1).max(LIMITS.tagChars),
  direction: z.enum(["back", "forward"]),
  sinceMs: Count.optional(),
  depth: z.int().min(1).max(LIMITS.impactDepth).optional(),
  cursor: z.string().max(LIMITS.impactCursorChars).optional(),
  limit: z.int().min(1).max(LIMITS.pageImpact),
});
export const EvidenceQuery = z.strictObject({ tenant: TenantId, scope: Scope });
export const TasksNamed = z.strictObject({ tenant: TenantId, tasks: z.array(TaskId).max(LIMITS.pageRuns) });
