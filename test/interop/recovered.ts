/** Copies of a log in which what people let go was changed: epochs, rewinds and revoked keys. Whoever made them holds keys of the service, and of no person. */
import { fromBase64, fromUtf8, toBase64, utf8 } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { keyId } from "../../shared/keys.ts";
import type { NoteSigner } from "../../shared/tlog/note.ts";
import { logOver, type Files } from "./files.ts";
import { entryBytes, forgedChain, readEntry, signedAnew, type Rec } from "./forged.ts";
import type { MadeLog } from "./made.ts";
import { logSigner, noteBy, type Case } from "./tampered.ts";

export async function recoveredWrongly(
  { workerKeys }: MadeLog,
  entries: readonly Uint8Array[],
  signer: NoteSigner,
): Promise<Case[]> {
  const read = entries.map(readEntry);
  const receiptKeys = [workerKeys.before.receiptKey, workerKeys.after.receiptKey];
  const rewritten = (from: readonly Uint8Array[], by = signer): Promise<Files> => logOver(from, noteBy(by));
  const epochAt = read.findIndex(({ type }) => type === "countersign.log.epoch.v1");
  const epoch = (change: (data: any) => object) =>
    rewritten(entries.with(epochAt, entryBytes({ ...read[epochAt], data: change(read[epochAt].data) })));

  const restored = (read as { source: string; data: { records?: Rec[] } }[]).flatMap(({ source, data }) =>
    (data.records ?? []).flatMap((record) =>
      record.events.some(({ type }) => type === "chain-restored") ? [{ source, record }] : [],
    ),
  )[0]!;
  const executor = restored.source.replace("/executors/", "");
  const forged = (seq: number, change: (record: Rec) => Rec, keys = receiptKeys) =>
    rewritten(forgedChain(entries, executor, keys, (record) => (record.seq === seq ? change(record) : record)));
  const changedEvents = (change: (event: any) => object) => (record: Rec) => ({
    ...record,
    events: record.events.map(change),
  });

  const lastStatement = read.findLastIndex(({ data }) => data.statement !== undefined);
  const { statement } = read[lastStatement].data;
  const byRevoked = signedAnew(
    statement,
    JSON.parse(fromUtf8(fromBase64(statement.payload)!)!),
    receiptKeys,
    keyId(workerKeys.before.receiptKey),
  );
  return [
    {
      name: "an epoch with one of its two signatures",
      files: await epoch(oneSigned),
      refusedAt: "epochs: ",
      finding: "epochs epoch-unsigned",
    },
    {
      name: "an epoch that names another reason than people signed",
      files: await epoch(otherwiseWorded),
      refusedAt: "epochs: ",
      finding: "epochs signature-invalid",
    },
    {
      name: "the epoch left out",
      files: await rewritten(entries.toSpliced(epochAt, 1)),
      refusedAt: "history: ",
      finding: "history checkpoint-inconsistent",
    },
    {
      name: "a rewind with one of its two signatures, in a chain that the executors' key signed anew",
      files: await forged(restored.record.seq, changedEvents(oneSigned)),
      refusedAt: "epochs: ",
      finding: "epochs epoch-unsigned",
    },
    {
      name: "a rewind that names another reason than people signed, in such a chain",
      files: await forged(restored.record.seq, changedEvents(otherwiseWorded)),
      refusedAt: "epochs: ",
      finding: "epochs signature-invalid",
    },
    {
      name: "a record changed of which people signed the hash, in such a chain",
      files: await forged(restored.record.seq - 1, (record) => ({ ...record, atMs: Number(record["atMs"]) + 1 })),
      refusedAt: "epochs: ",
      finding: "epochs attestation-mismatch",
    },
    {
      name: "a rewind changed in the chain as it was signed",
      files: await rewritten(
        read.map((entry, i) =>
          entry.source === restored.source && entry.data.records?.some(({ seq }: Rec) => seq === restored.record.seq)
            ? entryBytes({ ...entry, data: { records: entry.data.records.map(changedEvents(oneSigned)) } })
            : entries[i]!,
        ),
      ),
      refusedAt: "epochs: ",
      finding: "chains prev-mismatch",
    },
    {
      name: "the last statement, by the executors' key that was revoked",
      files: await rewritten(
        entries.with(lastStatement, entryBytes({ ...read[lastStatement], data: { statement: byRevoked } })),
      ),
      refusedAt: "statements: ",
      finding: "statements key-revoked",
    },
    {
      name: "the newest checkpoint, by the log's key that was revoked",
      files: await rewritten(entries, logSigner(signer.name, workerKeys.before.checkpointKey)),
      refusedAt: "checkpoint: ",
      finding: "checkpoint key-revoked",
    },
  ];
}

const oneSigned = (value: any) =>
  value.envelope === undefined
    ? value
    : {
        ...value,
        envelope: { ...value.envelope, signatures: value.envelope.signatures.slice(0, 1) },
        chains: value.chains.slice(0, 1),
      };

const otherwiseWorded = (value: any) => {
  if (value.envelope === undefined) return value;
  const says = { ...JSON.parse(fromUtf8(fromBase64(value.envelope.payload)!)!), reason: "another" };
  return { ...value, envelope: { ...value.envelope, payload: toBase64(utf8(canonicalize(says))) } };
};
