import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalize } from "../../shared/canonical.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import {
  compilePlaybook,
  derivePlan,
  evaluateCondition,
  keyProvenance,
  type Playbook,
  type PlaybookIntent,
  type PlaybookStep,
  refsIn,
  resolveRefs,
} from "../../shared/playbook.ts";
import {
  codeOf,
  contract,
  declarations,
  declare,
  INPUT,
  LOOKUP,
  object,
  ORDER_ID,
  REFUND,
  SHOP,
  value,
} from "../support/release.ts";

const lookup: PlaybookStep = {
  id: "lookup",
  capability: "orders.get",
  args: { orderId: { $cel: "intent.input.orderId" } },
};
const refund = (overrides: Partial<PlaybookStep> = {}): PlaybookStep => ({
  id: "refund",
  capability: "billing.refund",
  args: { orderId: { $cel: "intent.input.orderId" }, amountCents: { $ref: "steps.lookup.result#/order/totalCents" } },
  ...overrides,
});
const playbook = (...steps: PlaybookStep[]): Playbook => ({ version: 1, steps });
const intent = (input: JsonObject = {}): PlaybookIntent => ({
  automation: "refunds",
  input: { request: "please", orderId: "#W1234567", ...input } as Json,
  region: "eu",
  purpose: "service",
});
const derive = (book: Playbook, input?: JsonObject, world = SHOP, openedByAgent = false) =>
  derivePlan(value(compilePlaybook(book, world)), intent(input), { openedByAgent });

describe("a derived plan", () => {
  it("has evaluated arguments, kept references, implied order and provenance by data flow", () => {
    expect(value(derive(playbook(lookup, refund())))).toEqual([
      {
        id: "lookup",
        capability: "orders.get",
        args: { orderId: "#W1234567" },
        after: [],
        when: null,
        provenance: { orderId: "principal" },
        expect: null,
      },
      {
        id: "refund",
        capability: "billing.refund",
        args: { orderId: "#W1234567", amountCents: { $ref: "steps.lookup.result#/order/totalCents" } },
        after: ["lookup"],
        when: null,
        provenance: { orderId: "principal", amountCents: "record" },
        expect: null,
      },
    ]);
  });

  it("has what a step expects computed over the intent, and keeps what refers to results and to the action itself", () => {
    const later = { balanceCents: { $arg: "amountCents" }, order: { $ref: "steps.lookup.result#/order/id" } };
    const expecting = (expect: NonNullable<PlaybookStep["expect"]>) =>
      value(derive(playbook(lookup, refund({ args: { orderId: "#W1234567", amountCents: 1 }, expect }))))[1]!;
    expect(expecting(later)).toMatchObject({ expect: later, after: ["lookup"] });
    expect(expecting({ order: { $cel: "intent.input.orderId" } })).toMatchObject({
      expect: { order: "#W1234567" },
      after: [],
    });
  });

  it.each<[string, PlaybookStep]>([
    ["nothing", refund({ expect: {} })],
    ["what is not read back", refund({ expect: { status: "refunded" } })],
    ["anything of what reads nothing back", { ...lookup, expect: { status: "pending" } }],
    ["an argument that it does not give", refund({ expect: { order: { $arg: "to" } } })],
    ["a field that its result does not have", refund({ expect: { order: { $result: "/id" } } })],
    ["a result that no step has", refund({ expect: { order: { $ref: "steps.other.result#/id" } } })],
  ])("is not made where a step expects %s", (_, step) => {
    expect(codeOf(compilePlaybook(playbook(lookup, { ...step, id: "last" }), SHOP))).toBe("playbook-invalid");
  });

  it("has its steps in an order in which they can run, the file's where there is a choice", () => {
    const steps = [refund(), { ...lookup, id: "other" }, lookup, { ...lookup, id: "first", after: ["other"] }];
    expect(value(derive(playbook(...steps))).map((step) => step.id)).toEqual(["other", "lookup", "refund", "first"]);
  });

  it("computes with whole numbers and fractions as the contract declares them", () => {
    const args = {
      orderId: "#W1234567",
      amountCents: { $cel: "int(intent.input.score * 2.0)" },
      ratio: { $cel: "intent.input.score" },
    };
    expect(value(derive(playbook(refund({ args })), { score: 3 }))[0]!.args).toEqual({
      orderId: "#W1234567",
      amountCents: 6,
      ratio: 3,
    });
  });

  it("leaves out a step whose condition over the intent is false, and what refers to it, and keeps the order of the rest", () => {
    const steps = [
      { ...lookup, id: "first" },
      { ...lookup, when: 'intent.region == "us"', after: ["first"] },
      refund(),
      { ...lookup, id: "last", after: ["lookup", "refund"] },
    ];
    expect(value(derive(playbook(...steps)))).toMatchObject([
      { id: "first", after: [] },
      { id: "last", after: ["first"] },
    ]);
  });

  it("keeps a condition over results for the executor", () => {
    const compiled = value(
      compilePlaybook(
        playbook(lookup, refund({ when: 'results.lookup.order.totalCents > 100 && intent.region == "eu"' })),
        SHOP,
      ),
    );
    expect(value(derivePlan(compiled, intent(), { openedByAgent: false }))[1]).toMatchObject({
      after: ["lookup"],
      when: 'results.lookup.order.totalCents > 100 && intent.region == "eu"',
    });
    const results = (totalCents: number) => ({
      lookup: { capability: "orders.get", result: { order: { id: "#W1234567", status: "x", totalCents }, note: "" } },
    });
    expect(evaluateCondition(compiled, "refund", intent(), results(101))).toEqual({ ok: true, value: true });
    expect(evaluateCondition(compiled, "refund", intent(), results(100))).toEqual({ ok: true, value: false });
    expect(evaluateCondition(compiled, "lookup", intent(), {})).toEqual({ ok: true, value: true });
    expect(codeOf(evaluateCondition(compiled, "refund", intent(), {}))).toBe("reference-unresolved");
  });

  it("is not made where an argument or a condition cannot be computed", () => {
    const bad = (args: JsonObject) =>
      derive(playbook(refund({ args: { orderId: "#W1234567", amountCents: 1, ...args } as PlaybookStep["args"] })));
    for (const source of [
      "1 / 0",
      "intent.input.score",
      "timestamp(intent.input.request)",
      'b"x"',
      "9007199254740993",
      "{1: 2}",
      "1.0 / 0.0",
    ])
      expect(codeOf(bad({ to: { $cel: source } }))).toBe("plan-invalid");
    expect(codeOf(derive(playbook({ ...lookup, when: "intent.input.score > 1.0" })))).toBe("plan-invalid");
    expect(codeOf(derive(playbook({ ...lookup, when: "intent.input.request" })))).toBe("plan-invalid");
  });

  it("never lets data become a reference", () => {
    for (const source of ['{"$ref": "steps.lookup.result#/note"}', '[{"a": {"$commit": "x"}}]'])
      expect(
        codeOf(
          derive(playbook(lookup, refund({ args: { orderId: "#W1234567", amountCents: 1, to: { $cel: source } } }))),
        ),
      ).toBe("plan-invalid");
  });
});

