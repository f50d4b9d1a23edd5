/** What people of a tenant do, through the public surface: publish what ships, enrol a reviewer, decide. */
import { publishAll } from "../../scripts/publish-automations.ts";
import { demoSql } from "../../scripts/demo-data.ts";
import { newPrivateKey, type PrivateKey } from "../../scripts/lib/keys.ts";
import type { ReviewView } from "../../shared/views.ts";
import type { Envelope } from "../../shared/signing.ts";
import { attestation, enrol } from "../support/manager.ts";
import type { Countersign, Reached } from "./harness.ts";

/**
 * The shipped automations promoted and the demonstration data loaded, as `npm start` does it; without the one that is trained first, which takes
 * seconds and has tests of its own.
 */
export async function openShop(system: Countersign, tenant = "dev"): Promise<void> {
  await publishAll({ url: system.url, dev: system.tenants[tenant]!, log: () => {}, without: ["invoice-triage"] });
  if (tenant !== "dev") return;
  await system.sqlBatch("BUSINESS_EU", demoSql("eu"));
  await system.sqlBatch("BUSINESS_US", demoSql("us"));
}

export type Reviewer = { readonly member: string; readonly key: PrivateKey; readonly chain: readonly Envelope[] };

/** A person with a key of their own, enrolled under the tenant's root. */
export async function reviewer(system: Reached, member: string, roles: string[], tenant = "dev"): Promise<Reviewer> {
  const key = newPrivateKey();
  return { member, key, chain: [await enrol(system.tenants[tenant]!.rootKey, tenant, member, key, roles)] };
}

/** Signs a decision on what waits and sends it. */
export async function decide(
  system: Reached,
  by: Reviewer,
  review: ReviewView,
  decision: "approve" | "reject",
  tenant = "dev",
) {
  const envelope = await attestation(by.key, tenant, review, decision);
  return system.call(system.tenants[tenant]!.apiKeys.approver, `/v1/reviews/${review.id}/decision`, {
    body: { envelope, chain: by.chain },
  });
}

/** Asks until the answer is as wanted, at most ten seconds. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (const end = Date.now() + 10_000; ;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`not in time: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
