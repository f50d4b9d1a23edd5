import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Available,
  ALL_AVAILABLE,
  ANSWERS,
  compilePolicy,
  type Decision,
  evaluatePolicy,
  explainDecision,
  type Facts,
  type Policy,
  type Rule,
} from "../../shared/policy/index.ts";
import { ROLES } from "../../shared/capability.ts";
import { capabilitiesOf } from "../../shared/policy/about.ts";
import { compileExpression } from "../../shared/policy/expression.ts";
import { lintPolicy } from "../../shared/policy/lint.ts";
import { codeOf, declarations, declare, facts, INPUT, object, SHOP, value } from "../support/release.ts";

const PLANNING: Available = { args: true, preview: false, results: false };
const rule = (id: string, when: string, then: "deny" | "notify" | "allow" = "allow"): Rule => ({ id, when, then });
const review = (id: string, when: string, role = "lead", quorum = 1): Rule => ({
  id,
  when,
  then: "review",
  reviewers: { role, quorum },
});
/** What rules answer, without the guard of roles (role-guard.test.ts). */
const policy = (...rules: Rule[]): Policy => ({
  default: "deny",
  rules,
  unguarded: [{ id: "all-roles", when: "true", roles: [...ROLES] }],
});
const decide = (rules: readonly Rule[], overrides: Partial<Facts> = {}, available = ALL_AVAILABLE): Decision =>
  evaluatePolicy(value(compilePolicy(policy(...rules), SHOP)), facts(overrides), { available });
const holds = (when: string, overrides: Partial<Facts> = {}) => {
  const decision = decide([rule("asked", when)], overrides);
  return decision.errors[0]?.message ?? decision.answer === "allow";
};

describe("a decision", () => {
  it("is the default where no rule matches", () => {
    expect(decide([])).toEqual({
      answer: "deny",
      final: true,
      rules: [],
      reviews: [],
      errors: [],
      deferred: [],
      byDefault: true,
    });
  });

  it("can be a review by default, with its reviewers", () => {
    const compiled = value(
      compilePolicy({ default: "review", defaultReviewers: { role: "lead", quorum: 2 }, rules: [] }, SHOP),
    );
    expect(evaluatePolicy(compiled, facts(), { available: ALL_AVAILABLE })).toMatchObject({
      answer: "review",
      byDefault: true,
      reviews: [{ rule: "default", role: "lead", quorum: 2 }],
    });
  });

  it("is the strongest of all answers, and lists the rules that gave it", () => {
    const all = [
      rule("a", "true"),
      rule("n", "true", "notify"),
      review("r2", "true"),
      review("r1", "true", "boss", 2),
      rule("d", "false", "deny"),
    ];
    expect(decide(all)).toMatchObject({
      answer: "review",
      rules: [
        { id: "r1", then: "review" },
        { id: "r2", then: "review" },
      ],
      reviews: [
        { rule: "r1", role: "boss", quorum: 2 },
        { rule: "r2", role: "lead", quorum: 1 },
      ],
      byDefault: false,
    });
    expect(decide([...all, rule("no", "true", "deny")])).toMatchObject({
      answer: "deny",
      rules: [{ id: "no", then: "deny" }],
    });
  });

  it.each([
    "1 / (args.amountCents - 4000) > 0",
    "args.nothing == 1",
    "args.orderId > 5",
    '"yes"',
    "args.orderId",
    "size(args)",
  ])("is deny where a rule fails: %s", (when) => {
    expect(decide([rule("good", "true"), rule("broken", when)])).toMatchObject({
      answer: "deny",
      final: true,
      rules: [{ id: "broken", then: "deny" }],
      errors: [{ rule: "broken" }],
    });
  });

  it("repeats no value of the facts in an error", () => {
    const decision = decide([rule("broken", "args[args.orderId] == 1"), rule("time", "timestamp(args.orderId) < now")]);
    expect(decision.errors).toHaveLength(2);
    expect(JSON.stringify(decision.errors)).not.toMatch(/1234567/);
  });

  it("is deny for a capability that the release does not have", () => {
    expect(decide([rule("all", "true")], { capability: "other" })).toMatchObject({ answer: "deny", final: true });
  });
});

