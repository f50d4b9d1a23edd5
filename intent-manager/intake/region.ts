/** Which region a task belongs to: the one that the request names, or the one that the release's rule gives. Never where the caller is. */
import type { Json } from "../../shared/json.ts";
import { problem } from "../../shared/problems.ts";
import type { ReleaseBundle } from "../../shared/release.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { regionOf } from "../../shared/region.ts";
import type { Tenant } from "../http/caller.ts";

/** Refuses with region-unavailable, or contract-violation where the rule's field holds no string. */
export function chooseRegion(
  requested: string | undefined,
  rule: ReleaseBundle["region"],
  input: Json,
  tenant: Tenant,
): Result<string> {
  const region = requested === undefined ? regionOf(rule, input) : ok(requested);
  if (!region.ok) return region;
  return tenant.regions.includes(region.value)
    ? region
    : err(problem("region-unavailable", `This tenant has no region ${region.value}.`, { region: region.value }));
}
