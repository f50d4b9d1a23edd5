/**
 * Gives the verdicts of the protocol's own modules on a list of cases. The same function runs in Node and, as a Worker, in workerd;
 * a test demands that both answer alike.
 */
import { encodeBase64 } from "../../shared/base64.ts";
import { fromBase64, fromBase64Url, fromHex, toBase64, toHex } from "../../shared/bytes.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { parseStrictJson } from "../../shared/json.ts";
import { checkPublicKey, keyId, verifyEd25519 } from "../../shared/keys.ts";
import { sha256Hex } from "../../shared/sha256.ts";

export type Question = {
  readonly signatures?: readonly {
    readonly key: string;
    readonly message: string;
    readonly signature: string;
  }[];
  readonly keys?: readonly string[];
  readonly json?: readonly string[];
  readonly numbers?: readonly string[];
  readonly base64?: readonly string[];
  readonly hash?: readonly string[];
};
export type Answer = { readonly [kind in keyof Question]?: readonly string[] };

/** All byte strings are hexadecimal; `numbers` are the 64 bits of a double. */
export async function verdicts(question: Question): Promise<Answer> {
  const { signatures = [], keys = [], json = [], numbers = [], base64 = [], hash = [] } = question;
  return {
    signatures: await Promise.all(
      signatures.map(async (one) =>
        String(await verifyEd25519(fromHex(one.key)!, fromHex(one.message)!, fromHex(one.signature)!)),
      ),
    ),
    keys: keys.map((key) => {
      const checked = checkPublicKey(fromHex(key)!);
      return checked.ok ? keyId({ x: toBase64(checked.value) }) : checked.problem.code;
    }),
    json: json.map((hex) => {
      const parsed = parseStrictJson(fromHex(hex)!);
      return parsed.ok
        ? canonicalize(parsed.value)
        : `${parsed.problem.code} ${String(parsed.problem.facts?.["rule"])}`;
    }),
    numbers: numbers.map((hex) => canonicalize(new DataView(fromHex(hex.padStart(16, "0"))!.buffer).getFloat64(0))),
    base64: base64.map((text) => {
      const standard = fromBase64(text);
      const url = fromBase64Url(text);
      if (standard !== null && encodeBase64(standard) !== toBase64(standard)) return "encoders differ";
      return `${standard === null ? "refused" : toHex(standard)} ${url === null ? "refused" : toHex(url)}`;
    }),
    hash: hash.map((hex) => sha256Hex(fromHex(hex)!)),
  };
}

export default {
  fetch: async (request: Request): Promise<Response> => Response.json(await verdicts(await request.json<Question>())),
};
