import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pretty } from "../../../console/src/lib/pretty.ts";
import type { Json } from "../../../shared/json.ts";

describe("JSON for reading", () => {
  it("keeps on one line what fits there", () => {
    expect(pretty({ street: "12 Rue des Lilas", city: "Lyon", none: [], empty: {} })).toBe(
      '{ "street": "12 Rue des Lilas", "city": "Lyon", "none": [], "empty": {} }',
    );
  });

  it("breaks what does not fit, one member to a line", () => {
    const item = { id: "7200002801", name: "Oak Table", note: "x".repeat(20) };
    expect(pretty([item, item])).toBe(`[\n  ${pretty(item)},\n  ${pretty(item)}\n]`);
  });

  it("is the same value, whatever the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(pretty(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
