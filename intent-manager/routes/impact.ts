/** `GET /v1/impact`: from a record to the runs that touched it, and to what depended on that. */
import * as z from "zod";
import { ImpactAnswer } from "../../shared/api/impact.ts";
import { LIMITS } from "../../shared/limits.ts";
import { callWorker } from "../dispatch/executor.ts";
import { endpoint } from "../http/endpoint.ts";
import { LEDGER } from "./ledger.ts";
import { pageSize, PastTime } from "./shapes.ts";

export const readImpact = endpoint(
  "GET /v1/impact",
  {
    summary: "What touched a record, and what depended on it",
    description:
      "`resource` is an impact tag, such as `order:W123`. `direction=back` (the default): actions that touched it, newest first, with who asked, who countersigned and how they stand. `direction=forward`: actions after `since` (or after the first one) that touched it, and actions that touched, later still, what those changed; nearest first, over at most `depth` records.",
    tag: "answers",
    query: z.strictObject({
      resource: z.string().min(1).max(LIMITS.tagChars),
      direction: z.enum(["back", "forward"]).optional(),
      since: PastTime.optional(),
      depth: pageSize(LIMITS.impactDepth).optional(),
      cursor: z.string().min(1).max(LIMITS.impactCursorChars).optional(),
      limit: pageSize(LIMITS.pageImpact).optional(),
    }),
    answers: { 200: { description: "A page of actions", schema: ImpactAnswer } },
  },
  ({ env, caller, query: { resource, direction, since, depth, cursor, limit } }) =>
    callWorker(LEDGER, () =>
      env.LEDGER.impact({
        tenant: caller.tenant.id,
        resource,
        direction: direction ?? "back",
        ...(since === undefined ? {} : { sinceMs: since }),
        ...(depth === undefined ? {} : { depth }),
        ...(cursor === undefined ? {} : { cursor }),
        limit: limit ?? 50,
      }),
    ),
);
