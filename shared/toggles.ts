/**
 * Feature toggles as releases see them: values under names that an operator changes at any time, and that rules, conditions of playbooks and the
 * choice of a planner may look at. Values travel in the signed plan, as its planner knew them: whoever decides or replays decides over those.
 *
 * T1  A release says which toggles it looks at, by constant names. Only those travel.
 * T2  A toggle that nobody has set is absent, and looking at one that is absent is an error: the rule denies, the condition gives no plan.
 *     Who wants another answer asks `has(toggles.name)`.
 */
import * as z from "zod";
import { LIMITS } from "./limits.ts";
import type { Path } from "./policy/expression.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

export const ToggleName = z.string().regex(/^[a-z][a-zA-Z0-9_]{0,49}$/);
export const ToggleValue = z.union([z.boolean(), z.int(), z.string().max(200)]);
export type ToggleValue = z.infer<typeof ToggleValue>;

/** Name → value, of those that are set. */
export const Toggles = z
  .record(ToggleName, ToggleValue)
  .refine((toggles) => Object.keys(toggles).length <= LIMITS.releaseToggles, "too many toggles");
export type Toggles = { readonly [name: string]: ToggleValue };

/** What is wrong with how an expression looks at toggles; null where nothing is (T1). */
export function wrongToggle(paths: readonly Path[]): string | null {
  for (const { root, segments } of paths)
    if (root === "toggles" && !(segments.length === 1 && ToggleName.safeParse(segments[0]).success))
      return `toggles are named as toggles.NAME, not ${["toggles", ...segments].join(".")}`;
  return null;
}

/** The toggles that expressions and a model's switch look at, sorted. Refuses with policy-invalid where a release looks at too many. */
export function togglesIn(paths: Iterable<Path>, also: readonly string[]): Result<readonly string[]> {
  const names = new Set(also);
  for (const { root, segments } of paths) if (root === "toggles") names.add(segments[0]!);
  return names.size > LIMITS.releaseToggles
    ? err(problem("policy-invalid", `A release may look at ${LIMITS.releaseToggles} toggles.`))
    : ok([...names].toSorted());
}

/** Of all the toggles that are set, those that a release looks at; undefined where it looks at none, so that its plans carry nothing. */
export const togglesFor = (
  names: readonly string[],
  all: { readonly [name: string]: ToggleValue },
): Toggles | undefined =>
  names.length === 0
    ? undefined
    : Object.fromEntries(names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name]!]] : [])));
