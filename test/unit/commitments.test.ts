import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../shared/bytes.ts";
import {
  commit,
  commitFields,
  containsReserved,
  discloseFields,
  openCommitment,
  type Disclosures,
} from "../../shared/commitments.ts";
import type { Json } from "../../shared/json.ts";

const SALT = "AAECAwQFBgcICQoLDA0ODw"; // the bytes 0 to 15

/** Salts that differ, and are the same in each run. */
function salts(): () => string {
  let next = 0;
  return () => {
    const bytes = new Uint8Array(16);
    bytes[0] = next++;
    return toBase64Url(bytes);
  };
}

const codeOf = (committed: Json, disclosures: Disclosures): string => {
  const disclosed = discloseFields(committed, disclosures);
  return disclosed.ok ? "ok" : disclosed.problem.code;
};

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1.5, "", "Ada", "é"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("name", "address", "a/b", "a~b", "", "0"), tie("value"), {
      noNullPrototype: true,
    }) as fc.Arbitrary<Json>,
  ),
})).value;

describe("a commitment", () => {
  /** A change here makes every commitment that was ever signed or recorded impossible to open. */
  it("is this exact text for this salt and value", () => {
    expect(commit(SALT, { name: "Ada", zip: "10115" })).toBe("k8C4QxSM3oOkmovZSi4QL7Xb4_3u9lGNEX5-AiRC4JI");
  });

  it("is opened by its own salt and value only", () => {
    const commitment = commit(SALT, "Ada");
    expect(openCommitment(commitment, { salt: SALT, value: "Ada" })).toBe(true);
    expect(openCommitment(commitment, { salt: SALT, value: "Adb" })).toBe(false);
    expect(openCommitment(commitment, { salt: "AQECAwQFBgcICQoLDA0ODw", value: "Ada" })).toBe(false);
  });

  it("takes a salt of exactly 16 bytes in canonical base64url", () => {
    for (const salt of ["", "AAAA", `${SALT}AA`, `${SALT}==`, `${SALT.slice(0, -1)}x`]) {
      expect(() => commit(salt, "Ada")).toThrow(TypeError);
      expect(openCommitment(commit(SALT, "Ada"), { salt, value: "Ada" })).toBe(false);
    }
  });

  it("depends on the value, not on the order of its keys", () => {
    expect(commit(SALT, { a: 1, b: 2 })).toBe(commit(SALT, { b: 2, a: 1 }));
  });
});

describe("committing fields", () => {
  it("replaces what is personal, and only that, by its pointer", () => {
    const value = { order: "#W1", customer: { name: "Ada", "a/b": "x" }, items: ["i1", "i2"] };
    const personal = new Set(["/customer/name", "/customer/a~1b", "/items/1"]);
    const { committed, disclosures } = commitFields(value, (pointer) => personal.has(pointer), salts());
    expect(committed).toMatchObject({
      order: "#W1",
      items: ["i1", { $commit: expect.any(String) }],
    });
    expect(JSON.stringify(committed)).not.toContain("Ada");
    expect(
      Object.values(disclosures)
        .map(({ value: inner }) => inner)
        .sort(),
    ).toEqual(["Ada", "i2", "x"]);
  });

  it("commits a personal object whole", () => {
    const { committed, disclosures } = commitFields({ a: { b: 1 } }, (pointer) => pointer === "/a", salts());
    expect(Object.keys(disclosures)).toHaveLength(1);
    expect(discloseFields(committed, disclosures)).toEqual({ ok: true, value: { a: { b: 1 } } });
  });

  it("is undone by disclosing, whatever was personal", () => {
    fc.assert(
      fc.property(json, fc.func(fc.boolean()), (value, isPersonal) => {
        const { committed, disclosures } = commitFields(value, (pointer) => isPersonal(pointer), salts());
        expect(discloseFields(committed, disclosures)).toEqual({ ok: true, value });
      }),
    );
  });

  it("throws on a value that already holds a commitment, or a reserved key inside a personal value", () => {
    expect(() => commitFields({ a: { $commit: "x" } }, () => false, salts())).toThrow(TypeError);
    expect(() => commitFields({ a: { $ref: "/b" } }, (pointer) => pointer === "/a", salts())).toThrow(TypeError);
    expect(commitFields({ a: { $ref: "/b" } }, () => false, salts()).committed).toEqual({
      a: { $ref: "/b" },
    });
  });
});

describe("disclosing fields", () => {
  const { committed, disclosures } = commitFields(
    { name: "Ada", city: "Berlin" },
    (pointer) => pointer !== "",
    salts(),
  );
  const [first, second] = Object.keys(disclosures) as [string, string];

  it("refuses where a disclosure is missing", () => {
    expect(codeOf(committed, { [first]: disclosures[first]! })).toBe("disclosure-missing");
    expect(codeOf({ a: { $commit: "constructor" } }, {})).toBe("disclosure-missing");
    expect(codeOf({ a: { $commit: "__proto__" } }, {})).toBe("disclosure-missing");
  });

  it("refuses a disclosure that does not open its commitment", () => {
    expect(codeOf(committed, { [first]: disclosures[second]!, [second]: disclosures[first]! })).toBe(
      "disclosure-mismatch",
    );
    expect(codeOf(committed, { ...disclosures, [first]: { ...disclosures[first]!, value: "Eve" } })).toBe(
      "disclosure-mismatch",
    );
  });

  it("refuses a disclosure that no commitment asks for", () => {
    expect(codeOf(committed, { ...disclosures, [commit(SALT, 1)]: { salt: SALT, value: 1 } })).toBe(
      "disclosure-mismatch",
    );
    expect(codeOf({}, disclosures)).toBe("disclosure-mismatch");
  });

  it("refuses a malformed commitment", () => {
    for (const bad of [{ $commit: 1 }, { $commit: null }, { $commit: first, more: 1 }])
      expect(codeOf({ a: bad }, disclosures)).toBe("disclosure-mismatch");
  });

  it("refuses a disclosed value that would pass for a commitment or a reference", () => {
    for (const value of [{ $ref: "/x" }, [{ $commit: first }]])
      expect(codeOf({ $commit: commit(SALT, value) }, { [commit(SALT, value)]: { salt: SALT, value } })).toBe(
        "disclosure-mismatch",
      );
  });
});

describe("reserved keys", () => {
  it("are found at any depth, in keys and not in values", () => {
    for (const value of [{ $commit: "x" }, [{ a: [{ $: 1 }] }], { a: { $ref: 1 } }])
      expect(containsReserved(value)).toBe(true);
    for (const value of [{ a: "$commit" }, { a$: 1 }, ["$ref"], null, 1]) expect(containsReserved(value)).toBe(false);
  });
});
