/**
 * Epochs as the ledger takes them: checked against the tenant's root key and against the tree, then written as an entry, in one batch with what
 * begins anew: alarms are settled, and full bundles that still stand in the database go into the archive under names of the new epoch.
 */
import { equalBytes, utf8 } from "../shared/bytes.ts";
import { ENTRY_TYPES } from "../shared/entry.ts";
import { epochEntryText, openEpoch, SignedEpoch, type OpenedEpoch } from "../shared/epoch.ts";
import { LIMITS } from "../shared/limits.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { EpochAnswer } from "../shared/rpc/ledger.ts";
import type { NoteSigner } from "../shared/tlog/note.ts";
import { leafHash } from "../shared/tlog/tree.ts";
import type { LedgerConfig } from "./config.ts";
import { Log } from "./log.ts";
import { readEntries, readEpochs, type LogStore } from "./outside/log-store.ts";
import { rootOfSize } from "./outside/publish.ts";
import { ARCHIVE } from "./outside/state.ts";
import { writeBatch } from "./store.ts";

export type CheckedEpoch = { readonly signed: SignedEpoch; readonly opened: OpenedEpoch };

/** What can be said about an epoch without the log. Returns invalid-request, not-found (unknown tenant), and what `openEpoch` refuses with. */
export async function checkEpoch(
  tenant: string,
  command: unknown,
  { trust, logKeys }: Pick<LedgerConfig, "trust" | "logKeys">,
  nowMs: number,
): Promise<Result<CheckedEpoch>> {
  const signed = SignedEpoch.safeParse(command);
  if (!signed.success) return err(problem("invalid-request", "This is not a signed epoch.", { paths: ["/"] }));
  const known = Object.hasOwn(trust.tenants, tenant) ? trust.tenants[tenant] : undefined;
  if (known === undefined) return err(problem("not-found", "The ledger knows no such tenant."));
  // The ledger knows of no revocations: executors and verifiers do, and refuse what a revoked key signed.
  const anchor = { tenant, rootKey: known.rootKey };
  const opened = await openEpoch(signed.data, anchor, logKeys(tenant), nowMs, new Set());
  return opened.ok ? ok({ signed: signed.data, opened: opened.value }) : opened;
}

/**
 * Writes a checked epoch, or finds it written.
 * @returns checkpoint-inconsistent (the log has another root at the size from which it is to go on, or does not reach it), replayed (another statement
 *   carries this id), head-moved, not-running
 */
export async function writeEpoch(
  store: LogStore,
  tenant: string,
  signer: NoteSigner,
  { signed, opened }: CheckedEpoch,
  nowMs: number,
): Promise<Result<EpochAnswer>> {
  const { epoch } = opened.payload;
  for (let attempt = 0; attempt < LIMITS.batchAttempts; attempt++) {
    const known = await findEpoch(store, tenant, epoch, signed);
    if (known !== null) return known;
    const log = await Log.open(store.db, tenant, signer, nowMs);
    if (!log.ok) {
      if (log.problem.code === "head-moved") continue;
      return log;
    }
    const { size } = log.value.head;
    const next = opened.new;
    if (next.size > size || !equalBytes(await rootOfSize(store, tenant, next.size, size), next.root))
      return err(
        problem("checkpoint-inconsistent", "The log is not the one that the epoch goes on with.", {
          size,
          newSize: next.size,
        }),
      );
    const body = epochEntryText(tenant, epoch, signed, nowMs);
    const entry = { body, executor: "", fromSeq: 0, toSeq: 0, task: null, type: ENTRY_TYPES.epoch };
    const cut = { placed: [], entries: [entry], leaves: [leafHash(utf8(body))], moved: new Map() };
    const batch = await log.value.extend(cut, signer, nowMs);
    const number = (await readEpochs(store.db, tenant)).length + 1;
    const also = beginAnew(store.db, tenant, { number, epoch, index: size, opened, nowMs });
    const written = await writeBatch(store.db, { ...batch, also });
    if (written === "unknown") return err(problem("not-running", "The ledger's database cannot be reached."));
    // Written or overtaken: the next look finds it, or tries again behind what came between.
  }
  return err(problem("head-moved", "Another writer moves the head."));
}

async function findEpoch(
  store: LogStore,
  tenant: string,
  epoch: string,
  signed: SignedEpoch,
): Promise<Result<EpochAnswer> | null> {
  const row = await store.db
    .prepare('SELECT number, idx AS "index" FROM epochs WHERE tenant = ? AND epoch = ?')
    .bind(tenant, epoch)
    .first<{ number: number; index: number }>();
  if (row === null) return null;
  const { body } = (await readEntries(store, tenant, row.index, 1))[0]!;
  const { data } = JSON.parse(body) as { data: SignedEpoch };
  return data.envelope.payload === signed.envelope.payload
    ? ok({ epoch, number: row.number, index: row.index })
    : err(problem("replayed", "Another statement with this id stands in the log."));
}

type Beginning = {
  readonly number: number;
  readonly epoch: string;
  readonly index: number;
  readonly opened: OpenedEpoch;
  readonly nowMs: number;
};

function beginAnew(
  db: D1Database,
  tenant: string,
  { number, epoch, index, opened, nowMs }: Beginning,
): D1PreparedStatement[] {
  const { size } = opened.new;
  return [
    db
      .prepare(
        `INSERT INTO epochs (tenant, number, epoch, idx, old_size, new_size, at_ms, from_bundle)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce((SELECT dropped FROM archive WHERE tenant = ?1), 0)`,
      )
      .bind(tenant, number, epoch, index, opened.old.size, size, nowMs),
    db.prepare("DELETE FROM log_alarms WHERE tenant = ?").bind(tenant),
    // What is in the archive alone was compared with this tree when it left; of the rest nobody knows which log it belongs to.
    db.prepare("UPDATE archive SET bundles = dropped WHERE tenant = ?").bind(tenant),
    db.prepare("DELETE FROM published WHERE tenant = ? AND place = ?").bind(tenant, ARCHIVE),
  ];
}
