/** Every example of docs/policy.md is run: what the page promises is what the engine does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ALL_AVAILABLE, compilePolicy, evaluatePolicy, type Facts, type Policy } from "../../shared/policy/index.ts";
import { ROOTS } from "../../shared/policy/facts.ts";
import { facts, SHOP, value } from "../support/release.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/policy.md"), "utf8");
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}));
const lines = (language: string, pattern: RegExp) =>
  blocks
    .filter((block) => block.language === language)
    .flatMap(({ text }) =>
      text.split("\n").flatMap((line) => [pattern.exec(line)?.slice(1) ?? []].filter((m) => m.length > 0)),
    );

/** The world of the page: Ann's refund of 40.00. */
const ann = facts({ intent: { ...facts().intent, input: { request: "Refund #W1234567, please" } } });
const decide = (policy: Policy, overrides: Partial<Facts>) =>
  evaluatePolicy(value(compilePolicy(policy, SHOP)), { ...ann, ...overrides }, { available: ALL_AVAILABLE });

describe("docs/policy.md", () => {
  const expressions = lines("cel", /^(.*?)\s*\/\/ (.*)$/);

  it.each(expressions.map(([source, answer]) => ({ source: source!, answer: answer! })))(
    "$source is $answer",
    ({ source, answer }) => {
      const unguarded = [{ id: "amounts", when: "true", roles: ["amount" as const] }];
      const policy: Policy = { default: "deny", rules: [{ id: "example", when: source, then: "allow" }], unguarded };
      if (answer === "refused") return expect(compilePolicy(policy, SHOP).ok).toBe(false);
      const decision = decide(policy, {});
      const failure = decision.errors[0]?.message;
      expect(failure === undefined ? String(decision.answer === "allow") : `error: ${failure}`).toBe(answer);
    },
  );

  const policies = blocks.filter((block) => block.language === "yaml");
  const cases = policies.flatMap(({ text }, i) =>
    [...text.matchAll(/^# (\{.*\}): (\w+)$/gm)].map(([, situation, answer]) => ({
      policy: i + 1,
      situation: situation!,
      answer: answer!,
      text,
    })),
  );

  it.each(cases)("policy $policy answers $answer to $situation", ({ text, situation, answer }) => {
    expect(decide(parse(text) as Policy, JSON.parse(situation) as Partial<Facts>).answer).toBe(answer);
  });

  it("leaves no block without a test, and no fact without a line", () => {
    expect(blocks.every(({ language }) => language === "cel" || language === "yaml")).toBe(true);
    expect(expressions.length).toBe(
      blocks
        .filter((block) => block.language === "cel")
        .reduce((sum, { text }) => sum + text.trim().split("\n").length, 0),
    );
    expect(new Set(cases.map((one) => one.policy)).size).toBe(policies.length);
    expect(ROOTS.filter((root) => !page.includes(`| \`${root}\` |`))).toEqual([]);
  });
});
