/**
 * Synchronous SHA-256. Which implementation stands behind `#sha256` is decided by the `imports` map of package.json:
 * `sha256.node.ts` in Workers and Node, `sha256.browser.ts` in browsers. All of them give the same bytes.
 */
import { sha256 } from "#sha256";
import { toHex } from "./bytes.ts";

export { sha256 };

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const sha256Hex = (input: Uint8Array | string): string => toHex(sha256(input));
