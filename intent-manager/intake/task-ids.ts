/**
 * Task ids: an HMAC under a secret of the tenant over what makes an intent the same intent. The same idempotency key finds the same task
 * without a lookup, nobody can guess another's id, and the id carries its route.
 */
import { createHmac } from "node:crypto";
import { fromBase64Url } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { LIMITS } from "../../shared/limits.ts";
import { homeShard } from "../../shared/home.ts";
import { shardOf, taskId, toBase32 } from "../../shared/ids.ts";
import type { Tenant } from "../http/caller.ts";

const TOKEN_BYTES = 16;
const hmac = (key: Uint8Array, text: string): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(text).digest());

/** The tenant's own secret, so that no two tenants share an id space. */
export function tenantSecret(taskIdSecret: string, tenant: string): Uint8Array {
  const known = secretByTenant.get(tenant);
  if (known !== undefined && known.of === taskIdSecret) return known.secret;
  const secret = deriveSecret(taskIdSecret, tenant);
  if (secretByTenant.size >= LIMITS.cachedKeys) secretByTenant.delete(secretByTenant.keys().next().value!);
  secretByTenant.set(tenant, { of: taskIdSecret, secret });
  return secret;
}
const secretByTenant = new Map<string, { readonly of: string; readonly secret: Uint8Array }>();

function deriveSecret(taskIdSecret: string, tenant: string): Uint8Array {
  const secret = fromBase64Url(taskIdSecret);
  if (secret === null || secret.length < 32) throw new Error("TASK_ID_SECRET must be 32 bytes of base64url");
  return hmac(secret, `task-id:${tenant}`);
}

/** Keys that callers do not choose stand in a space of their own: no caller can find or block such a task by naming its key. */
export type KeySpace = "event" | "schedule";

export type SameIntent = {
  readonly automation: string;
  readonly region: string;
  /** Null: nothing makes a second request the same; the id is random. */
  readonly idempotencyKey: string | null;
  /** Id of the record that the task is about and runs beside; null where it may run in any shard. */
  readonly home: string | null;
  readonly keySpace?: KeySpace;
};

export function newTaskId(
  secret: Uint8Array,
  tenant: Tenant,
  intent: SameIntent,
  random: (bytes: number) => Uint8Array,
): { task: string; shard: number } {
  const { automation, region, idempotencyKey, home, keySpace } = intent;
  const token =
    idempotencyKey === null
      ? random(TOKEN_BYTES)
      : hmac(
          secret,
          canonicalize([
            tenant.id,
            automation,
            region,
            idempotencyKey,
            ...(home === null ? [] : [home]),
            ...(keySpace === undefined ? [] : [{ keySpace }]),
          ]),
        ).subarray(0, TOKEN_BYTES);
  const shard = home === null ? shardOf(token, tenant.shards) : homeShard(home, tenant.shards);
  return { task: taskId(region, shard, toBase32(token)), shard };
}

/** An id for something else of the tenant that repeats with its idempotency key, such as a stop. */
export const repeatableToken = (secret: Uint8Array, parts: readonly string[]): string =>
  toBase32(hmac(secret, canonicalize(parts)).subarray(0, TOKEN_BYTES));
