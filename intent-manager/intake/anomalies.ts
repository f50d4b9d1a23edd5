/** The anomaly gates of a release, asked before anything is planned: one call to its baselines, none where it has no such gate. */
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { readingsOf, unusualGates } from "../../shared/gates/gates.ts";
import type { JsonObject } from "../../shared/json.ts";
import { ok, type Result } from "../../shared/result.ts";
import { refuseFailed, type GateContext } from "./gates.ts";

/** The gates that send the task to people; refuses with quality-gate, naming the field and the gate, where one of them refuses. */
export async function passAnomalies(
  context: GateContext,
  release: CompiledRelease,
  input: JsonObject,
  task: string,
): Promise<Result<readonly string[]>> {
  const readings = release.gates === null ? [] : readingsOf(release.gates, input);
  if (release.gates === null || readings.length === 0) return ok([]);
  const { automation, contractVersion = "1.0.0" } = release.bundle;
  const name = `${context.tenant.id}/${automation}/${contractVersion.split(".")[0]}`;
  const failed = unusualGates(release.gates, await context.env.BASELINES.getByName(name).look(task, readings));
  const passed = refuseFailed(context, release, failed);
  return passed.ok ? ok(failed.map(({ gate }) => gate.id)) : passed;
}