describe("facts that are not there yet", () => {
  it("defer a rule that depends on them", () => {
    const decision = decide([rule("small", "preview.balanceCents > 5")], {}, PLANNING);
    expect(decision).toMatchObject({ answer: "deny", byDefault: true, final: false, deferred: ["small"] });
  });

  it("do not defer a rule that is decided without them", () => {
    const rules = [
      rule("other", 'capability.risk == "low" && preview.balanceCents > 5'),
      rule("either", "preview.balanceCents > 5 || true", "notify"),
    ];
    expect(decide(rules, {}, PLANNING)).toMatchObject({ answer: "notify", final: true, deferred: [] });
  });

  it("leave a denial final, since nothing is stronger", () => {
    const rules = [rule("no", "true", "deny"), rule("later", "results.x.y == 1", "deny")];
    expect(decide(rules, {}, PLANNING)).toMatchObject({ answer: "deny", final: true, deferred: ["later"] });
  });

  it("leave an allow open, since a deferred rule may still fail and deny", () => {
    expect(decide([rule("yes", "true"), rule("later", "has(results.x)")], {}, PLANNING)).toMatchObject({
      answer: "allow",
      final: false,
    });
  });

  it("include the arguments while one is a reference, and the tags that are made of them", () => {
    const none: Available = { args: false, preview: false, results: false };
    const rules = [
      rule("amount", "args.amountCents > 5"),
      rule("tagged", '"money" in capability.tags'),
      rule("risky", 'capability.risk == "high"', "notify"),
    ];
    expect(decide(rules, {}, none)).toMatchObject({ answer: "notify", deferred: ["amount", "tagged"] });
  });

  it("are asked inside loops too", () => {
    expect(decide([rule("class", 'premises.weakest == "same-transaction"')], {}, PLANNING).deferred).toEqual(["class"]);
    expect(decide([rule("loop", "[1, 2].all(i, i < preview.balanceCents)")], {}, PLANNING).deferred).toEqual(["loop"]);
  });
});

