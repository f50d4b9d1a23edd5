/** The stored alerts of a tenant, changed by whoever read the version that stands: of two at once, one is told to read again. */
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { KeptAlert } from "../../shared/alerts/life.ts";
import type { Bindings } from "../bindings.ts";
import { alerts } from "../schema.ts";

export type Stored = { readonly version: number; readonly evaluatedMs: number; readonly kept: readonly KeptAlert[] };
const NEVER: Stored = { version: 0, evaluatedMs: 0, kept: [] };

export async function readAlerts(env: Bindings, tenant: string): Promise<Stored> {
  const [row] = await drizzle(env.CONTROL_DB).select().from(alerts).where(eq(alerts.tenant, tenant));
  return row === undefined ? NEVER : { version: row.version, evaluatedMs: row.evaluatedAt, kept: row.kept };
}

/** False where somebody else has written since `before` was read. */
export async function writeAlerts(
  env: Bindings,
  tenant: string,
  before: Stored,
  { evaluatedMs = before.evaluatedMs, kept }: { readonly evaluatedMs?: number; readonly kept: readonly KeptAlert[] },
): Promise<boolean> {
  const db = drizzle(env.CONTROL_DB);
  const row = { version: before.version + 1, evaluatedAt: evaluatedMs, kept };
  const written =
    before.version === 0
      ? await db
          .insert(alerts)
          .values({ tenant, ...row })
          .onConflictDoNothing()
      : await db
          .update(alerts)
          .set(row)
          .where(and(eq(alerts.tenant, tenant), eq(alerts.version, before.version)));
  return written.meta.changes > 0;
}
