/** Intake limits on the way in: nothing is asked where neither the release nor the deployment declares one. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { TenantIntakeLimits, type IntakeLimits } from "../../shared/intake-limits.ts";
import type { Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Bindings } from "../bindings.ts";

let parsed: { readonly text: string; readonly limits: TenantIntakeLimits } | null = null;

/** The deployment's limits of a tenant. Throws where the variable is not understood: a configuration error. */
export function tenantLimits(
  { INTAKE_LIMITS: text }: Pick<Bindings, "INTAKE_LIMITS">,
  tenant: string,
): IntakeLimits | null {
  if (parsed?.text !== text) parsed = { text, limits: TenantIntakeLimits.parse(JSON.parse(text)) };
  return parsed.limits[tenant] ?? parsed.limits["*"] ?? null;
}

/** What has to be told where the task is not opened after all. */
export type Entered = { readonly leave: () => Promise<void> };
const NOTHING: Entered = { leave: () => Promise.resolve() };

/** Lets a task in, first by its automation's limits, then by its tenant's. Refuses with intake-rate, intake-full. */
export async function enterIntake(
  env: Bindings,
  tenant: string,
  { bundle }: CompiledRelease,
  task: string,
): Promise<Result<Entered, Problem>> {
  const asked: (readonly [string, IntakeLimits])[] = [];
  if (bundle.intakeLimits !== undefined) asked.push([`${tenant}/${bundle.automation}`, bundle.intakeLimits]);
  const ofTenant = tenantLimits(env, tenant);
  if (ofTenant !== null) asked.push([tenant, ofTenant]);
  if (asked.length === 0) return ok(NOTHING);
  const entered: string[] = [];
  const leave = async () => {
    await Promise.all(entered.map((name) => env.INTAKE_LIMIT.getByName(name).left(task)));
  };
  for (const [name, limits] of asked) {
    const refused = await env.INTAKE_LIMIT.getByName(name).enter(task, limits);
    if (refused === "known") continue;
    if (refused !== null) {
      await leave();
      return err(refused);
    }
    entered.push(name);
  }
  return ok({ leave });
}
