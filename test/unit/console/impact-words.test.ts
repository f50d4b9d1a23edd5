import { describe, expect, it } from "vitest";
import { byRecord, kindsOf, recordParts, wantedRecord } from "../../../console/src/lib/impact-words.ts";

describe("the name of a record", () => {
  it.each([
    ["order:#W1", { kind: "order", name: "#W1" }],
    ["url:https://x", { kind: "url", name: "https://x" }],
    ["lonely", { kind: null, name: "lonely" }],
    [":x", { kind: null, name: ":x" }],
  ])("%s has a kind and a name", (tag, parts) => {
    expect(recordParts(tag)).toEqual(parts);
  });

  it("is found in what somebody typed, and in nothing that is none", () => {
    expect([" order:#W1 ", "order:", "order", "an order:1"].map(wantedRecord)).toEqual(["order:#W1", null, null, null]);
  });

  it("has a kind that the contracts offer once", () => {
    const capability = (...tags: string[]) => ({ contract: { tags } });
    const page = { capabilities: [capability("order:{id}", "customer:{c}"), capability("order:{id}", "{tag}")] };
    expect(kindsOf(page as never)).toEqual(["customer", "order"]);
  });
});

it("what depends is told by the record through which it does, in the order of the answer", () => {
  const one = (through: string, depth: number, action: string) => ({ through, depth, action }) as never;
  const groups = byRecord([one("order:1", 1, "a"), one("customer:1", 2, "b"), one("order:1", 1, "c")]);
  expect(groups.map(({ through, depth, actions }) => [through, depth, actions.length])).toEqual([
    ["order:1", 1, 2],
    ["customer:1", 2, 1],
  ]);
});
