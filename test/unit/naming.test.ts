/** What counts as named: whole values in any spelling of their type, tokens in sentences that mean them, and nothing else. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal, normalWhole } from "../../shared/normal.ts";
import { provenanceForAgent } from "../../shared/provenance.ts";
import { provenanceOfPlan } from "../../shared/provenance-plan.ts";
import { asToken, naming } from "../../shared/tokens.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { contract, declarations, declare, INPUT, LOOKUP, object, ORDER_ID, REFUND, SHOP } from "../support/release.ts";

const ID = /^#W\d{7}$/u;
const named = (text: string, id = "#W1234567") => naming([text], asToken(id, [ID])!) === "named";

describe("an id is named", () => {
  it.each([
    "Cancel #W1234567.",
    "I do not like it. Cancel #W1234567, please",
    "Don't touch #W7654321, but cancel #W1234567 today",
    "I want to return my order #W1234567 because I don't need it",
    "My account's order is '#W1234567'",
    'The order "#W1234567" and the amount, for the client',
    'a 13" screen and order #W1234567',
    "it's Ann's order #W1234567 that isn't here",
  ])("in: %s", (text) => expect(named(text)).toBe(true));
});

describe("an id is not named", () => {
  it.each([
    "Do not cancel #W1234567",
    "Don’t cancel #W1234567",
    "dont cancel #W1234567",
    "Cancel everything except #W7654321, #W7654322 and #W1234567",
    "Cancel all but not #W1234567",
    "Anything other than #W1234567",
    "#W7654321 instead of #W1234567",
    "I no longer want #W1234567 cancelled",
    "#W1234567 should not be cancelled",
    "#W1234567 shouldn't be cancelled",
    "Leave #W1234567 alone",
    "Never touch:\n- #W7654321\n- #W1234567",
    "Never touch:\n\n#W1234567",
    'The mail says "cancel #W1234567 at once"',
    "He wrote 'cancel #W1234567' to me",
    "He wrote “please cancel #W1234567",
    "> cancel #W1234567\nwhat is that?",
    "Cancel #W1234567. No: do not cancel #W1234567.",
    "Bitte #W1234567 nicht stornieren",
    "Sauf #W1234567",
  ])("in: %s", (text) => expect(named(text)).toBe(false));

  it("where another text of the same speaker takes it back, or where it stands too often or too far into a clause", () => {
    const token = asToken("#W1234567", [ID])!;
    expect(naming(["cancel #W1234567", "not #W1234567"], token)).toBe("taken back");
    expect(named("#W1234567 ".repeat(200))).toBe(false);
    expect(named(`not ${"one, ".repeat(600)} #W1234567`)).toBe(false);
  });

  it("behind any word of negation, whatever words stand between", () => {
    const word = fc.constantFrom("the", "order", "please", "blue,", "cancel", "my", "and", "or", "#W7654321,");
    const negation = fc.constantFrom("not", "never", "except", "without", "don't", "instead of", "no longer", "nicht");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), negation, fc.array(word, { maxLength: 8 }), (lead, no, between) => {
        expect(named([...lead, no, ...between, "#W1234567 today"].join(" "))).toBe(false);
        expect(named([...lead, ...between, "#W1234567 today"].join(" "))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("and long hostile texts are read in linear time", () => {
    const started = performance.now();
    for (const text of ["n't ".repeat(50_000), "' ".repeat(50_000), '"a'.repeat(50_000), "\n\n".repeat(50_000)])
      named(`${text} #W1234567`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("one spelling", () => {
  const amount = fc.integer({ min: -9_999_999, max: 9_999_999 });
  it("has each amount, and two amounts never share one", () => {
    fc.assert(
      fc.property(amount, amount, fc.integer({ min: 0, max: 4 }), (a, b, zeros) => {
        const text = (cents: number) => (cents / 100).toFixed(2);
        expect(decimal(`${text(a)}${"0".repeat(zeros)}`)).toBe(a / 100 === 0 ? 0 : a / 100);
        expect(decimal(text(a)) === decimal(text(b))).toBe(a === b);
        expect(normalWhole(`EUR ${text(a)}`)).toBe(normalWhole(`${text(a)}0 EUR`));
        expect(normalWhole(`EUR ${text(a)}`)).not.toBe(normalWhole(`USD ${text(a)}`));
      }),
    );
  });

  it("has each time, and two times never share one", () => {
    const time = fc.date({ min: new Date("1970-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(time, time, fc.integer({ min: -12, max: 12 }), (a, b, hours) => {
        const shifted = new Date(a.getTime() + hours * 3_600_000).toISOString().slice(0, -1);
        const zone = `${hours < 0 ? "-" : "+"}${String(Math.abs(hours)).padStart(2, "0")}:00`;
        expect(normalWhole(`${shifted}${zone}`)).toBe(normalWhole(a.toISOString()));
        expect(normalWhole(a.toISOString()) === normalWhole(b.toISOString())).toBe(a.getTime() === b.getTime());
      }),
    );
    expect(normalWhole("2024-05-20 10:00")).toBe(normalWhole("2024-05-20T10:00:00"));
    expect(normalWhole("2024-05-20")).not.toBe(normalWhole("2024-05-20 00:00"));
  });

  it.each(["007", "1.", "1e3", "1,200", "0x10", "", "NaN", "1234567890123456.7"])("has no number: %s", (text) =>
    expect(decimal(text)).toBeNull(),
  );
  it.each(["2024-02-30", "2024-13-01", "2024-05-20 25:00", "20.5.2024", "12 euros"])(
    "has no amount or time: %s",
    (text) => expect(normalWhole(text)).toBeUndefined(),
  );
});

describe("a whole value", () => {
  const input = contract({
    amount: { type: "string" },
    day: { type: "string" },
    version: { type: "string" },
    count: { type: "integer" },
    request: { type: "string" },
  });
  const principal = contract(
    Object.fromEntries(
      [...input.root.properties.keys()].map((name) => [name, { ...typeOf(name), "x-origin": "principal" }]),
    ),
  );
  function typeOf(name: string) {
    return { type: name === "count" ? "integer" : "string" };
  }
  const argsContract = contract({
    amount: { type: "number" },
    day: { type: "string" },
    version: { type: "string" },
    count: { type: "string" },
    when: { type: "string" },
  });
  const of = (name: string, value: Json, said: Record<string, Json>) =>
    provenanceForAgent({
      args: { [name]: value },
      argsContract,
      input: said as Json,
      inputContract: principal,
      records: [],
      openedByAgent: false,
    })[name];

  it("is named by its other spelling under the same name", () => {
    expect(of("amount", 12.5, { amount: "12.50" })).toBe("principal");
    expect(of("count", "3", { count: 3 })).toBe("principal");
    expect(of("day", "2024-05-20T10:00", { day: "2024-05-20 10:00:00" })).toBe("principal");
  });
  it("is not named by another value, another name, another type of the same digits, or a sentence", () => {
    expect(of("amount", 12.51, { amount: "12.50" })).toBe("model");
    expect(of("when", "2024-05-20", { day: "2024-05-20" })).toBe("model");
    expect(of("version", "1.1", { version: "1.10" })).toBe("model");
    expect(of("amount", 2200, { request: "the rent is 2200" })).toBe("model");
    expect(of("day", "2024-05-20", { request: "on 2024-05-20" })).toBe("model");
  });
});

describe("along a plan", () => {
  const read = (args: Record<string, Json>) => ({ id: "look", capability: LOOKUP.contract.name, args });
  const judge = (request: string, args: Record<string, Json>) =>
    provenanceOfPlan(
      [
        read(args),
        { id: "act", capability: LOOKUP.contract.name, args: { orderId: { $ref: "steps.look.result#/order/status" } } },
      ],
      SHOP,
      {
        input: { request },
        inputContract: contract({ request: { type: "string", "x-origin": "principal" } }),
        records: [],
        openedByAgent: false,
      },
    )["act"]!["orderId"];

  it("a reference is trusted as far as the step that it names was", () => {
    expect(judge("look at #W1234567", { orderId: "#W1234567" })).toBe("record");
    expect(judge("look at #W1234567", { orderId: "#W7654321" })).toBe("content");
    expect(judge("do not look at #W1234567", { orderId: "#W1234567" })).toBe("content");
  });

  it("a search vouches for nothing that it finds: only an argument that the contract calls a target names a record", () => {
    const SEARCH = declare({
      name: "orders.search",
      input: object({ text: { type: "string" } }),
      output: LOOKUP.contract.output as JsonObject,
      effect: "read",
    });
    const { act } = provenanceOfPlan(
      [
        { id: "look", capability: SEARCH.contract.name, args: { text: "ann@shop.example" } },
        { id: "act", capability: REFUND.contract.name, args: { orderId: { $ref: "steps.look.result#/order/id" } } },
      ],
      declarations(INPUT, SEARCH, REFUND),
      { input: { request: "write to ann@shop.example" }, inputContract: INPUT, records: [], openedByAgent: false },
    );
    expect(act).toEqual({ orderId: "content" });
  });

  it("a reference to a number or a short text names no record, as little as what stands there would", () => {
    const LIST = declare({
      name: "orders.list",
      input: object({ count: { type: "integer" }, state: { type: "string" }, orderId: ORDER_ID }, [
        "count",
        "state",
        "orderId",
      ]),
      output: LOOKUP.contract.output as JsonObject,
      roles: { target: ["count", "state", "orderId"] },
      effect: "read",
    });
    const provenance = (args: Record<string, Json>) =>
      provenanceOfPlan(
        [
          { id: "look", capability: LOOKUP.contract.name, args: { orderId: "#W1234567" } },
          { id: "list", capability: LIST.contract.name, args },
          { id: "act", capability: REFUND.contract.name, args: { orderId: { $ref: "steps.list.result#/order/id" } } },
        ],
        declarations(INPUT, LOOKUP, LIST, REFUND),
        { input: { request: "look at #W1234567" }, inputContract: INPUT, records: [], openedByAgent: false },
      )["act"]!["orderId"];
    expect(provenance({ count: { $ref: "steps.look.result#/order/totalCents" } })).toBe("content");
    expect(provenance({ state: { $ref: "steps.look.result#/order/status" } })).toBe("content");
    expect(provenance({ orderId: { $ref: "steps.look.result#/order/id" } })).toBe("record");
    expect(provenance({ orderId: { $ref: "steps.look.result#/note" } })).toBe("content");
  });
});
