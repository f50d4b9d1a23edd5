/** `countersign verify --evidence`: the evidence in a page, verified by this program and under keys that were pinned here. */
import { existsSync, readFileSync } from "node:fs";
import { verifyEvidence } from "../../shared/evidence/index.ts";
import { evidenceIn } from "../../shared/evidence/page.ts";
import { keyId } from "../../shared/keys.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Answer, Call } from "../command.ts";
import { EXIT, UsageError } from "../exits.ts";
import { evidenceText } from "../views/evidence.ts";
import { nothingPinned, resolveTrust } from "./trust.ts";

export async function verifyEvidenceFile(call: Call, file: string): Promise<Result<Answer>> {
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`);
  const evidence = evidenceIn(readFileSync(file, "utf8"));
  if (evidence === null) throw new UsageError(`${file} holds no evidence that can be read.`);
  const pinned = call.settings.pinnedTrust();
  if (pinned === null) throw nothingPinned();
  // The tenant is said by whoever verifies, or follows from what is pinned; the file's own word would be a hint at most.
  const trust = resolveTrust(pinned, call.settings.tenant ?? evidence.about.tenant);
  const report = await verifyEvidence(evidence, trust.pinned);
  const { tenant, rootKey } = trust.pinned.anchor;
  const named = evidence.trust.tenants[tenant]?.rootKey;
  const sameRootKey = named !== undefined && keyId(named) === keyId(rootKey);
  return ok({
    json: { ...report, scope: evidence.about.scope, trust: { from: trust.from, sameRootKey } },
    text: evidenceText(evidence, report, trust.from, sameRootKey),
    exit: report.verified ? EXIT.ok : EXIT.verification,
  });
}
