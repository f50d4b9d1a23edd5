/**
 * The rows of the control database that a tenant starts with: itself and its API keys, stored as hashes.
 * Repeating them changes nothing; keys that are no longer among them stop working.
 */
import { API_ROLES, apiKeyHash, publicPart, type TenantKeys } from "./keys.ts";

/** A text as a SQL literal. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** @returns statements to run in order, without semicolons at the end */
export function controlSql(keys: TenantKeys, nowMs: number): readonly string[] {
  const tenant = sqlText(keys.tenant);
  const hashes = API_ROLES.map((role) => apiKeyHash(keys.apiKeys[role]));
  return [
    `INSERT INTO tenants (id, regions, shards, root_key, created_at)
     VALUES (${tenant}, ${sqlText(JSON.stringify(keys.regions))}, ${keys.shards}, ${sqlText(JSON.stringify(publicPart(keys.rootKey)))}, ${nowMs})
     ON CONFLICT (id) DO UPDATE SET root_key = excluded.root_key`,
    `UPDATE api_keys SET revoked_at = ${nowMs}
     WHERE tenant = ${tenant} AND label LIKE 'development %' AND revoked_at IS NULL AND hash NOT IN (${hashes.map(sqlText).join(", ")})`,
    ...API_ROLES.map((role) => {
      const hash = apiKeyHash(keys.apiKeys[role]);
      return `INSERT OR IGNORE INTO api_keys (hash, id, tenant, role, member, label, created_at)
     VALUES (${sqlText(hash)}, 'key_${hash.slice(0, 16)}', ${tenant}, '${role}', ${memberOf(role, keys)}, 'development ${role}', ${nowMs})`;
    }),
  ];
}

/** Roles that are a person's carry that person, so that whoever asked is known where a record needs it. */
function memberOf(role: (typeof API_ROLES)[number], keys: TenantKeys): string {
  if (role === "approver") return sqlText(keys.approver.member);
  if (role === "admin") return sqlText(keys.admin.member);
  return "NULL";
}
