/** The switch of an automation's models: a feature toggle that its release names. Off unless it is true, so also where nobody has set it. */
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { ModelSpec } from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import type { Toggles } from "../../../shared/toggles.ts";
import type { Bindings } from "../../bindings.ts";
import { togglesOfRelease } from "../../intake/toggles.ts";

/** The feature toggles that the release looks at, no older than a second. */
export const togglesNow = (
  { env, nowMs }: { readonly env: Bindings; readonly nowMs: () => number },
  tenant: string,
  release: CompiledRelease,
): Promise<Toggles | undefined> =>
  // Nothing outlives a round of planning: a renewal that does not end is given up.
  togglesOfRelease(env, tenant, release, nowMs(), (work) => void work.catch(() => {}));

export const isSwitchedOff = ({ toggle }: ModelSpec, toggles: Toggles | undefined): boolean =>
  toggle !== undefined && toggles?.[toggle] !== true;

/** Why whoever follows the models plans in their place. */
export const switchedOff = ({ toggle }: ModelSpec): Problem =>
  problem("model-switched-off", `The models are off: the toggle ${toggle} is not true.`, { toggle: toggle ?? "" });
