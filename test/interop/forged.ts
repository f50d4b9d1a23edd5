/** Chains as one writes them who holds the executors' keys: records changed, every later hash and every statement made anew. */
import { createPrivateKey, sign } from "node:crypto";
import { canonicalize } from "../../shared/canonical.ts";
import { fromBase64, fromUtf8, toBase64, utf8 } from "../../shared/bytes.ts";
import { keyId } from "../../shared/keys.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import { pae } from "../../shared/signing.ts";
import type { PrivateKey } from "../../scripts/lib/keys.ts";

type Entry = { source: string; data: { records?: Rec[]; statement?: Statement } };
export type Rec = { seq: number; prev: string; task: string | null; events: any[]; [more: string]: unknown };
type Statement = { payloadType: string; payload: string; signatures: { keyid: string; sig: string }[] };

export const readEntry = (bytes: Uint8Array): any => JSON.parse(fromUtf8(bytes)!);
export const entryBytes = (entry: unknown): Uint8Array => utf8(canonicalize(entry as never));

/** The chain of an executor with its records as `change` leaves them; `keys` are the executors' private ones, of all times. */
export function forgedChain(
  entries: readonly Uint8Array[],
  executor: string,
  keys: readonly PrivateKey[],
  change: (record: Rec) => Rec,
): Uint8Array[] {
  const read = entries.map((bytes) => readEntry(bytes) as Entry);
  const ours = ({ source }: Entry) => source === `/executors/${executor}`;
  const records = read.filter(ours).flatMap(({ data }) => data.records ?? []);
  const bySeq = new Map<number, Rec>();
  const hashes = new Map<number, string>();
  let prev = "0".repeat(64);
  for (const record of records.toSorted((a, b) => a.seq - b.seq)) {
    const forged = { ...change(record), prev };
    prev = sha256Hex(canonicalize(forged as never));
    bySeq.set(record.seq, forged);
    hashes.set(record.seq, prev);
  }
  return read.map((entry, i) => {
    if (!ours(entry)) return entries[i]!;
    const { statement } = entry.data;
    if (statement === undefined)
      return entryBytes({ ...entry, data: { records: entry.data.records!.map(({ seq }) => bySeq.get(seq)) } });
    const says = JSON.parse(fromUtf8(fromBase64(statement.payload)!)!);
    return entryBytes({
      ...entry,
      data: { statement: signedAnew(statement, { ...says, head: hashes.get(says.seq) }, keys) },
    });
  });
}

/** A statement by the same key as before, or by another one. */
export function signedAnew(
  { payloadType, signatures }: Statement,
  says: unknown,
  keys: readonly PrivateKey[],
  by = signatures[0]!.keyid,
): Statement {
  const key = keys.find((one) => keyId(one) === by)!;
  const payload = utf8(canonicalize(says as never));
  const sig = sign(null, pae(payloadType, payload), createPrivateKey({ key, format: "jwk" }));
  return { payloadType, payload: toBase64(payload), signatures: [{ keyid: by, sig: toBase64(sig) }] };
}