describe("what rules see", () => {
  it.each<[string, Partial<Facts>?]>([
    ['intent.automation == "refunds" && intent.region == "eu" && intent.purpose == "service"'],
    ['intent.input.request.contains("#W1234567") && !has(intent.input.orderId)'],
    ["task.round == 1 && task.round + 1 == 2"],
    ['principal.key == "k1" && principal.role == "app" && principal.member == "ann" && principal.person'],
    ['agent.id == "helper" && agent.planner == "agent"'],
    [
      'capability.name == "billing.refund" && capability.version == "1.0.0" && capability.effect == "write" && !capability.reversible',
    ],
    ['capability.delivery == "exactly-once" && capability.risk in ["medium", "high"]'],
    ['capability.tags == ["order:#W1234567", "money"] && capability.tags.exists(tag, tag.startsWith("order:"))'],
    ["args.amountCents == 4000 && args.amountCents + 1 == 4001 && type(args.amountCents) == int"],
    ['provenance.orderId == "principal" && provenance.amountCents == "model" && !has(provenance.to)'],
    [
      'roles.target == "principal" && roles.amount == "model" && roles.destination == "none" && roles.disclosure == "none"',
    ],
    [
      'provenance.to == "model" && roles.destination == "model"',
      { args: { orderId: "#W1234567", amountCents: 1, to: "x" } },
    ],
    ["confidence == 0.9 && claimedConfidence == -1.0"],
    ["claimedConfidence > 0.5", { claimedConfidence: 0.75 }],
    [
      'now == timestamp("2026-11-21T09:30:00Z") && now.getHours() == 9 && now - timestamp("2026-11-20T09:30:00Z") == duration("24h")',
    ],
    ["size(preview) == 0"],
    ['premises.weakest == "none" && premises.count == 0'],
    ['premises.weakest == "same-transaction"', { premises: ["same-transaction", "same-transaction"] }],
    [
      'premises.weakest == "checked-before" && premises.count == 3',
      { premises: ["same-transaction", "checked-before", "conditional-request"] },
    ],
    ['premises.weakest == "conditional-request"', { premises: ["conditional-request", "same-transaction"] }],
    ["preview.balanceCents - 1 == 41", { preview: { balanceCents: 42 } }],
    [
      "results.first.order.totalCents * 2 == 84",
      {
        results: {
          first: {
            capability: "orders.get",
            result: { order: { id: "#W1234567", status: "x", totalCents: 42 }, note: "" },
          },
        },
      },
    ],
    [
      '"amountCents" in args && size(args) == 2 && args.all(name, name != "x") && !("toString" in args) && !has(args.__proto__)',
    ],
  ])("%s", (when, overrides) => {
    expect(holds(when, overrides)).toBe(true);
  });

  it("is an int where the schema says integer, and a double where it says number, whatever the value", () => {
    const args = { orderId: "#W1234567", amountCents: 2, ratio: 2 };
    expect(
      holds("type(args.ratio) == double && args.ratio + 0.5 == 2.5 && type(args.amountCents) == int", { args }),
    ).toBe(true);
    const intent = { ...facts().intent, input: { request: "", score: 3 } };
    expect(holds("intent.input.score / 2.0 == 1.5", { intent })).toBe(true);
  });

  it("is null where the data says null, which is not absence", () => {
    const results = { x: { capability: "undeclared", result: { a: null, b: 1, c: 1.5 } } };
    expect(
      holds(
        "has(results.x.a) && results.x.a == null && !has(results.x.d) && type(results.x.b) == int && type(results.x.c) == double",
        { results },
      ),
    ).toBe(true);
  });

  it("is refused where a list is larger than a rule may see", () => {
    const results = { x: { capability: "undeclared", result: { list: Array.from({ length: 1_001 }, () => 1) } } };
    expect(holds("results.x.list.all(i, i == 1)", { results })).toBe("looks at a list or map that is too large");
  });
});

describe("publishing a policy", () => {
  it.each([
    ["does not parse", "a &&"],
    ["names what does not exist", "argument.amount > 5"],
    ["names a property of the language's objects", "constructor.name == 'x'"],
    ["calls what does not exist", "args.orderId.trim() == ''"],
    ["uses matches", 'args.orderId.matches("a")'],
    ["uses matches as a function", 'matches(args.orderId, "a")'],
    ["loops in a loop", "capability.tags.all(a, capability.tags.all(b, a == b))"],
    ["loops twice", "capability.tags.all(a, true) && capability.tags.all(b, true)"],
    ["gives a fact's name to something else", "capability.tags.all(args, args == 'x')"],
    ["makes a message", "google.protobuf.Timestamp{seconds: 1} == now"],
    ["is too long", `args.orderId == "${"x".repeat(2_000)}"`],
    ["has too many nodes", Array.from({ length: 60 }, (_, i) => `args.amountCents == ${i}`).join(" || ")],
  ])("refuses a rule that %s", (_, when) => {
    const result = compilePolicy(policy(rule("fine", "true"), rule("faulty", when)), SHOP);
    expect(codeOf(result)).toBe("policy-invalid");
    if (!result.ok && when.length <= 2_000) expect(result.problem.facts?.["rules"]).toEqual(["faulty"]);
  });

  it.each<[string, unknown]>([
    ["two rules with one id", policy(rule("a", "true"), rule("a", "false"))],
    ["a default that allows", { default: "allow", rules: [] }],
    ["a review by default without reviewers", { default: "review", rules: [] }],
    [
      "reviewers of a default that denies",
      { default: "deny", defaultReviewers: { role: "lead", quorum: 1 }, rules: [] },
    ],
    ["a review without reviewers", { default: "deny", rules: [{ id: "a", when: "true", then: "review" }] }],
    [
      "reviewers without a review",
      { default: "deny", rules: [{ id: "a", when: "true", then: "allow", reviewers: { role: "lead", quorum: 1 } }] },
    ],
    ["a quorum of none", policy(review("a", "true", "lead", 0))],
    ["a quorum of six", policy(review("a", "true", "lead", 6))],
    ["limits, which have no meaning yet", { default: "deny", rules: [], limits: [] }],
    ["an unknown answer", { default: "deny", rules: [{ id: "a", when: "true", then: "maybe" }] }],
  ])("refuses %s", (_, text) => {
    expect(codeOf(compilePolicy(text as Policy, SHOP))).toBe("policy-invalid");
  });
});

