/** Fan-outs, sub-playbooks and features of a playbook: what the plan holds, what is left out, what is refused when it is published. */
import { describe, expect, it } from "vitest";
import { canonicalize } from "../../shared/canonical.ts";
import { compileFeatures } from "../../shared/features.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { renameInCel } from "../../shared/playbook-cel.ts";
import { compilePlaybook, derivePlan, leftOutNow, leftOutOf, type Playbook } from "../../shared/playbook.ts";
import { codeOf, contract, declarations, declare, object, value } from "../support/release.ts";

const SKU = { type: "string", pattern: "^S\\d+$" };
const LINE = object({ sku: SKU, qty: { type: "integer" }, note: { type: "string" } }, ["note"]);
const input = contract(
  {
    customer: { type: "string", "x-origin": "principal" },
    lines: { type: "array", items: { ...LINE, "x-origin": "principal" } },
    more: { type: "array", items: LINE },
  },
  ["lines", "more"],
);
const order = declare({
  name: "orders.get",
  input: object({ customer: { type: "string" } }),
  output: object({
    id: { type: "string", "x-trusted": true },
    items: { type: "array", items: { ...LINE, "x-trusted": true } },
  }),
  effect: "read",
});
const ship = declare({
  name: "items.ship",
  input: object({ sku: SKU, qty: { type: "integer" }, to: { type: "string" } }, ["qty", "to"]),
  output: object({ parcel: { type: "string" }, weight: { type: "integer" } }),
});
const features = value(
  compileFeatures(
    {
      big: { version: "1.0.0", type: "boolean", value: "size(input.lines) > 2" },
      units: { version: "2.1.0", type: "integer", value: "size(input.lines) * 10" },
    },
    input,
  ),
);
const WORLD = { ...declarations(input, order, ship), features };

const get = { id: "order", capability: "orders.get", args: { customer: { $cel: "intent.input.customer" } } };
const each = {
  id: "lines",
  for: { each: "intent.input.lines", as: "line", max: 4 },
  capability: "items.ship",
  args: { sku: { $each: "/sku" }, qty: { $cel: "line.qty * 2" } },
};
const late = {
  id: "parts",
  for: { each: "results.order.items", max: 3 },
  when: "item.qty > 1",
  capability: "items.ship",
  args: { sku: { $each: "/sku" }, qty: { $cel: "index" } },
};
const book = (steps: readonly object[], playbooks?: object): Playbook =>
  ({ version: 1, steps, ...(playbooks === undefined ? {} : { playbooks }) }) as Playbook;
const compile = (one: Playbook) => compilePlaybook(one, WORLD);
const intent = (data: JsonObject) => ({
  automation: "shipping",
  input: { customer: "ada", ...data } as Json,
  region: "eu",
  purpose: "service",
});
const derive = (one: Playbook, data: JsonObject = {}) =>
  derivePlan(value(compile(one)), intent(data), { openedByAgent: false });
const LINES = [
  { sku: "S1", qty: 1 },
  { sku: "S2", qty: 2, note: "soon" },
];
const results = (items: JsonObject[]) => ({ order: { capability: "orders.get", result: { id: "o", items } as Json } });

describe("a fan-out over the intent", () => {
  it("gives a step for each element, with a stable id, its values and whose words they are", () => {
    expect(value(derive(book([each]), { lines: LINES }))).toMatchObject([
      { id: "lines_0", args: { sku: "S1", qty: 2 }, after: [], when: null, provenance: { sku: "principal" } },
      { id: "lines_1", args: { sku: "S2", qty: 4 } },
    ]);
    expect(value(derive(book([each])))).toEqual([]);
  });

  it("asks its condition of each element", () => {
    const steps = [{ ...each, when: "has(line.note) && index > 0" }];
    expect(value(derive(book(steps), { lines: LINES })).map(({ id }) => id)).toEqual(["lines_1"]);
    expect(leftOutOf(value(compile(book(steps))), intent({ lines: LINES }))).toEqual([
      { step: "lines_0", why: "has(intent.input.lines[0].note) && 0 > 0 is false" },
    ]);
  });

  it("refuses a list that is longer than it may be, and never cuts it", () => {
    const long = Array.from({ length: 5 }, () => LINES[0]!);
    expect(codeOf(derive(book([each]), { lines: long }))).toBe("plan-invalid");
  });

  it("is waited for as a whole", () => {
    const steps = [each, { ...get, after: ["lines"] }];
    expect(value(derive(book(steps), { lines: LINES })).at(-1)).toMatchObject({ after: ["lines_0", "lines_1"] });
  });
});

