/**
 * The storage of this object went back to an earlier moment, and two people signed from where its chain goes on: it takes what it lost from the
 * ledger, ends what it cannot go on with, and takes tasks again.
 *
 * acceptRewind()  restored | restored before (the same rewind again) | refused { openRewind, lostChain, chain-fork, invalid-request }
 */
import type { RewindApplied } from "../../shared/api/rewinds.ts";
import { problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { openRewind, SignedRewind, type Rewind } from "../../shared/rewind.ts";
import { parseCommand } from "../commands.ts";
import type { Shard } from "../shard.ts";
import { readMeta } from "../storage.ts";
import { lostChain } from "./lost-chain.ts";
import { rewrite, type Rewritten } from "./rewrite.ts";

export async function acceptRewind(shard: Shard, input: unknown): Promise<Result<RewindApplied>> {
  const parsed = parseCommand(SignedRewind, input);
  if (!parsed.ok) return parsed;
  const signed = parsed.value;
  const opened = await openRewind(signed, shard.name, shard.anchor, shard.nowMs(), shard.trusted.revoked);
  if (!opened.ok) return opened;
  const { payload } = opened.value;
  const before = appliedBefore(shard, payload);
  if (before !== null) return ok(before);
  const refusal = wrong(shard, payload);
  if (refusal !== null) return refusal;
  const lost = await lostChain(shard.ledger, shard.tenant, shard.name, payload.kept, payload.ledger);
  if (!lost.ok) return lost;
  const written = await shard.rewrite((sql): Result<RewindApplied> => {
    // Asked again where nothing comes between: another call may have been faster, a key may have been revoked.
    const done = appliedBefore(shard, payload);
    if (done !== null) return ok(done);
    const still = wrong(shard, payload);
    if (still !== null) return still;
    const revoked = shard.trusted.revokedSigner(signed.envelope, ...signed.chains.flat());
    if (revoked !== null) return err(revoked);
    return ok(answer(shard, payload, rewrite(shard, sql, signed, payload, lost.value, shard.nowMs())));
  });
  return written;
}

const answer = (shard: Shard, { rewind }: Rewind, counts: Rewritten): RewindApplied => ({
  executor: shard.name,
  rewind,
  ...counts,
});

function appliedBefore(shard: Shard, payload: Rewind): RewindApplied | null {
  const done = readMeta(shard.sql, `rewind ${payload.rewind}`);
  return done === null ? null : answer(shard, payload, JSON.parse(done) as Rewritten);
}

/** Why the statement is not about this object as it is; null where it is. */
function wrong({ journal }: Shard, { kept, ledger }: Rewind): Result<never> | null {
  if (journal.hashAt(kept.seq) !== kept.hash)
    return err(problem("chain-fork", `At ${kept.seq} this executor has another record than people signed.`));
  if (journal.hashAt(ledger.seq) === ledger.hash)
    return err(problem("invalid-request", "This executor has lost nothing.", { paths: ["/ledger"] }));
  return null;
}
