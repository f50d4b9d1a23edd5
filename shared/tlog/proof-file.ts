/**
 * Proof files (C2SP tlog-proof): an entry's index, its inclusion proof and the signed checkpoint that it leads to, in one text that can be
 * checked offline. Nothing in a parsed file is verified; `extra` never is.
 */
import { fromBase64, toBase64, utf8 } from "../bytes.ts";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";
import { assertCount, parseCount } from "./arithmetic.ts";
import { HASH_BYTES } from "./hash.ts";

const HEADER = "c2sp.org/tlog-proof@v1";

/** A tree of a safe size is at most 53 levels high; the format allows 63. */
const MAX_HASHES = 63;

export type ProofFile = {
  readonly index: number;
  readonly proof: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  /** Opaque and unauthenticated. */
  readonly extra?: Uint8Array;
};

export function formatProofFile({ index, proof, checkpoint, extra }: ProofFile): string {
  assertCount(index, "index");
  return [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
    "",
    checkpoint,
  ].join("\n");
}

/** The parts of a proof file. Returns proof-invalid for everything that `formatProofFile` does not write. */
export function parseProofFile(text: string): Result<ProofFile> {
  const refuse = (detail: string) => err(problem("proof-invalid", detail));
  if (text.length > LIMITS.proofFileBytes || utf8(text).length > LIMITS.proofFileBytes)
    return refuse("the proof file is too large");
  const split = text.indexOf("\n\n");
  if (split < 0) return refuse("the proof file has no checkpoint");
  const checkpoint = text.slice(split + 2);
  if (checkpoint === "" || !checkpoint.endsWith("\n")) return refuse("the checkpoint does not end with a newline");
  const lines = text.slice(0, split).split("\n");
  if (lines.shift() !== HEADER) return refuse("the first line is not that of a proof file");

  let extra: Uint8Array | undefined;
  if (lines[0]?.startsWith("extra ")) {
    const bytes = fromBase64(lines.shift()!.slice("extra ".length));
    if (bytes === null) return refuse("the extra data is not base64");
    extra = bytes;
  }
  const indexLine = lines.shift() ?? "";
  const index = indexLine.startsWith("index ") ? parseCount(indexLine.slice("index ".length)) : null;
  if (index === null) return refuse("the index is not a decimal safe integer");
  if (lines.length > MAX_HASHES) return refuse("the proof is too long");
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash === null || hash.length !== HASH_BYTES) return refuse("a hash does not have 32 bytes");
    proof.push(hash);
  }
  return ok({ index, proof, checkpoint, ...(extra === undefined ? {} : { extra }) });
}
