/**
 * Policy expressions against the CEL conformance cases that need no protobuf and no extension library: what is answered is right,
 * and what is not answered is refused. A refusal denies, or keeps the policy from being published; a wrong answer would allow.
 */
import { type CelInput, celUint, isCelList, isCelMap, isCelType, isCelUint } from "@bufbuild/cel";
import { describe, expect, it } from "vitest";
import { type CelError, type CelValue, compileExpression, isCelError } from "../../shared/policy/expression.ts";
import { hasData, readJson } from "./data.ts";

type Value = { readonly t: string; readonly v: unknown };
type Case = {
  readonly file: string;
  readonly section: string;
  readonly name: string;
  readonly expr: string;
  readonly plain: boolean;
  readonly core: boolean;
  readonly bindings?: Readonly<Record<string, Value>>;
  readonly expect: { readonly kind: "value"; readonly value: Value } | { readonly kind: "error" };
};

/** Valid CEL that is refused, by reason, with the number of cases: a change here is a change of the language that policies speak. */
const REFUSED = [
  // The evaluator has no macros over two variables.
  {
    says: /^calls (?:all|exists|existsOne|transformList|transformMap), which does not exist/,
    cases: 38,
  },
  // `unknown() || true` is true in CEL; a rule with a misspelt function must not be published.
  { says: /^calls \w+, which does not exist/, cases: 18 },
  // The same for names.
  { says: /^mentions \w+, which does not exist/, cases: 1 },
  // The parser does not know field names in backticks.
  { says: /^does not parse/, cases: 6 },
  // The evaluator takes 0, 0u and a computed 0 for different keys and would answer where an error is due.
  { says: /^has a map literal whose keys are not string, int or bool constants/, cases: 10 },
  // Two nested loops cost the product of their lists.
  { says: /^has more than 1 loop/, cases: 2 },
  // Regular expressions cost more than a bound on nodes can hold.
  { says: /^uses matches/, cases: 9 },
];

const cases = hasData
  ? readJson<{ tests: Case[] }>("vectors/cel/cel_conformance.json").tests.filter((test) => test.plain && test.core)
  : [];

function toInput({ t, v }: Value): CelInput {
  switch (t) {
    case "int":
      return BigInt(v as string);
    case "uint":
      return celUint(BigInt(v as string));
    case "bytes":
      return Uint8Array.from(Buffer.from(v as string, "base64"));
    case "list":
      return (v as Value[]).map(toInput);
    case "map":
      return new Map((v as [Value, Value][]).map(([key, value]) => [toInput(key) as string, toInput(value)]));
    case "duration":
      return evaluate(`duration("${String(v)}")`, {}) as CelInput;
    default:
      return v as CelInput;
  }
}

/** One text per CEL value; the vectors' JSON cannot tell -0.0 from 0.0, which CEL holds equal. */
function show(value: CelValue): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return `int ${value}`;
  if (typeof value === "number") return `double ${value === 0 ? 0 : value}`;
  if (typeof value !== "object") return `${typeof value} ${JSON.stringify(value)}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("base64")}`;
  if (isCelUint(value)) return `uint ${value.value}`;
  if (isCelList(value)) return `[${Array.from(value, show).join()}]`;
  if (isCelMap(value))
    return `{${Array.from(value, ([key, part]) => `${show(key)}: ${show(part)}`)
      .toSorted()
      .join()}}`;
  return isCelType(value) ? `type ${value.name}` : `other ${String(value)}`;
}

function showExpected({ t, v }: Value): string {
  if (t === "list") return `[${(v as Value[]).map(showExpected).join()}]`;
  if (t === "map")
    return `{${(v as [Value, Value][])
      .map(([key, part]) => `${showExpected(key)}: ${showExpected(part)}`)
      .toSorted()
      .join()}}`;
  if (t === "null") return "null";
  if (t === "double") return `double ${Number(v) === 0 ? 0 : Number(v)}`;
  if (t === "string") return `string ${JSON.stringify(v)}`;
  return t === "bool" ? `boolean ${String(v)}` : `${t} ${String(v)}`;
}

function evaluate(
  source: string,
  bindings: Readonly<Record<string, Value>>,
): CelValue | CelError | { readonly refused: string } {
  const names = Object.keys(bindings);
  const roots = [...new Set([...names, ...names.map((name) => name.split(".")[0]!)])];
  const compiled = compileExpression(source, roots);
  if (!compiled.ok) return { refused: compiled.problem.detail };
  return compiled.value.evaluate(Object.fromEntries(names.map((name) => [name, toInput(bindings[name]!)])));
}

const isRefusal = (answer: unknown): answer is { readonly refused: string } =>
  typeof answer === "object" && answer !== null && "refused" in answer;

const whyRefused = (answer: CelError | { readonly refused: string }): string =>
  isRefusal(answer) ? answer.refused.replace(/^The expression /, "") : `evaluates to an error: ${answer.message}`;

describe.skipIf(!hasData)("CEL conformance", () => {
  const wrong: string[] = [];
  const refused: string[] = [];
  let right = 0;
  for (const test of cases) {
    const answer = evaluate(test.expr, test.bindings ?? {});
    const failed = isRefusal(answer) || isCelError(answer);
    const name = `${test.file}/${test.section}/${test.name}: ${test.expr}`;
    if (test.expect.kind === "error") {
      if (failed) right++;
      else wrong.push(`${name} gave ${show(answer as CelValue)}, not an error`);
    } else if (failed) refused.push(`${whyRefused(answer)} (${name})`);
    else if (show(answer as CelValue) === showExpected(test.expect.value)) right++;
    else wrong.push(`${name} gave ${show(answer as CelValue)}, not ${showExpected(test.expect.value)}`);
  }

  it("gives no wrong answer", () => {
    expect(cases.length).toBeGreaterThan(1_000);
    expect(wrong).toEqual([]);
  });

  it("refuses exactly what is listed", () => {
    console.log(`CEL: ${right} of ${cases.length} right, ${cases.length - right} refused, ${wrong.length} wrong`);
    const groupOf = (why: string) => REFUSED.find(({ says }) => says.test(why));
    expect(refused.filter((why) => groupOf(why) === undefined)).toEqual([]);
    const counted = REFUSED.map((group) => ({
      ...group,
      cases: refused.filter((why) => groupOf(why) === group).length,
    }));
    expect(counted).toEqual(REFUSED);
  });
});
