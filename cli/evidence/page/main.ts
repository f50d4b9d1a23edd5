/** The evidence file verifies itself: reads its parts, verifies them under the keys that it holds, and shows what came of it. */
import "./no-eval.ts";
import { Evidence, verifyEvidence } from "../../../shared/evidence/index.ts";
import { verifierTrust } from "../../../shared/verify/index.ts";
import { changedParts, jsonPart } from "./parts.ts";
import { showUnreadable, showVerdict, showVerifying } from "./verdict.ts";
import { showEverything } from "./show.ts";

/** Browsers that cannot check Ed25519 say nothing about the evidence. */
async function canVerify(): Promise<boolean> {
  try {
    // The curve's base point.
    await crypto.subtle.importKey("raw", new Uint8Array(32).fill(0x66).fill(0x58, 0, 1), "Ed25519", true, ["verify"]);
    return true;
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const changed = changedParts();
  showVerifying();
  const read = Evidence.safeParse({
    about: jsonPart("about"),
    trust: jsonPart("trust"),
    checkpoint: jsonPart("checkpoint"),
    entries: jsonPart("entries"),
    proofs: jsonPart("proofs"),
  });
  if (!read.success) return showUnreadable(String(read.error.issues[0]!.path[0] ?? "evidence"), changed);
  const evidence = read.data;
  const trust = verifierTrust(evidence.trust, evidence.about.tenant);
  if (trust === null) return showUnreadable("trust", changed);
  const report = await verifyEvidence(evidence, trust);
  showVerdict(report, changed, await canVerify());
  showEverything(evidence, trust, report, changed);
}

document.addEventListener("DOMContentLoaded", () => void main());