describe("a fan-out over a result", () => {
  const compiled = value(compile(book([get, late])));
  const why = (step: string, items: JsonObject[]) => leftOutNow(compiled, step, intent({}), results(items));

  it("gives every step that there may be, each with its condition and a reference to its element", () => {
    expect(value(derive(book([get, late]))).slice(1)).toMatchObject(
      [0, 1, 2].map((i) => ({
        id: `parts_${i}`,
        args: { sku: { $ref: `steps.order.result#/items/${i}/sku` }, qty: i },
        after: ["order"],
        when: `(has(results.order.items) && size(results.order.items) > ${i}) && (results.order.items[${i}].qty > 1)`,
        provenance: { sku: "record", qty: "release" },
      })),
    );
  });

  it("is decided element by element when the result is there: done, no such element, or its condition", () => {
    const items = [
      { sku: "S1", qty: 3 },
      { sku: "S2", qty: 1 },
    ];
    expect([0, 1, 2].map((i) => value(why(`parts_${i}`, items)))).toEqual([null, "condition", "no-element"]);
  });

  it("fails where there are more elements than it may have", () => {
    const items = Array.from({ length: 4 }, () => ({ sku: "S1", qty: 3 }));
    expect([0, 1, 2].map((i) => codeOf(why(`parts_${i}`, items)))).toEqual(["task-limit", "task-limit", "task-limit"]);
  });

  it("gives what stands after it the results of its elements as a list", () => {
    const steps = [get, late, { ...get, id: "last", when: "results.parts.all(part, part.weight < 9)" }];
    const whole = value(compile(book(steps)));
    expect(value(derive(book(steps))).at(-1)).toMatchObject({ after: ["parts_0", "parts_1", "parts_2"] });
    const of = (...weights: number[]) =>
      leftOutNow(whole, "last", intent({}), {
        ...results([]),
        ...Object.fromEntries(
          weights.map((weight, i) => [`parts_${i}`, { capability: "items.ship", result: { parcel: "p", weight } }]),
        ),
      });
    expect([value(of(1, 2)), value(of()), value(of(1, 9))]).toEqual([null, null, "condition"]);
  });
});

describe("a sub-playbook", () => {
  const playbooks = {
    "deliver@1.2.0": {
      params: ["sku", "to", "qty"],
      steps: [
        { id: "check", capability: "orders.get", args: { customer: { $param: "to" } } },
        {
          id: "send",
          capability: "items.ship",
          when: "params.qty > 1 && results.check.id != params.to",
          args: { sku: { $param: "sku" }, to: { $ref: "steps.check.result#/id" } },
        },
      ],
    },
  };
  const use = {
    id: "all",
    use: "deliver@1.2.0",
    for: { each: "intent.input.lines", max: 2, mayFail: 1 },
    with: { sku: { $each: "/sku" }, to: { $cel: "intent.input.customer" }, qty: { $cel: "item.qty" } },
  };

  it("becomes its steps, under the name of the step that uses it", () => {
    expect(value(derive(book([use], playbooks), { lines: LINES }))).toMatchObject([
      { id: "all_0_check", args: { customer: "ada" }, fanOut: { of: "all", index: 0, mayFail: 1 } },
      {
        id: "all_0_send",
        args: { sku: "S1", to: { $ref: "steps.all_0_check.result#/id" } },
        after: ["all_0_check"],
        when: "(intent.input.lines[0].qty) > 1 && results.all_0_check.id != (intent.input.customer)",
        fanOut: { of: "all", index: 0, mayFail: 1 },
      },
      { id: "all_1_check" },
      { id: "all_1_send", provenance: { sku: "principal", to: "record" } },
    ]);
  });

  it("takes a reference, and may be referred to by its steps", () => {
    const steps = [
      get,
      { ...use, for: undefined, with: { sku: "S1", to: { $ref: "steps.order.result#/id" }, qty: 3 } },
      { ...get, id: "last", args: { customer: { $ref: "steps.all_check.result#/id" } }, after: ["all"] },
    ];
    const plan = value(derive(JSON.parse(JSON.stringify(book(steps, playbooks))) as Playbook));
    expect(plan.map(({ id, after }) => [id, after])).toEqual([
      ["order", []],
      ["all_check", ["order"]],
      ["all_send", ["order", "all_check"]],
      ["last", ["all_check", "all_send"]],
    ]);
    expect(plan[2]!.when).toBe("3 > 1 && results.all_check.id != results.order.id");
  });
});

describe("features", () => {
  it("are looked at in conditions and arguments, and are as weak as their fields", () => {
    const steps = [{ ...each, when: "!features.big", args: { sku: "S1", qty: { $cel: "features.units" } } }];
    expect(value(derive(book(steps), { lines: LINES }))[0]).toMatchObject({
      args: { qty: 20 },
      provenance: { sku: "release", qty: "principal" },
    });
    expect(value(derive(book(steps), { lines: [...LINES, LINES[0]!] }))).toEqual([]);
  });
});

