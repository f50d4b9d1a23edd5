/** Writing an object that is never written again: the bucket itself refuses a second one of the name. */
import { equalBytes } from "../../shared/bytes.ts";
import { sha256 } from "../../shared/sha256.ts";

/** `same`: it was there already. `other`: something else is there, and stays. */
export type PutOnce = "written" | "same" | "other";

/** Throws where the bucket does not answer. */
export async function putOnce(
  bucket: R2Bucket,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<PutOnce> {
  const written = await bucket.put(name, bytes, {
    onlyIf: { etagDoesNotMatch: "*" },
    sha256: sha256(bytes), // the bucket keeps nothing that was changed on the way
    httpMetadata: { contentType, cacheControl: "public, max-age=31536000, immutable" },
  });
  if (written !== null) return "written";
  const found = await bucket.get(name);
  if (found === null) throw new Error(`${name} was neither written nor found`);
  return equalBytes(new Uint8Array(await found.arrayBuffer()), bytes) ? "same" : "other";
}
