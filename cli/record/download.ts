/**
 * Reads a record from a server. Nothing here is believed: it is verified afterwards, as if it had come by post.
 *
 * The order matters on a system that runs: effects, then (once the executors have delivered what they had) checkpoint and entries, then
 * effects and witnesses again. See shared/verify/effects.ts and witnesses.ts.
 */
import { utf8 } from "../../shared/bytes.ts";
import type { Client } from "../../shared/client.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { readCheckpointLines } from "../../shared/tlog/checkpoint.ts";
import { parseNote } from "../../shared/tlog/note.ts";
import { HASH_BYTES } from "../../shared/tlog/hash.ts";
import type { EffectRow, EffectsByRegion, ReadTile, WitnessHead } from "../../shared/verify/index.ts";

/** How long executors may take to deliver what they hold before the log is read without it. */
const DELIVERY_MS = 10_000;
const POLL_MS = 200;
const EFFECTS_PAGE = 500;

/** A page that could not be read; thrown out of the iterator and caught by whoever drains it. */
export class DownloadFailed extends Error {
  readonly problem: Problem;
  constructor(cause: Problem) {
    super(cause.detail);
    this.problem = cause;
  }
}

/** The size that a note claims, unverified; 0 for what is no checkpoint, which the verification then refuses. */
export function claimedSize(note: string): number {
  const parsed = parseNote(note);
  const lines = parsed.ok ? readCheckpointLines(parsed.value.text) : parsed;
  return lines.ok ? lines.value.size : 0;
}

/** The entries from one on until `size`, page by page, as the bytes of their leaves. Throws DownloadFailed. */
export async function* readEntries(client: Client, size: number, first = 0): AsyncGenerator<Uint8Array> {
  let from = first;
  while (from < size) {
    const page = await client.ledgerEntries({ from, limit: Math.min(LIMITS.pageEntries, size - from) });
    if (!page.ok) throw new DownloadFailed(page.problem);
    const { entries } = page.value;
    // A server that answers with nothing would be asked for ever; the count then differs from the checkpoint's.
    if (entries.length === 0) return;
    for (const { body } of entries) yield utf8(body);
    from += entries.length;
  }
}

/** Public hash tiles; a partial one that has been filled since is cut out of the full one (C2SP tlog-tiles). Throws DownloadFailed. */
export const readTiles =
  (client: Client, tenant: string): ReadTile =>
  async (path) => {
    const exact = await client.tile(tenant, path);
    if (exact.ok) return exact.value;
    const [full, width] = path.split(".p/");
    const wider = width === undefined || exact.problem.code !== "not-found" ? exact : await client.tile(tenant, full!);
    if (wider.ok) return wider.value.slice(0, Number(width) * HASH_BYTES);
    if (wider.problem.code === "not-found") return null;
    throw new DownloadFailed(wider.problem);
  };

export async function readEffects(client: Client, regions: readonly string[]): Promise<Result<EffectsByRegion>> {
  const byRegion: Record<string, EffectRow[]> = {};
  for (const region of regions) {
    const rows: EffectRow[] = [];
    let after: string | undefined;
    do {
      const page = await client.effects({ region, limit: EFFECTS_PAGE, ...(after === undefined ? {} : { after }) });
      if (!page.ok) return page;
      rows.push(...page.value.effects.map(({ action, task, step, status }) => ({ action, task, step, status })));
      const next = page.value.next ?? undefined;
      if (next !== undefined && next === after)
        return err(problem("internal-error", "The server repeats a page of effects."));
      after = next;
    } while (after !== undefined);
    byRegion[region] = rows;
  }
  return ok(byRegion);
}

/** Waits until the ledger has what each executor held when it was first asked; answers whether it did. */
export async function waitForDelivery(client: Client, pause: (ms: number) => Promise<void>): Promise<Result<boolean>> {
  const first = await client.witnesses();
  if (!first.ok) return first;
  const wanted = new Map(first.value.witnesses.map(({ executor, head }) => [executor, head.seq]));
  let now = first.value.witnesses;
  for (
    let waitedMs = 0;
    now.some(({ executor, delivered }) => delivered < (wanted.get(executor) ?? 0));
    waitedMs += POLL_MS
  ) {
    if (waitedMs >= DELIVERY_MS) return ok(false);
    await pause(POLL_MS);
    const next = await client.witnesses();
    if (!next.ok) return next;
    now = next.value.witnesses;
  }
  return ok(true);
}

/** What executors say about themselves, with a proof for each that has seen a larger log than `size`. */
export async function readWitnesses(client: Client, size: number): Promise<Result<readonly WitnessHead[]>> {
  const page = await client.witnesses();
  if (!page.ok) return page;
  const heads: WitnessHead[] = [];
  for (const { executor, head, checkpoint } of page.value.witnesses) {
    const seen = checkpoint === null ? 0 : claimedSize(checkpoint);
    const proof = seen > size && size > 0 ? await client.consistencyProof({ from: size, to: seen }) : null;
    heads.push({ executor, head, checkpoint, consistency: proof?.ok === true ? proof.value.proof : null });
  }
  return ok(heads);
}
