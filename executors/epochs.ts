/**
 * Epochs as an executor takes them: it checks both signatures against the tenant's root key itself, writes the epoch into its chain, ends its
 * alarm, and goes on from the checkpoint that people named. What the restored log has lost is delivered again: the journal keeps every record.
 */
import { equalBytes } from "../shared/bytes.ts";
import { openEpoch, SignedEpoch, type OpenedEpoch } from "../shared/epoch.ts";
import { problem } from "../shared/problems.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { parseCommand } from "./commands.ts";
import { logKeysOf } from "./config.ts";
import type { SeenCheckpoint } from "./outbox.ts";
import type { Shard } from "./shard.ts";

/** The old head may have been signed by a key that was revoked since: here people's signatures decide. */
const NONE: ReadonlySet<string> = new Set();

/** @returns the refusals of `openEpoch`, key-revoked, checkpoint-inconsistent (this executor saw a larger checkpoint than the one that the epoch ends, or another one of its size) */
export async function acceptEpoch(shard: Shard, input: unknown): Promise<Result<{ epoch: string }>> {
  const parsed = parseCommand(SignedEpoch, input);
  if (!parsed.ok) return parsed;
  const { anchor, config, tenant, trusted, watch } = shard;
  const signed = parsed.value;
  const opened = await openEpoch(signed, anchor, logKeysOf(config, tenant, NONE), shard.nowMs(), trusted.revoked);
  if (!opened.ok) return opened;
  const { payload, old } = opened.value;
  const accepted = await shard.onExecutor(() => {
    const value = { epoch: payload.epoch };
    if (watch.hasAccepted(payload.epoch)) return ok({ value, events: [], write: () => {} });
    const refusal = trusted.revokedSigner(signed.envelope, ...signed.chains.flat());
    if (refusal !== null) return err(refusal);
    const seen = watch.seen;
    if (seen !== null && isFork(seen, opened.value))
      return err(
        problem(
          "checkpoint-inconsistent",
          "This executor saw another log of the size of the one that the epoch ends.",
          {
            seenSize: seen.size,
            oldSize: old.size,
          },
        ),
      );
    if (seen !== null && seen.size > old.size)
      return err(
        problem("checkpoint-inconsistent", "This executor saw a larger checkpoint than the one that the epoch ends.", {
          seenSize: seen.size,
          oldSize: old.size,
        }),
      );
    return ok({
      value,
      events: [{ type: "epoch-accepted", epoch: payload.epoch, ...signed }],
      write: (sql) => watch.writeEpoch(sql, payload.epoch, payload.new),
    });
  });
  if (accepted.ok) watch.reload();
  return accepted;
}

/** An epoch lets go of one log. A checkpoint of its very size with another root is of a third one: that is no restore. */
const isFork = (seen: SeenCheckpoint, { old, new: next }: OpenedEpoch): boolean =>
  seen.size === old.size && [old, next].every(({ size, root }) => size !== seen.size || !equalBytes(root, seen.root));
