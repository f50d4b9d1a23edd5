/** Whom a verification trusts, and where that comes from: a file of the auditor; the server itself only when that is asked for aloud. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Client } from "../../shared/client.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { trustOfShown } from "../../shared/trust.ts";
import { verifierTrust, type VerifierTrust } from "../../shared/verify/index.ts";
import type { Call } from "../command.ts";
import { UsageError } from "../exits.ts";
import { bold, red } from "../output.ts";
import type { PinnedTrust } from "../settings.ts";

export type ResolvedTrust = { readonly pinned: VerifierTrust; readonly from: string };

/** What is pinned for the tenant. Throws a UsageError where nothing is, or where the pinned configuration does not know the tenant. */
export function resolveTrust({ trust, from }: PinnedTrust, tenant: string | null): ResolvedTrust {
  const tenants = Object.keys(trust.tenants);
  const name = tenant ?? (tenants.length === 1 ? tenants[0]! : null);
  if (name === null) throw new UsageError(`${from} knows several tenants (${tenants.join(", ")}): say --tenant.`);
  const pinned = verifierTrust(trust, name);
  if (pinned === null) throw new UsageError(`${from} does not know the tenant ${name}.`);
  return { pinned, from };
}

export const nothingPinned = (): UsageError =>
  new UsageError(
    "Nothing is pinned for this server: give --trust FILE (the deploy configuration's TRUST), or --trust-on-first-use.",
  );

/**
 * Asks the server whom to trust and keeps the answer for the next time. Says loudly what that is worth.
 * Errors: those of the call; `not-found` where the deploy configuration names no origin of the log, or no keys that can be read.
 */
export async function trustOnFirstUse(call: Call, client: Client): Promise<Result<PinnedTrust>> {
  const shown = await client.trust();
  if (!shown.ok) return shown;
  const trust = trustOfShown(shown.value);
  if (trust === null)
    return err(problem("not-found", "The server does not say what the origin of its log is, or whom to trust."));
  const file = call.settings.firstUseFile;
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(trust, null, 2)}\n`, { mode: 0o600 });
  }
  call.note(
    [
      red(bold("TRUST ON FIRST USE: the server that is being verified says itself whom to trust.")),
      red(
        "A server that was taken over before this moment verifies as well as an honest one. From now on a change of keys will be noticed.",
      ),
      red(`Compare ${file} with the deploy configuration.`),
    ].join("\n"),
  );
  return ok({ trust, from: `the server itself, on first use (kept in ${file})` });
}