describe("the index by capability", () => {
  it.each<[string, readonly string[] | undefined]>([
    ['capability.name == "a"', ["a"]],
    ['"a" == capability.name && true', ["a"]],
    ['args.x > 1 && (args.y > 2 && capability.name in ["a", "b"])', ["a", "b"]],
    ['capability["name"] == "a"', ["a"]],
    ['capability.name == "a" || true', undefined],
    ['!(capability.name == "a")', undefined],
    ['capability.name != "a"', undefined],
    ["capability.name == args.x", undefined],
    ['capability.name in ["a", args.x]', undefined],
    ['capability.version == "a"', undefined],
    ['has(capability.name) == "a"', undefined],
    ['true ? capability.name == "a" : true', undefined],
    ['["a"].exists(capability_, capability_ == "a")', undefined],
  ])("takes %s for %j", (when, names) => {
    expect(capabilitiesOf(value(compileExpression(when, ["capability", "args"])).ast)).toEqual(names);
  });

  const names = ["a", "b", "c"];
  const world = declarations(
    INPUT,
    ...names.map((name) => declare({ name, input: object({ n: { type: "integer" } }), output: object({}), roles: {} })),
  );
  /** Expressions of every shape, among them some that fail and some whose facts are missing. */
  const expression = fc.letrec<{ expr: string }>((tie) => ({
    expr: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(
        ...names.flatMap((name) => [
          `capability.name == "${name}"`,
          `"${name}" == capability.name`,
          `capability.name != "${name}"`,
        ]),
        'capability.name in ["a", "c"]',
        "capability.name in []",
        "args.n > 1",
        "args.n == 0",
        "1 / args.n > 0",
        "args.none",
        "true",
        "false",
        "preview.x > 1",
        "results.y == 2",
        "confidence > 0.5",
        "task.round",
      ),
      fc.tuple(tie("expr"), tie("expr")).map(([a, b]) => `(${a}) && (${b})`),
      fc.tuple(tie("expr"), tie("expr")).map(([a, b]) => `(${a}) || (${b})`),
      tie("expr").map((a) => `!(${a})`),
      fc.tuple(tie("expr"), tie("expr"), tie("expr")).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
    ),
  })).expr;
  const rules = fc
    .array(fc.tuple(expression, fc.constantFrom(...ANSWERS)), { maxLength: 8 })
    .map((list) =>
      list.map(([when, then], i): Rule => (then === "review" ? review(`r${i}`, when) : rule(`r${i}`, when, then))),
    );
  const situation = fc.record({
    capability: fc.constantFrom(...names),
    n: fc.integer({ min: 0, max: 3 }),
    confidence: fc.constantFrom(0.2, 0.9),
    available: fc.record({ args: fc.boolean(), preview: fc.boolean(), results: fc.boolean() }),
  });
  type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;
  const answer = (
    list: readonly Rule[],
    { capability, n, confidence, available }: Situation,
    indexed = true,
  ): Decision =>
    evaluatePolicy(
      value(compilePolicy(policy(...list), world, { indexed })),
      facts({ capability, args: { n }, provenance: {}, confidence }),
      { available },
    );

  it("never changes a decision", () => {
    fc.assert(
      fc.property(rules, situation, (list, s) => {
        expect(answer(list, s)).toEqual(answer(list, s, false));
      }),
      { numRuns: 500 },
    );
  });

  it("keeps the order of rules without meaning", () => {
    const shuffled = rules.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, situation, ([list, other], s) => {
        expect(answer(other, s)).toEqual(answer(list, s));
      }),
    );
  });

  const strength = (decision: Decision) => ANSWERS.indexOf(decision.answer);

  it("lets one more deny make an answer stronger or leave it, never weaker", () => {
    fc.assert(
      fc.property(rules, expression, situation, (list, when, s) => {
        expect(strength(answer([...list, rule("more", when, "deny")], s))).toBeLessThanOrEqual(
          strength(answer(list, s)),
        );
      }),
    );
  });

  it("lets a rule that fails deny, whatever it would have answered", () => {
    fc.assert(
      fc.property(rules, fc.constantFrom(...ANSWERS), situation, (list, then, s) => {
        const broken = then === "review" ? review("broken", "1 / 0 == 1") : rule("broken", "1 / 0 == 1", then);
        expect(answer([...list, broken], s)).toMatchObject({ answer: "deny", final: true });
      }),
    );
  });

  it("keeps a final answer when the missing facts arrive, and every other open", () => {
    fc.assert(
      fc.property(rules, situation, (list, s) => {
        const early = answer(list, s);
        const late = answer(list, { ...s, available: ALL_AVAILABLE });
        expect(late.final && late.deferred.length === 0).toBe(true);
        if (early.final) expect(late.answer).toBe(early.answer);
      }),
    );
  });

  it("gives the same decision for the same facts every time", () => {
    fc.assert(
      fc.property(rules, situation, (list, s) => {
        expect(JSON.stringify(answer(list, s))).toBe(JSON.stringify(answer(list, s)));
      }),
    );
  });
});