describe("provenance by data flow", () => {
  const to = (expression: Json, openedByAgent = false) =>
    value(
      derive(
        playbook(
          lookup,
          refund({ args: { orderId: "#W1234567", amountCents: 1, to: expression } as PlaybookStep["args"] }),
        ),
        { mail: "x", score: 1 },
        SHOP,
        openedByAgent,
      ),
    ).find((step) => step.id === "refund")!.provenance["to"];

  it.each<[Json, string]>([
    ["ann@example.org", "release"],
    [{ $cel: '"a" + "b"' }, "release"],
    [{ $cel: "intent.input.request" }, "principal"],
    [{ $cel: "intent.region" }, "principal"],
    [{ $cel: 'intent.input["request"] + "!"' }, "principal"],
    [{ $cel: "intent.input.mail" }, "content"],
    [{ $cel: 'intent.input.score > 1.0 ? "a" : "b"' }, "content"],
    [{ $cel: "has(intent.input.mail) ? intent.input.request : intent.region" }, "content"],
    [{ $cel: "intent.input[intent.input.request == 'please' ? 'request' : 'mail']" }, "content"],
    [{ $cel: '"n" + string(size(intent.input))' }, "content"],
    [{ $cel: "[intent].map(i, i.input.request)[0]" }, "content"],
    [{ $ref: "steps.lookup.result#/order/status" }, "record"],
    [{ $ref: "steps.lookup.result#/order" }, "record"],
    [{ $ref: "steps.lookup.result#/note" }, "content"],
    [{ $ref: "steps.lookup.result#" }, "content"],
    [["x", { a: { $cel: "intent.input.request" } }], "principal"],
    [["x", { $cel: "intent.input.request" }, { b: { $ref: "steps.lookup.result#/note" } }], "content"],
  ])("of %j is %s", (expression, provenance) => {
    expect(to(expression)).toBe(provenance);
  });

  it("counts nothing of an event's values as a principal's, whatever the contract says, nor what was read by them", () => {
    const from = (expression: Json) => {
      const args = { orderId: { $cel: "intent.input.request" }, amountCents: 1, to: expression };
      const book = playbook(lookup, refund({ args: args as PlaybookStep["args"] }));
      const steps = value(
        derivePlan(value(compilePlaybook(book, SHOP)), intent({ mail: "x", score: 1 }), {
          openedByAgent: false,
          fromEvent: true,
        }),
      );
      return steps.find((step) => step.id === "refund")!.provenance;
    };
    expect(from({ $cel: "intent.input.request" })).toMatchObject({ orderId: "content", to: "content" });
    expect(from("literal")["to"]).toBe("release");
  });

  it("counts nothing of an agent's own task as a principal's, nor what was read by its words", () => {
    expect(to({ $cel: "intent.input.request" }, true)).toBe("model");
    expect(to("literal", true)).toBe("release");
    expect(to({ $ref: "steps.lookup.result#/order/status" }, true)).toBe("content");
  });

  it("takes a record read by content for content, along the whole chain", () => {
    const input = contract({ request: { type: "string", "x-origin": "principal" }, orderId: ORDER_ID });
    const world = declarations(input, LOOKUP, REFUND);
    const chain = [
      lookup,
      { ...lookup, id: "again", args: { orderId: { $ref: "steps.lookup.result#/order/id" } } },
      { ...lookup, id: "last", args: { orderId: { $ref: "steps.again.result#/order/id" } } },
    ];
    expect(value(derive(playbook(...chain), {}, world)).map(keyProvenance)).toEqual(["content", "content", "content"]);
    expect(value(derive(playbook(...chain))).map(keyProvenance)).toEqual(["principal", "record", "record"]);
  });
});

