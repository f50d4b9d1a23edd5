/**
 * The world of the ledger's tests: the real entrypoint, object and database, executor chains, and a check of the whole log from its
 * first entry, which runs after every step.
 */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect } from "vitest";
import type { Sequencer } from "../../../ledger/index.ts";
import { fromBase64, fromBase64Url, toBase64, utf8 } from "../../../shared/bytes.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import { GENESIS_HASH, type ChainRecord } from "../../../shared/events.ts";
import type { ProblemCode } from "../../../shared/problems.ts";
import type { Result } from "../../../shared/result.ts";
import type { AppendAnswer, LedgerRpc } from "../../../shared/rpc/ledger.ts";
import { sha256Hex } from "../../../shared/sha256.ts";
import { openCheckpoint } from "../../../shared/tlog/checkpoint.ts";
import { noteVerifier } from "../../../shared/tlog/note.ts";
import {
  bundlesChangedBy,
  decodeEntryBundle,
  extendTiles,
  tilePath,
  tilesChangedBy,
} from "../../../shared/tlog/tiles.ts";
import { leafHash, rootOf, verifyConsistency } from "../../../shared/tlog/tree.ts";
import { TestChain } from "../../support/chain.ts";
import { testKeys } from "../keys.ts";

export const ledger = (exports as unknown as { LedgerEntrypoint: LedgerRpc }).LedgerEntrypoint;

let tenants = 0;
/** A tenant that no other test of the file uses. */
export const newTenant = (): string => `t${++tenants}`;

export const chainOf = (executor: string): TestChain => new TestChain(executor, testKeys.workers.receiptKey);

export const sequencerOf = (tenant: string): DurableObjectStub<Sequencer> =>
  (env as unknown as { SEQUENCER: DurableObjectNamespace<Sequencer> }).SEQUENCER.getByName(tenant);

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok)
    throw new Error(`${result.problem.code}: ${result.problem.detail} ${JSON.stringify(result.problem.facts ?? {})}`);
  return result.value;
}

export function expectRefused(result: Result<unknown>, code: ProblemCode): { [name: string]: unknown } {
  expect(result.ok ? "accepted" : result.problem.code).toBe(code);
  return result.ok ? {} : { ...result.problem.facts };
}

export const verifierOf = (tenant: string) =>
  noteVerifier(`countersign.local/${tenant}`, fromBase64Url(testKeys.workers.checkpointKey.x)!);

/** Delivers a command with the newest checkpoint that the executor verified, and verifies the answer as an executor does. */
export async function deliverVerified(
  command: Parameters<LedgerRpc["append"]>[0],
  seen: { size: number; root: Uint8Array },
): Promise<{ size: number; root: Uint8Array; answer: AppendAnswer }> {
  const answer = valueOf(await ledger.append({ ...command, seenSize: seen.size }));
  const checkpoint = valueOf(await openCheckpoint(answer.checkpoint, verifierOf(command.tenant)));
  if (seen.size > 0)
    valueOf(
      verifyConsistency({
        oldSize: seen.size,
        oldRoot: seen.root,
        newSize: checkpoint.size,
        newRoot: checkpoint.root,
        proof: answer.consistency.map((hash) => fromBase64(hash)!),
      }),
    );
  return { ...checkpoint, answer };
}

/** Waits until the read models have taken in everything that is written. */
export const followed = (tenant: string): Promise<void> => sequencerOf(tenant).followed();

export type CheckedLog = { readonly size: number; readonly bodies: readonly string[] };

/**
 * Checks a tenant's log from its first entry, through the public methods and then against the stored rows: indexes without a gap; tiles,
 * bundles, root and checkpoint follow from the entries; each executor's chain follows from them too, and its cursor is its end; the chain
 * of batches is whole.
 */
