/** A tenant's record as an auditor downloads it, and the offline verifier over it. */
import { utf8 } from "../../shared/bytes.ts";
import { Trust } from "../../shared/trust.ts";
import { verifierTrust, verifyRecord, type VerificationInput } from "../../shared/verify/index.ts";
import type { Reached } from "./harness.ts";
import { until } from "./people.ts";

export type Downloaded = { readonly checkpoint: string; readonly entries: readonly string[] };

/** Waits until every executor has delivered everything, then downloads checkpoint and entries. */
export async function download(system: Reached, tenant = "dev"): Promise<Downloaded> {
  const { auditor, operator } = system.tenants[tenant]!.apiKeys;
  await until(
    async () => (await system.call(operator, "/v1/overview")).body,
    (overview) => overview.executors.every((one: any) => one.head === one.delivered),
  );
  const checkpoint = await (await system.fetch(`/log/${tenant}/checkpoint`)).text();
  const size = Number(checkpoint.split("\n")[1]);
  const entries: string[] = [];
  while (entries.length < size) {
    const page = await system.call(auditor, `/v1/ledger/entries?from=${entries.length}&limit=500`);
    for (const entry of page.body.entries) if (entries.length < size) entries.push(entry.body);
  }
  return { checkpoint, entries };
}

/** The verifier's report over a download, under the trust that was pinned when the system was set up. */
export const verify = (
  system: Reached,
  { checkpoint, entries }: Downloaded,
  more: Partial<VerificationInput> = {},
  tenant = "dev",
) =>
  verifyRecord({
    trust: verifierTrust(Trust.parse(system.trust), tenant)!,
    checkpoint,
    entries: entries.map(utf8),
    ...more,
  });

/** Codes of everything that a report found wrong. */
export const findings = (report: Awaited<ReturnType<typeof verify>>): string[] =>
  report.checks.flatMap((check) => check.findings.map((finding) => finding.code));

/** What the regional databases say was done, as the verifier takes it. */
export async function effects(system: Reached, tenant = "dev") {
  const { auditor } = system.tenants[tenant]!.apiKeys;
  const byRegion: Record<string, { action: string; task: string; step: string; status: string }[]> = {};
  for (const region of ["eu", "us"])
    byRegion[region] = (await system.call(auditor, `/v1/ledger/effects?region=${region}`)).body.effects;
  return byRegion;
}
