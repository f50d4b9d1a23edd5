/**
 * What the ledger holds of this executor's chain behind a position, asked for part by part. Every record is checked against the one before it,
 * and the last against the head that people signed, before any of it is used.
 */
import { canonicalize } from "../../shared/canonical.ts";
import { ChainRecord } from "../../shared/events.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ChainPart, LedgerRpc } from "../../shared/rpc/ledger.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import type { Head } from "../journal.ts";

export type LostRecord = { readonly record: ChainRecord; readonly body: string; readonly hash: string };

/**
 * The records after `from` up to `to`.
 * @returns not-running, chain-gap (the ledger has no such records), chain-fork (they do not follow each other, or the chain in the log ends elsewhere),
 *   task-limit (more than an executor takes back)
 */
export async function lostChain(
  ledger: Pick<LedgerRpc, "chain">,
  tenant: string,
  executor: string,
  from: Head,
  to: Head,
): Promise<Result<readonly LostRecord[]>> {
  if (to.seq - from.seq > LIMITS.rewindRecords) return tooMuch();
  const records: LostRecord[] = [];
  let at = from;
  let chars = 0;
  while (at.seq < to.seq) {
    const part = await partAfter(ledger, tenant, executor, at.seq);
    if (!part.ok) return part;
    if (part.value.head.seq !== to.seq || part.value.head.hash !== to.hash)
      return fork(`The log holds this chain up to ${part.value.head.seq}, and people signed another head.`);
    if (part.value.records.length === 0) return err(problem("chain-gap", "The ledger does not give these records."));
    for (const body of part.value.records) {
      const record = readRecord(body, executor);
      if (record === null || record.seq !== at.seq + 1 || record.prev !== at.hash)
        return fork(`What the ledger gives does not follow record ${at.seq} of this executor.`);
      at = { seq: record.seq, hash: sha256Hex(body) };
      records.push({ record, body, hash: at.hash });
      if ((chars += body.length) > LIMITS.rewindChars) return tooMuch();
    }
  }
  return at.seq === to.seq && at.hash === to.hash ? ok(records) : fork("The records end in another head.");
}

async function partAfter(
  ledger: Pick<LedgerRpc, "chain">,
  tenant: string,
  executor: string,
  after: number,
): Promise<Result<ChainPart>> {
  try {
    return await ledger.chain({ tenant, executor, after });
  } catch {
    return err(problem("not-running", "The ledger did not answer."));
  }
}

function readRecord(body: string, executor: string): ChainRecord | null {
  const value = parseStrictJson(body);
  const parsed = ChainRecord.safeParse(value.ok ? value.value : null);
  return parsed.success && parsed.data.executor === executor && canonicalize(parsed.data) === body ? parsed.data : null;
}

const fork = (detail: string) => err(problem("chain-fork", detail));
const tooMuch = () => err(problem("task-limit", `An executor takes back at most ${LIMITS.rewindRecords} records.`));