describe("a playbook is refused", () => {
  it.each<[string, Playbook]>([
    ["with two steps of one name", playbook(lookup, lookup)],
    ["with an unknown capability", playbook({ ...lookup, capability: "orders.drop" })],
    ["with an unknown argument", playbook({ ...lookup, args: { ...lookup.args, extra: 1 } })],
    ["without a required argument", playbook({ ...lookup, args: {} })],
    ["after a step that is not there", playbook({ ...lookup, after: ["other"] })],
    ["when it waits for itself", playbook({ ...lookup, after: ["lookup"] })],
    ["when steps wait for each other", playbook({ ...lookup, after: ["refund"] }, refund())],
    ["with a reference to a step that is not there", playbook(refund())],
    [
      "with a reference to itself",
      playbook(lookup, refund({ args: { orderId: { $ref: "steps.refund.result#" }, amountCents: 1 } })),
    ],
    [
      "with a reference to a field that is not there",
      playbook(lookup, refund({ args: { orderId: { $ref: "steps.lookup.result#/order/none" }, amountCents: 1 } })),
    ],
    [
      "with a malformed reference",
      playbook(lookup, refund({ args: { orderId: { $ref: "lookup.result#/order/id" }, amountCents: 1 } })),
    ],
    [
      "with a reference that has company",
      playbook(lookup, refund({ args: { orderId: { $ref: "steps.lookup.result#/order/id", x: 1 }, amountCents: 1 } })),
    ],
    ["with an unknown $ key", playbook({ ...lookup, args: { orderId: { $commit: "x" } } })],
    ["with an expression that does not parse", playbook({ ...lookup, args: { orderId: { $cel: "intent." } } })],
    [
      "with an expression over results as an argument",
      playbook({ ...lookup, args: { orderId: { $cel: "results.lookup.order.id" } } }),
    ],
    [
      "with an expression over a field that is not there",
      playbook({ ...lookup, args: { orderId: { $cel: "intent.input.orderID" } } }),
    ],
    ["with a condition over a step that is not there", playbook({ ...lookup, when: "results.other.x == 1" })],
    ["with a condition over all results", playbook(lookup, refund({ when: "size(results) == 1" }))],
    ["with a condition over its own result", playbook({ ...lookup, when: 'results.lookup.note == ""' })],
    ["of another version", { version: 2, steps: [lookup] } as never],
    ["without steps", playbook()],
  ])("%s", (_, book) => {
    expect(codeOf(compilePlaybook(book, SHOP))).toBe("playbook-invalid");
  });
});