describe("for people", () => {
  it("explains who must approve and what is still open", () => {
    const rules = [
      { ...review("large", "args.amountCents > 1", "lead", 2), message: "Large refunds need two people." },
      rule("later", "has(results.x)"),
    ];
    const text = explainDecision(decide(rules, {}, PLANNING), policy(...rules));
    expect(text).toContain("Waits for people, as far as is known now.");
    expect(text).toContain("Large refunds need two people.");
    expect(text).toContain("2 people with the role lead");
    expect(text).toContain("Not yet decidable: later");
  });

  it("explains a default and a rule that failed", () => {
    expect(explainDecision(decide([]), policy())).toContain("default is deny");
    const broken = [rule("broken", "1 / 0 == 1")];
    expect(explainDecision(decide(broken), policy(...broken))).toContain("broken: the rule failed (divides by zero)");
  });

  it("advises where a rule does not fit the contract, without a veto", () => {
    const rules = [
      rule("typo", 'capability.name == "billing.refund" && args.amount > 5'),
      rule("text", 'capability.name == "billing.refund" && args.orderId > 5'),
      rule("number", "args.amountCents"),
      rule("stranger", 'capability.name == "billing.refunds"'),
      rule(
        "fine",
        'capability.name == "billing.refund" && args.amountCents <= 5000 && roles.destination == "principal"',
      ),
      rule("time", 'now - timestamp("2026-01-01T00:00:00Z") > duration("1h") && preview.balanceCents > 1'),
    ];
    expect(lintPolicy(policy(...rules), SHOP).map((advice) => advice.rule)).toEqual(["typo", "text", "stranger"]);
    expect(compilePolicy(policy(...rules), SHOP).ok).toBe(true);
  });
});
