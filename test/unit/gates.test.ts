import { describe, expect, it } from "vitest";
import { canonicalize } from "../../shared/canonical.ts";
import { compileRelease } from "../../shared/compiled-release.ts";
import { decideStep } from "../../shared/facts.ts";
import { compileGates, failedGates } from "../../shared/gates/gates.ts";
import { Gates } from "../../shared/gates/schema.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { bundleOf } from "../workers/intent-manager/bundle.ts";
import { codeOf, contract, value } from "../support/release.ts";

const input = contract(
  {
    name: { type: "string" },
    lines: { type: "array", items: { type: "integer" } },
    cents: { type: ["integer", "null"] },
    ratio: { type: "number" },
  },
  ["name", "lines", "cents", "ratio"],
);
const compile = (...gates: object[]) =>
  compileGates(Gates.parse(gates.map((gate, i) => ({ id: `g${i}`, onFail: "refuse", ...gate }))), { input });
const failed = (gate: object, document: JsonObject) =>
  failedGates(value(compile(gate)), document).map(({ field }) => field);

describe("a gate", () => {
  it.each<[string, object, JsonObject, string[]]>([
    ["finds a field that is not there", { complete: ["/name"] }, {}, ["/name"]],
    ["finds blank text", { complete: ["/name"] }, { name: " \n" }, ["/name"]],
    ["finds an empty list", { complete: ["/name", "/lines"] }, { name: "a", lines: [] }, ["/lines"]],
    ["finds null", { complete: ["/cents"] }, { cents: null }, ["/cents"]],
    ["takes zero for something", { complete: ["/cents"] }, { cents: 0 }, []],
    ["finds a number below its range", { range: { field: "/cents", minimum: 1 } }, { cents: 0 }, ["/cents"]],
    ["takes the ends of a range", { range: { field: "/cents", minimum: 1, maximum: 1 } }, { cents: 1 }, []],
    ["lets pass what is not there", { range: { field: "/cents", minimum: 1 } }, {}, []],
    ["reads an element of a list", { range: { field: "/lines/0", maximum: 3 } }, { lines: [4] }, ["/lines/0"]],
    ["finds what a check forbids", { check: "input.cents < 5" }, { cents: 5 }, ["/cents"]],
    ["fails where its check cannot be evaluated", { check: "input.cents < 5" }, {}, ["/cents"]],
    ["fails where its check is neither true nor false", { check: "input.cents" }, { cents: 5 }, ["/cents"]],
    [
      "names no field where several are looked at",
      { check: "input.cents < input.ratio" },
      { cents: 5, ratio: 1.5 },
      [""],
    ],
  ])("%s", (_, gate, document, fields) => {
    expect(failed(gate, document)).toEqual(fields);
  });

  it.each<[string, object]>([
    ["a field that is not declared", { complete: ["/other"] }],
    ["the range of a text", { range: { field: "/name", minimum: 1 } }],
    ["a check that does not parse", { check: "input.(" }],
    ["a check over something else", { check: "args.x == 1" }],
  ])("is not compiled with %s", (_, gate) => {
    expect(codeOf(compile(gate))).toBe("gates-invalid");
  });

  it("is not compiled twice under one id", () => {
    const gate = { id: "same", complete: ["/name"] };
    expect(codeOf(compile(gate, gate))).toBe("gates-invalid");
  });

  it.each<[string, object]>([
    ["two tests", { complete: ["/name"], check: "true" }],
    ["no test", {}],
    ["people, and nobody named", { check: "true", onFail: "review" }],
    ["a range without an end", { range: { field: "/cents" } }],
  ])("has not %s", (_, gate) => {
    expect(Gates.safeParse([{ id: "g", onFail: "refuse", ...gate }]).success).toBe(false);
  });
});

describe("the executor's decision", () => {
  const gates = Gates.parse([
    { id: "hard", check: 'input.customer != "nobody"', onFail: "refuse" },
    { id: "odd", check: 'input.customer != "odd"', onFail: "review", reviewers: { role: "clerk", quorum: 2 } },
  ]);
  const release = value(compileRelease(canonicalize(bundleOf("mail", { gates }))));
  const decide = (customer: string, more: object = {}) =>
    decideStep(
      release,
      {
        task: "tsk_eu_0_a",
        region: "eu",
        input: { customer, email: "a@b.c" } as Json,
        purpose: null,
        principal: { key: "k", role: "app", member: null, sod: "not-evaluable" },
      },
      {
        round: 1,
        planner: "playbook",
        agent: "playbook",
        capability: "mail.send",
        args: { to: "a@b.c", topic: "hello" },
        provenance: { to: "principal", topic: "principal" },
        claimedConfidence: null,
        ...more,
      },
      { args: true, preview: true, results: true },
      0,
    );

  it("denies a write that a refusing gate was passed over for, and sends one to the reviewers of another", () => {
    expect(decide("c-1")).toMatchObject({ answer: "allow" });
    expect(decide("nobody")).toMatchObject({ answer: "deny", final: true, rules: ["gate-hard"] });
    expect(decide("odd")).toMatchObject({
      answer: "review",
      rules: ["gate-odd"],
      reviews: [{ rule: "gate-odd", role: "clerk", quorum: 2 }],
    });
  });

  it("does not hold up what takes an action back", () => {
    expect(decide("nobody", { undo: { of: "x", kind: "reversal" } })).toMatchObject({ answer: "allow" });
  });
});