describe("references", () => {
  it("are found and resolved wherever they stand", () => {
    const args = {
      a: { $ref: "steps.one.result#/x/0" },
      b: [1, { c: { $ref: "steps.two.result#" } }],
      d: { $commit: "kept" },
    };
    expect(refsIn(args)).toEqual([
      { step: "one", pointer: "/x/0" },
      { step: "two", pointer: "" },
    ]);
    expect(value(resolveRefs(args, { one: { x: [null] }, two: "t" }))).toEqual({
      a: null,
      b: [1, { c: "t" }],
      d: { $commit: "kept" },
    });
  });

  it.each([
    "steps.none.result#/x",
    "steps.one.result#/y",
    "steps.one.result#/x/1",
    "steps.one.result#/x/00",
    "steps.one.result#/x/length",
    "steps.one.result#/toString",
    "steps.one.result#/~2",
    "one#/x",
  ])("do not resolve to nothing: %s", (text) => {
    expect(codeOf(resolveRefs({ a: { $ref: text } }, { one: { x: ["v"] } }))).toBe("reference-unresolved");
  });

  it("do not resolve what a result says", () => {
    expect(value(resolveRefs({ a: { $ref: "steps.one.result#" } }, { one: { $ref: "steps.one.result#" } }))).toEqual({
      a: { $ref: "steps.one.result#" },
    });
  });
});

describe("derivation", () => {
  const world = declarations(
    INPUT,
    LOOKUP,
    declare({
      name: "note.write",
      input: object({ a: { type: "string" }, b: { type: "string" } }, ["a", "b"]),
      output: object({ id: { type: "string" } }),
    }),
  );
  /** A step that depends only on steps of a smaller number. */
  const stepNumber = (number: number): fc.Arbitrary<PlaybookStep> => {
    const earlier = fc.nat(Math.max(0, number - 1)).map((i) => `s${i}`);
    const argument: fc.Arbitrary<Json> = fc.oneof(
      fc.string(),
      fc.constantFrom(
        { $cel: "intent.input.request" },
        { $cel: "intent.region + intent.purpose" },
        { $cel: '{"z": 1, "a": [2.5, intent.input.request]}' },
      ),
      ...(number === 0 ? [] : [earlier.map((id) => ({ $ref: `steps.${id}.result#/id` }))]),
    );
    const overIntent = ['intent.region == "eu"', 'intent.input.request == "x"'];
    const when = number === 0 ? overIntent : [...overIntent, 'results.s0.id == "x"'];
    return fc.record(
      {
        id: fc.constant(`s${number}`),
        capability: fc.constant("note.write"),
        args: fc.record({ a: argument, b: argument }, { requiredKeys: [] }),
        after: fc.uniqueArray(earlier, { maxLength: number === 0 ? 0 : 2 }),
        when: fc.constantFrom(...when),
      },
      { requiredKeys: ["id", "capability", "args"] },
    ) as fc.Arbitrary<PlaybookStep>;
  };
  /** The steps in any order of the file. */
  const book = fc
    .integer({ min: 1, max: 6 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, number) => stepNumber(number))))
    .chain((steps) => fc.shuffledSubarray(steps, { minLength: steps.length }))
    .map((steps): Playbook => ({ version: 1, steps }));

  it("gives the same bytes every time, from a copy as from the original", () => {
    fc.assert(
      fc.property(book, fc.string(), (text, request) => {
        const copy = JSON.parse(canonicalize(text)) as Playbook;
        const derived = value(derive(text, { request }, world));
        expect(canonicalize(derive(copy, { request }, world))).toBe(canonicalize(derive(text, { request }, world)));
        const place = new Map(derived.map(({ id }, i) => [id, i]));
        for (const [i, one] of derived.entries()) {
          for (const id of one.after) expect(place.get(id)).toBeLessThan(i);
          for (const { step: id } of refsIn(one.args)) expect(one.after).toContain(id);
        }
      }),
      { numRuns: 300 },
    );
  });
});
