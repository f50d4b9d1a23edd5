/** Does the log agree with whom we trust and with what the executors have seen of it? A quick look; `countersign verify` is the proof. */
import { fromBase64 } from "../../shared/bytes.ts";
import type { Client } from "../../shared/client.ts";
import { keyId, type PublicJwk } from "../../shared/keys.ts";
import { verifyConsistency } from "../../shared/tlog/tree.ts";
import type { KeyKind } from "../../shared/trust.ts";
import type { OpenedCheckpoint } from "../../shared/tlog/checkpoint.ts";
import { openLogCheckpoint, type VerifierTrust } from "../../shared/verify/index.ts";
import type { Call } from "../command.ts";
import { resolveTrust } from "../record/trust.ts";
import { fine, refused, wrong, type Diagnosis } from "./diagnosis.ts";

const VERIFY = "countersign verify --witnesses";

export async function diagnoseLog(call: Call, client: Client): Promise<Diagnosis[]> {
  const pinned = call.settings.pinnedTrust();
  if (pinned === null)
    return [
      {
        check: "trust",
        status: "unknown",
        detail: "nothing is pinned, so the log cannot be checked",
        fix: "give --trust FILE",
      },
    ];
  const tenant = await call.tenant(client);
  if (!tenant.ok) return [refused("trust", tenant.problem, "give --tenant")];
  const { pinned: trust, from } = resolveTrust(pinned, tenant.value);
  const lines = [await examineTrust(client, trust, from)];
  const note = await client.checkpoint(tenant.value);
  if (!note.ok) return [...lines, refused("checkpoint", note.problem, "is the ledger Worker running?")];
  const opened = await openLogCheckpoint(note.value, trust);
  if (!opened.ok) return [...lines, refused("checkpoint", opened.problem, VERIFY)];
  lines.push(fine("checkpoint", `${opened.value.size} entries, signed by a pinned key`));
  lines.push(await examineWitnesses(client, opened.value, trust));
  return lines;
}

const ids = (keys: Iterable<PublicJwk>): string => [...keys].map(keyId).toSorted().join(" ");

async function examineTrust(client: Client, trust: VerifierTrust, from: string): Promise<Diagnosis> {
  const shown = await client.trust();
  if (!shown.ok) return refused("trust", shown.problem, "look at TRUST in the deploy configuration");
  const { rootKey, proposalKeys, receiptKeys, checkpointKeys, retired } = shown.value;
  const all = (keys: readonly PublicJwk[], kind: KeyKind) => [...keys, ...(retired?.[kind] ?? [])];
  const differing = [
    ["root", keyId(rootKey) === keyId(trust.anchor.rootKey)],
    ["proposal keys", ids(all(proposalKeys, "proposalKeys")) === ids(trust.proposalKeys.values())],
    ["receipt keys", ids(all(receiptKeys, "receiptKeys")) === ids(trust.receiptKeys.values())],
    ["checkpoint keys", all(checkpointKeys, "checkpointKeys").length === trust.logKeys.length],
  ].flatMap(([name, isSame]) => (isSame === true ? [] : [String(name)]));
  return differing.length === 0
    ? fine("trust", `the server names the keys that ${from} pins`)
    : wrong(
        "trust",
        `the server names other keys than ${from}: ${differing.join(", ")}`,
        "find out who changed them, then pin the new ones",
      );
}

/** Each executor's newest checkpoint must lie on the past or the future of the one that is shown now. */
async function examineWitnesses(client: Client, now: OpenedCheckpoint, trust: VerifierTrust): Promise<Diagnosis> {
  const page = await client.witnesses();
  if (!page.ok) return refused("witnesses", page.problem, "are the executors running?");
  const faults: string[] = [];
  let agreeing = 0;
  for (const { executor, checkpoint } of page.value.witnesses) {
    if (checkpoint === null) continue;
    const seen = await openLogCheckpoint(checkpoint, trust);
    if (!seen.ok) faults.push(`${executor}: ${seen.problem.code}`);
    else if (await isConsistent(client, seen.value, now)) agreeing += 1;
    else faults.push(`${executor} saw another log at size ${seen.value.size}`);
  }
  return faults.length === 0
    ? fine("witnesses", agreeing === 0 ? "no executor has seen a checkpoint yet" : `${agreeing} executors saw this log`)
    : wrong("witnesses", faults.join("; "), VERIFY);
}

async function isConsistent(client: Client, a: OpenedCheckpoint, b: OpenedCheckpoint): Promise<boolean> {
  const [old, newer] = a.size <= b.size ? [a, b] : [b, a];
  const answer =
    old.size === newer.size || old.size === 0
      ? null
      : await client.consistencyProof({ from: old.size, to: newer.size });
  if (answer !== null && !answer.ok) return false;
  const proof = (answer?.value.proof ?? []).map((hash) => fromBase64(hash) ?? new Uint8Array());
  if (old.size === 0) return true;
  return verifyConsistency({ oldSize: old.size, newSize: newer.size, oldRoot: old.root, newRoot: newer.root, proof })
    .ok;
}
