/** The features of a task in its first plan: checked against those that are computed here. */
import { openCommitment, type Disclosures } from "../../shared/commitments.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { featuresOf } from "../../shared/features.ts";
import type { Json } from "../../shared/json.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Plan } from "../../shared/proposal.ts";
import { GUARDS } from "../guards/index.ts";

/** A9 for what rules see of the input: the first plan records the features that are computed here. */
export function wrongFeatures(
  plan: Plan,
  disclosures: Disclosures,
  task: { readonly input: Json },
  release: CompiledRelease,
): Problem | null {
  const wanted = plan.round > 1 ? [] : featuresOf(release.declarations, task.input);
  if (plan.features === undefined && wanted.length === 0) return null;
  const { of = [], values } = plan.features ?? {};
  const disclosure = values === undefined ? undefined : disclosures[values.$commit];
  if (values !== undefined && (disclosure === undefined || !openCommitment(values.$commit, disclosure)))
    return problem("disclosure-mismatch", "The values of the features are not those that were committed to.");
  const signed = { of, values: disclosure?.value ?? {} } as unknown as Json;
  const here = {
    of: wanted.map(({ name, version, from }) => ({ name, version, from })),
    values: Object.fromEntries(wanted.map(({ name, value }) => [name, value])),
  } as unknown as Json;
  return GUARDS["features-of-input"](signed, here)
    ? null
    : problem("plan-mismatch", "The features are not those that the release computes from this input.");
}