export async function checkLog(tenant: string): Promise<CheckedLog> {
  const checkpoint = valueOf(await openCheckpoint(valueOf(await ledger.checkpoint(tenant)), verifierOf(tenant)));
  const bodies: string[] = [];
  for (let from: number | null = 0; from !== null;) {
    const page: Awaited<ReturnType<LedgerRpc["entries"]>> = await ledger.entries({ tenant, from, limit: 100 });
    const { entries, next } = valueOf(page);
    entries.forEach((entry, i) => expect(entry.index).toBe((from as number) + i));
    bodies.push(...entries.map(({ body }) => body));
    from = next;
  }
  expect(bodies.length).toBe(checkpoint.size);
  const leaves = bodies.map((body) => leafHash(utf8(body)));
  expect(toBase64(rootOf(leaves))).toBe(toBase64(checkpoint.root));
  await checkTiles(tenant, bodies, leaves);
  await checkChains(tenant, bodies);
  await checkBatches(tenant);
  const health = valueOf(await ledger.health(tenant));
  expect(health).toMatchObject({ size: checkpoint.size, root: toBase64(checkpoint.root) });
  return { size: checkpoint.size, bodies };
}

async function checkTiles(tenant: string, bodies: readonly string[], leaves: readonly Uint8Array[]): Promise<void> {
  const expected = new Map(extendTiles(0, leaves).map(({ tile, bytes }) => [tilePath(tile), toBase64(bytes)]));
  for (const tile of tilesChangedBy(0, leaves.length)) {
    const bytes = valueOf(await ledger.tile(tenant, tilePath(tile)));
    expect(toBase64(bytes), tilePath(tile)).toBe(expected.get(tilePath(tile)));
  }
  for (const bundle of bundlesChangedBy(0, leaves.length)) {
    const entries = valueOf(decodeEntryBundle(valueOf(await ledger.tile(tenant, tilePath(bundle))), bundle.width));
    entries.forEach((entry, i) => expect(toBase64(entry)).toBe(toBase64(utf8(bodies[bundle.index * 256 + i]!))));
  }
}

async function checkChains(tenant: string, bodies: readonly string[]): Promise<void> {
  const byExecutor = new Map<string, ChainRecord[]>();
  for (const body of bodies) {
    const { data } = JSON.parse(body) as { data: { records?: ChainRecord[] } };
    for (const record of data.records ?? [])
      byExecutor.set(record.executor, [...(byExecutor.get(record.executor) ?? []), record]);
  }
  const ends: { executor: string; seq: number; hash: string }[] = [];
  for (const [executor, records] of byExecutor) {
    let hash = GENESIS_HASH;
    for (const [i, record] of records.toSorted((a, b) => a.seq - b.seq).entries()) {
      expect(record).toMatchObject({ seq: i + 1, prev: hash });
      hash = sha256Hex(canonicalize(record));
    }
    ends.push({ executor, seq: records.length, hash });
  }
  const { results } = await env.LEDGER_DB.prepare(
    "SELECT executor, seq, hash FROM executor_cursors WHERE tenant = ? ORDER BY executor",
  )
    .bind(tenant)
    .all();
  expect(results).toEqual(ends.toSorted((a, b) => (a.executor < b.executor ? -1 : 1)));
}

async function checkBatches(tenant: string): Promise<void> {
  const { results } = await env.LEDGER_DB.prepare(
    "SELECT seq, prev_hash, hash, size FROM batches WHERE tenant = ? ORDER BY seq",
  )
    .bind(tenant)
    .all<{ seq: number; prev_hash: string | null; hash: string; size: number }>();
  results.forEach((batch, i) => {
    expect(batch.seq).toBe(i);
    expect(batch.prev_hash).toBe(i === 0 ? null : results[i - 1]!.hash);
  });
}

/** Puts something between a tenant's sequencer and its database, for one object's life. */
export async function withDatabase(
  tenant: string,
  wrap: (db: D1Database, state: DurableObjectState) => Partial<D1Database>,
): Promise<void> {
  await runInDurableObject(sequencerOf(tenant), (instance, state) => {
    const real = env.LEDGER_DB;
    const replaced = wrap(real, state);
    const LEDGER_DB = new Proxy(real, {
      get: (target, name) => {
        const own =
          (replaced as Record<string | symbol, unknown>)[name] ??
          (target as unknown as Record<string | symbol, unknown>)[name];
        return typeof own === "function" ? own.bind(target) : own;
      },
    });
    (instance as unknown as { env: object }).env = { ...env, LEDGER_DB };
  });
}
