/** Fetches a task's entries and proofs and checks them in this browser: the same code as the command line's. */
import type { TrustView } from "../../../shared/api.ts";
import type { Client } from "../../../shared/client.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { trustOfShown } from "../../../shared/trust.ts";
import {
  verifierTrust,
  verifyPlace,
  type Place,
  type PlaceClaim,
  type VerifierTrust,
} from "../../../shared/verify/index.ts";

/** `not-found` where the server does not say by which keys its log is verified. */
export function pinnedBy(shown: TrustView | null): Result<VerifierTrust> {
  const trust = shown === null ? null : trustOfShown(shown);
  const pinned = trust === null ? null : verifierTrust(trust, shown!.tenant);
  return pinned === null
    ? err(problem("not-found", "The server does not say by which keys its log is verified."))
    : ok(pinned);
}

export type CheckedEntry = { readonly index: number; readonly outcome: Result<Place> };

/** One verdict for each of the task's entries. Errors: those of the calls. */
export async function checkTask(
  client: Client,
  task: string,
  trust: VerifierTrust,
  withEntries: boolean,
): Promise<Result<readonly CheckedEntry[]>> {
  const [proved, page] = await Promise.all([
    client.taskProof(task),
    withEntries ? client.ledgerEntries({ task, limit: 500 }) : ok({ entries: [], next: null }),
  ]);
  if (!proved.ok) return proved;
  if (!page.ok) return page;
  const bodies = new Map(page.value.entries.map(({ index, body }) => [index, body]));
  const check = async (claim: PlaceClaim): Promise<CheckedEntry> => {
    const body = bodies.get(claim.index) ?? null;
    if (withEntries && (body === null || subjectOf(body) !== task))
      return { index: claim.index, outcome: err(problem("proof-invalid", "The entry is not one of this task.")) };
    return { index: claim.index, outcome: await verifyPlace(claim, body, trust) };
  };
  return ok(await Promise.all(proved.value.proofs.map(check)));
}

/** Whose records an entry holds; null where it is no entry. */
export function subjectOf(body: string): string | null {
  try {
    const { subject } = JSON.parse(body) as { subject?: unknown };
    return typeof subject === "string" ? subject : null;
  } catch {
    return null;
  }
}
