/**
 * Verification of a whole log against its checkpoint, in one pass over the entries. It keeps the edge of the tree and the requested roots,
 * so memory grows with the logarithm of the log.
 */
import { equalBytes, toBase64 } from "../bytes.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { appendLeaf, edgeRoot, emptyEdge } from "./edge.ts";
import { isCount } from "./arithmetic.ts";
import { leafHash } from "./hash.ts";

/** Size and root as somebody saw them: a checkpoint, or what an executor wrote into its chain. */
export type TreeHead = { readonly size: number; readonly root: Uint8Array };

/** What a log that verified says about its past. */
export type VerifiedLog = {
  /** Root of each requested size. */
  readonly rootBySize: ReadonlyMap<number, Uint8Array>;
};

/**
 * Checks that the entries, in order, are exactly the log of a checkpoint that has been opened, and that every witnessed head lies on its past.
 *
 * @param log.entries all entries from the first; reading stops at the first one too many.
 * @param log.sizes earlier sizes whose roots are wanted, in any order.
 * @param log.witnessed heads seen elsewhere, in any order.
 * @param log.onLeaf called with each leaf as it is hashed, before the whole is known to be true; an error that it returns ends the run.
 * @returns the roots; proof-invalid (other entries than the checkpoint says, or a size beyond it); checkpoint-inconsistent (a witnessed
 *   head is larger than the log or contradicts it); entry-too-large; what onLeaf returned. A throwing iterator throws through.
 */
export async function verifyLog(log: {
  readonly entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly checkpoint: TreeHead;
  readonly sizes?: Iterable<number>;
  readonly witnessed?: readonly TreeHead[];
  readonly onLeaf?: (index: number, hash: Uint8Array, entry: Uint8Array) => Result<unknown> | void;
}): Promise<Result<VerifiedLog>> {
  const { entries, checkpoint, witnessed = [], onLeaf } = log;
  const wanted = new Set([...(log.sizes ?? []), ...witnessed.map(({ size }) => size)]);
  for (const { size } of witnessed)
    if (size > checkpoint.size)
      return err(
        problem("checkpoint-inconsistent", "a larger checkpoint was witnessed", {
          size: checkpoint.size,
          witnessedSize: size,
        }),
      );
  for (const size of wanted)
    if (!isCount(size) || size > checkpoint.size)
      return err(problem("proof-invalid", "the log does not reach the requested size", { size }));

  const rootBySize = new Map<number, Uint8Array>();
  let edge = emptyEdge;
  const remember = () => {
    if (wanted.has(edge.size)) rootBySize.set(edge.size, edgeRoot(edge));
  };
  remember();
  for await (const entry of entries) {
    if (edge.size === checkpoint.size)
      return err(problem("proof-invalid", "there are more entries than the checkpoint says"));
    if (entry.length > LIMITS.entryBytes)
      return err(problem("entry-too-large", `an entry has ${entry.length} bytes`, { index: edge.size }));
    const hash = leafHash(entry);
    const seen = onLeaf?.(edge.size, hash, entry);
    if (seen !== undefined && !seen.ok) return seen;
    edge = appendLeaf(edge, hash);
    remember();
  }
  if (edge.size < checkpoint.size)
    return err(
      problem("proof-invalid", "there are fewer entries than the checkpoint says", {
        entries: edge.size,
        size: checkpoint.size,
      }),
    );
  if (!equalBytes(edgeRoot(edge), checkpoint.root))
    return err(problem("proof-invalid", "the entries have another root than the checkpoint"));
  for (const { size, root } of witnessed)
    if (!equalBytes(rootBySize.get(size)!, root))
      return err(
        problem("checkpoint-inconsistent", "a witnessed checkpoint has another root", {
          size,
          witnessedRoot: toBase64(root),
        }),
      );
  return ok({ rootBySize });
}