const nested = (name: string, inner: object) => ({ [name]: { steps: [inner] } });
describe("a playbook is refused", () => {
  it.each<[string, string, Playbook]>([
    ["with a list that has no bound", "/steps/0/for/max", book([{ ...each, for: { each: "intent.input.lines" } }])],
    ["over what is no list", "/steps/0/for/each", book([{ ...each, for: { each: "intent.input.customer", max: 2 } }])],
    ["over an unknown list", "/steps/0/for/each", book([{ ...each, for: { each: "intent.input.rows", max: 2 } }])],
    ["over what is no path", "/steps/0/for/each", book([{ ...each, for: { each: "[1, 2]", max: 2 } }])],
    ["over a result of no step", "/steps/0/for/each", book([{ ...late }])],
    ["with more steps than a plan holds", "/steps/1", book([get, { ...each, for: { ...each.for, max: 32 } }])],
    [
      "with CEL over what is known later as an argument",
      "/steps/1/args/qty",
      book([get, { ...late, args: { sku: "S1", qty: { $cel: "item.qty" } } }]),
    ],
    [
      "with a part of an element that is none",
      "/steps/0/args/sku",
      book([{ ...each, args: { sku: { $each: "/colour" } } }]),
    ],
    [
      "with an element outside of a fan-out",
      "/steps/0/args/sku",
      book([{ ...each, for: undefined, args: { sku: { $each: "/sku" } } }]),
    ],
    ["with `item` outside of a fan-out", "/steps/0/when", book([{ ...get, when: "item.qty > 1" }])],
    ["where ids meet", "/steps/1", book([{ ...get, id: "lines_1" }, each])],
    [
      "with a reference to a whole fan-out",
      "/steps/1/args/customer",
      book([each, { ...get, args: { customer: { $ref: "steps.lines.result#/parcel" } } }]),
    ],
    ["with an unknown sub-playbook", "/steps/0/use", book([{ id: "a", use: "none@1.0.0" }])],
    ["with another version of one", "/steps/0/use", book([{ id: "a", use: "b@1.0.1" }], nested("b@1.0.0", get))],
    ["with one that nothing uses", "/playbooks/b@1.0.0", book([get], nested("b@1.0.0", get))],
    [
      "with one that uses itself",
      "/playbooks/b@1.0.0/steps/0/use",
      book([{ id: "a", use: "b@1.0.0" }], nested("b@1.0.0", { id: "again", use: "b@1.0.0" })),
    ],
    ["with both an action and a sub-playbook", "/steps/0", book([{ ...get, use: "b@1.0.0" }], nested("b@1.0.0", get))],
    [
      "with a parameter that is not given",
      "/steps/0/with",
      book([{ id: "a", use: "b@1.0.0" }], { "b@1.0.0": { params: ["x"], steps: [get] } }),
    ],
    [
      "with a parameter that is unknown",
      "/steps/0/with/y",
      book([{ id: "a", use: "b@1.0.0", with: { y: 1 } }], nested("b@1.0.0", get)),
    ],
    [
      "with a parameter of nobody",
      "/playbooks/b@1.0.0/steps/0/args/customer",
      book([{ id: "a", use: "b@1.0.0" }], nested("b@1.0.0", { ...get, args: { customer: { $param: "x" } } })),
    ],
    ["with an unknown feature", "/steps/0/when", book([{ ...get, when: "features.small" }])],
    [
      "with sub-playbooks too deep in each other",
      "/playbooks/s4@1.0.0/steps/0/use",
      book(
        [{ id: "a", use: "s1@1.0.0" }],
        Object.assign(
          {},
          ...[1, 2, 3, 4].map((i) => nested(`s${i}@1.0.0`, { id: "n", use: `s${i + 1}@1.0.0` })),
          nested("s5@1.0.0", get),
        ) as object,
      ),
    ],
  ])("%s, and the refusal says where", (_, at, one) => {
    const compiled = compile(JSON.parse(JSON.stringify(one)) as Playbook);
    expect([codeOf(compiled), compiled.ok ? "" : compiled.problem.facts?.["at"]]).toEqual(["playbook-invalid", at]);
  });
});

describe("names in CEL", () => {
  it("are replaced where they stand for themselves: not as fields, in texts, in comments", () => {
    const renamed = renameInCel(`item.item + a.item + "item" + r'\\item' + x["item"] // item`, {
      of: (name) => (name === "item" ? "L[0]" : undefined),
      member: () => undefined,
    });
    expect(renamed).toBe(`L[0].item + a.item + "item" + r'\\item' + x["item"] // item`);
  });
});

it("derives the same bytes every time", () => {
  const all = book([get, each, late]);
  const [one, two] = [
    derive(all, { lines: LINES }),
    derive(JSON.parse(canonicalize(all)) as Playbook, { lines: LINES }),
  ];
  expect(canonicalize(one)).toBe(canonicalize(two));
});
