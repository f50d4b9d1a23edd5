/**
 * Signs a word on an effect in doubt with this device's key and sends it. The envelope is kept before it is sent and dropped when the
 * executor has answered, so that a click after a lost answer, or after a reload, repeats the same word (N2 of resolution.ts).
 */
import type { Client } from "../../../shared/client.ts";
import type { Result } from "../../../shared/result.ts";
import type { DoubtView, TaskView } from "../../../shared/views.ts";
import type { DeviceKey } from "./device-key.ts";
import { signResolution, type Found, type KeptResolution } from "./resolution.ts";
import { mayHaveArrived } from "./send-decision.ts";
import { read, remove, write } from "./store.ts";

const at = (tenant: string, action: string): string => `resolution:${tenant}:${action}`;

/** The word that this device signed and whose answer it never saw; null normally. */
export const keptResolution = (tenant: string, action: string): Promise<KeptResolution | null> =>
  read<KeptResolution>(at(tenant, action));

export async function sendResolution(
  client: Client,
  tenant: string,
  key: DeviceKey,
  doubt: DoubtView,
  found: Found,
): Promise<Result<TaskView>> {
  const kept = await keptResolution(tenant, doubt.action);
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const signed = await signResolution(doubt, tenant, key, found, kept, Date.now(), random);
  await write(at(tenant, doubt.action), signed);
  const { envelope, finding } = signed;
  const answer = await client.resolveStep(doubt.task, doubt.step, { envelope, result: finding.result });
  if (answer.ok || !mayHaveArrived(answer.problem)) await remove(at(tenant, doubt.action));
  return answer;
}
