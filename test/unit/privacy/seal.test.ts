/** Sealing at rest: what is sealed opens with its keys, in its place, unchanged, and in no other way. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joined, openText, partsOf, sealedAway, sealText } from "../../../executors/privacy/seal.ts";
import { fromBase64Url, toBase64Url } from "../../../shared/bytes.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const KEYS = ["sbk_aaaaaaaaaaaaaaaaaaaaaaaaaa"];
const box = (sealed: string) => partsOf(sealed).box!;

describe("a sealed text", () => {
  it("opens to what was sealed, whatever it was", () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        fc.string({ unit: "binary", maxLength: 50 }),
        fc.string({ maxLength: 20 }),
        (key, nonce, text, place) => {
          const whole = text.toWellFormed();
          const sealed = sealText(KEYS, key, nonce, place.toWellFormed(), whole);
          expect(openText(box(sealed), key, place.toWellFormed())).toBe(whole);
          expect(partsOf(sealed).keys).toEqual(KEYS);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("opens with no other key, in no other place, and not where one bit was changed", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(12), fc.string(), fc.nat(), (key, other, nonce, text, bit) => {
        fc.pre(Buffer.compare(key, other) !== 0);
        const sealed = box(sealText(KEYS, key, nonce, "tsk_1 1 values", text));
        expect(() => openText(sealed, other, "tsk_1 1 values")).toThrow();
        expect(() => openText(sealed, key, "tsk_2 1 values")).toThrow();
        expect(() => openText(sealed, key, "tsk_1 2 values")).toThrow();
        const flipped = fromBase64Url(sealed)!;
        flipped[(bit >> 3) % flipped.length]! ^= 1 << (bit & 7);
        expect(() => openText(toBase64Url(flipped), key, "tsk_1 1 values")).toThrow();
      }),
    );
  });

  it("of several subjects opens with all of their keys and with no part of them", () => {
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const sealed = box(sealText(KEYS, joined([a, b]), new Uint8Array(12), "place", "text"));
    expect(openText(sealed, joined([a, b]), "place")).toBe("text");
    for (const keys of [[a], [b], [b, a]]) expect(() => openText(sealed, joined(keys), "place")).toThrow();
  });

  it("has one form, and an empty one where nothing was kept", () => {
    const sealed = sealText(KEYS, new Uint8Array(32), new Uint8Array(12), "place", "text");
    // A change of these bytes makes everything that is stored unreadable.
    expect(sealed).toBe("s1.sbk_aaaaaaaaaaaaaaaaaaaaaaaaaa.AAAAAAAAAAAAAAAAusI4SQipPu64qK3g7CE2ZwfYga0");
    expect(partsOf(sealedAway(KEYS))).toEqual({ keys: KEYS, box: null });
  });
});
