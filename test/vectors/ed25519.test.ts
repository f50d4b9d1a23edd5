/**
 * Ed25519: Wycheproof, the edge cases on which verifiers disagree, and the keys that no registry may accept.
 * Each case is judged in Node (OpenSSL) and in workerd (BoringSSL), and both must say the same. Chromium's WebCrypto is BoringSSL as well;
 * Firefox and Safari verify with other code and may differ on the cases marked "cofactor" below, which no honest signer produces.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { checkPublicKey } from "../../shared/keys.ts";
import { fromHex } from "../../shared/bytes.ts";
import { hasData, readJson } from "./data.ts";
import { askWorkerd } from "./in-workerd.ts";
import { verdicts, type Answer, type Question } from "./verdicts.worker.ts";

type Wycheproof = {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: "valid" | "invalid";
    }[];
  }[];
};
type Speccheck = {
  readonly cases: readonly {
    readonly message: string;
    readonly pub_key: string;
    readonly signature: string;
  }[];
};
type SmallOrder = {
  readonly keys: readonly { readonly hex: string; readonly canonical: boolean }[];
};

/** The verdict on each edge case of ed25519-speccheck, by its index, and why. */
const EDGE_CASES: readonly (readonly [verdict: boolean, reason: string])[] = [
  [false, "A has small order (and S = 0, R has small order): the key is refused before the platform is asked"],
  [false, "A has small order: the key is refused before the platform is asked"],
  [false, "R has small order: workerd alone would accept it, so it is refused before the platform is asked"],
  [true, "A and R have mixed order: both equations hold"],
  [false, "cofactor: only the cofactored equation holds"],
  [false, "cofactor: only the cofactored equation holds, and that only where 8 is multiplied before h is reduced"],
  [false, "S is not below the group order: S + L would be a second signature"],
  [false, "S is far above the group order"],
  [false, "R is not canonical (its y is the field prime): R is compared as bytes"],
  [false, "R is not canonical: R is compared as bytes"],
];

/** p + 2 … p + 18 and the sign bit: every y that is not below the field prime and belongs to no point of small order. */
const NOT_CANONICAL = Array.from({ length: 17 }, (_, i) => (0xef + i).toString(16) + "ff".repeat(30)).flatMap(
  (head) => [`${head}7f`, `${head}ff`],
);

describe.skipIf(!hasData)("Ed25519 in Node and in workerd", () => {
  const wycheproof = hasData ? readJson<Wycheproof>("vectors/ed25519/ed25519_test.json") : { testGroups: [] };
  const speccheck = hasData ? readJson<Speccheck>("vectors/ed25519/ed25519_speccheck.json") : { cases: [] };
  const smallOrder = hasData ? readJson<SmallOrder>("vectors/ed25519/ed25519_small_order_keys.json") : { keys: [] };

  const ordinary = wycheproof.testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      key: publicKey.pk,
      message: msg,
      signature: sig,
      tcId,
      valid: result === "valid",
    })),
  );
  const edge = speccheck.cases.map(({ message, pub_key, signature }) => ({
    key: pub_key,
    message,
    signature,
  }));
  const question: Question = {
    signatures: [...ordinary, ...edge],
    keys: [...smallOrder.keys.map(({ hex }) => hex), ...NOT_CANONICAL, ...new Set(ordinary.map(({ key }) => key))],
  };
  let answers: { readonly node: Answer; readonly workerd: Answer };
  beforeAll(async () => {
    answers = {
      node: await verdicts(question),
      workerd: await askWorkerd<Answer>("test/vectors/verdicts.worker.ts", question),
    };
  });

  it.each(["node", "workerd"] as const)("agrees with all 151 Wycheproof cases in %s", (engine) => {
    expect(ordinary).toHaveLength(151);
    const wrong = ordinary.filter(({ valid }, i) => answers[engine].signatures![i] !== String(valid));
    expect(wrong.map(({ tcId }) => tcId)).toEqual([]);
  });

  it.each(["node", "workerd"] as const)("gives the pinned verdict on each of the 10 edge cases in %s", (engine) => {
    expect(edge).toHaveLength(EDGE_CASES.length);
    const given = EDGE_CASES.map(([, reason], i) => [
      answers[engine].signatures![ordinary.length + i] === "true",
      reason,
    ]);
    expect(given).toEqual(EDGE_CASES);
  });

  it.each(["node", "workerd"] as const)(
    "refuses the 14 keys of small order and every other key that is not canonical in %s",
    (engine) => {
      expect(smallOrder.keys).toHaveLength(14);
      const given = answers[engine].keys!;
      expect(given.slice(0, 14)).toEqual(Array(14).fill("key-small-order"));
      expect(given.slice(14, 14 + 34)).toEqual(Array(34).fill("key-not-canonical"));
      expect(given.slice(14 + 34).filter((id) => id.startsWith("key-"))).toEqual([]);
    },
  );

  it("gives the same key ids in both engines", () => {
    expect(answers.workerd.keys).toEqual(answers.node.keys);
  });

  it("verifies nothing under a key of small order, whatever the signature", async () => {
    // S = 0 and R = the neutral point: under the key of order 1 this verifies every message where the key is let in.
    const neutral = `01${"00".repeat(31)}`;
    const forged = { key: neutral, message: "00", signature: neutral + "00".repeat(32) };
    expect((await verdicts({ signatures: [forged] })).signatures).toEqual(["false"]);
    expect((await askWorkerd<Answer>("test/vectors/verdicts.worker.ts", { signatures: [forged] })).signatures).toEqual([
      "false",
    ]);
  });

  it("refuses keys of any other length as malformed", () => {
    for (const length of [0, 31, 33, 64]) {
      const checked = checkPublicKey(new Uint8Array(length).fill(3));
      expect(checked.ok ? "accepted" : checked.problem.code).toBe("key-malformed");
    }
    expect(fromHex(question.keys![0]!)).toHaveLength(32);
  });
});
