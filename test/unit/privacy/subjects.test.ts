/** Who a task is about: what contracts mark and what requests name. */
import { describe, expect, it } from "vitest";
import { compileContract } from "../../../shared/contracts.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { subjectsOf } from "../../../shared/subjects.ts";
import { value } from "../../support/release.ts";

const id = { type: "string", "x-subject-id": "customer" };
const contract = value(
  compileContract({
    type: "object",
    additionalProperties: false,
    properties: {
      customer: id,
      family: { type: "array", items: { type: ["string", "null"], "x-subject-id": "person" } },
      order: { anyOf: [{ type: "null" }, { type: "object", additionalProperties: false, properties: { of: id } }] },
      text: { type: "string" },
    },
  }),
);
const refusal = (schema: object) => {
  const made = compileContract({ type: "object", additionalProperties: false, properties: { a: schema } } as never);
  return made.ok ? "ok" : made.problem.code;
};

describe("the subjects of a task", () => {
  it("are those of marked fields, of lists and of branches too, and those that the request names, each once", () => {
    const input = { customer: "C1", family: ["P1", null, "P2"], order: { of: "C2" }, text: "C3" };
    expect(value(subjectsOf(contract, input, ["customer:C1", "user:U1"]))).toEqual([
      "customer:C1",
      "customer:C2",
      "person:P1",
      "person:P2",
      "user:U1",
    ]);
    expect(value(subjectsOf(contract, { text: "C3" }, []))).toEqual([]);
  });

  it("are bounded, and have ids that can be named in a path", () => {
    const many = Array.from({ length: LIMITS.taskSubjects + 1 }, (_, i) => `P${i}`);
    expect(subjectsOf(contract, { family: many }, [])).toMatchObject({ problem: { code: "contract-violation" } });
    expect(subjectsOf(contract, { customer: "a b/c" }, [])).toMatchObject({ problem: { code: "contract-violation" } });
  });

  it("are marked on strings, with a kind", () => {
    expect(refusal({ type: "integer", "x-subject-id": "customer" })).toBe("invalid-contract");
    expect(refusal({ type: "string", "x-subject-id": true })).toBe("invalid-contract");
    expect(refusal({ type: ["string", "null"], "x-subject-id": "customer" })).toBe("ok");
  });
});
