/** The local classifier: exact, the same everywhere, calibrated on what it had not seen, and strict about what stands in a release. */
import { describe, expect, it } from "vitest";
import { contracts } from "../../executors/capabilities/index.ts";
import { canonicalize } from "../../shared/canonical.ts";
import { worthOf, type Classification } from "../../shared/classifier/classification.ts";
import { labelHere, mayFollow } from "../../shared/classifier/label.ts";
import { classify, compileClassifier } from "../../shared/classifier/classify.ts";
import { exp, log, logSumExp, sigmoid, wholeRoot } from "../../shared/classifier/exact.ts";
import { chanceOf, fitPlatt } from "../../shared/classifier/platt.ts";
import { Classifier, type ClassifierSettings } from "../../shared/classifier/schema.ts";
import { trainClassifier } from "../../shared/classifier/train.ts";
import { compileContract } from "../../shared/contracts.ts";
import { decideStep } from "../../shared/facts.ts";
import type { Json } from "../../shared/json.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import { release } from "../support/manager.ts";
import { mails, seeded } from "../support/mails.ts";

const SETTINGS: ClassifierSettings = {
  fields: [
    { field: "/text", as: "text" },
    { field: "/amountCents", as: "number" },
    { field: "/channel", as: "category" },
  ],
  threshold: 0.9,
  reviewers: { role: "support-lead", quorum: 1 },
};
const ROOM = { calls: 10, tokens: 10_000, microCents: 10_000 };
const contract = compileContract({
  type: "object",
  additionalProperties: false,
  properties: {
    text: { type: "string", "x-origin": "content" },
    amountCents: { type: "integer", "x-origin": "principal" },
    channel: { type: "string", "x-origin": "principal" },
  },
} as Parameters<typeof compileContract>[0]);
if (!contract.ok) throw new Error(contract.problem.detail);
const trained = (count = 240, seed = 1) => {
  const classifier = trainClassifier(SETTINGS, mails(count, seed));
  if (!classifier.ok) throw new Error(classifier.problem.detail);
  return classifier.value;
};
const compiled = (classifier: Classifier) => compileClassifier(classifier, contract.value);
const CLASSIFIER = trained();

describe("exact arithmetic", () => {
  it("exp and log agree with the engine's to twelve digits over their range", () => {
    const chance = seeded(7);
    for (let i = 0; i < 2_000; i++) {
      const x = (chance() - 0.5) * 200;
      expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
      const y = Math.exp((chance() - 0.5) * 60);
      expect(Math.abs(log(y) - Math.log(y))).toBeLessThan(1e-12);
    }
    expect([exp(0), log(1), sigmoid(0)]).toEqual([1, 0, 0.5]);
  });

  it("never overflows, and roots are those of whole numbers", () => {
    expect(Number.isFinite(exp(1e9)) && exp(-1e9) > 0 && Number.isFinite(log(0))).toBe(true);
    expect(logSumExp([1_000, 1_000])).toBeCloseTo(1_000 + Math.LN2, 9);
    for (let n = 0; n < 5_000; n += 7) expect(wholeRoot(n)).toBe(Math.floor(Math.sqrt(n)));
  });
});

describe("Platt scaling", () => {
  it("finds the curve that made the data, and is calibrated on new ones", () => {
    const chance = seeded(11);
    const draw = () => {
      const score = (chance() - 0.3) * 8;
      return { score, right: chance() < sigmoid(0.8 * score - 0.4) };
    };
    const curve = fitPlatt(Array.from({ length: 4_000 }, draw));
    expect(Math.abs(curve.slope - 0.8)).toBeLessThan(0.08);
    expect(Math.abs(curve.intercept + 0.4)).toBeLessThan(0.12);
    const fresh = Array.from({ length: 4_000 }, draw);
    const said = fresh.reduce((sum, { score }) => sum + chanceOf(curve, score), 0);
    expect(Math.abs(said - fresh.filter(({ right }) => right).length)).toBeLessThan(100);
  });

  it("never falls, and without any error a score of zero is still no certainty", () => {
    const upsideDown = fitPlatt(Array.from({ length: 100 }, (_, i) => ({ score: i - 50, right: i < 50 })));
    expect(upsideDown.slope).toBe(0);
    const flawless = fitPlatt(Array.from({ length: 200 }, (_, i) => ({ score: 3 + i / 100, right: true })));
    expect(chanceOf(flawless, 4)).toBeGreaterThan(0.95);
    expect(chanceOf(flawless, 0)).toBeLessThan(0.75);
    expect(chanceOf(flawless, 10)).toBeLessThan(1);
  });

  it("counts an answer that stands for twenty as twenty", () => {
    const points = Array.from({ length: 60 }, (_, i) => ({ score: (i % 10) / 2, right: i % 10 > 3 || i % 7 === 0 }));
    const heavy = fitPlatt(points.map((point) => ({ ...point, weight: 3 })));
    const thrice = fitPlatt([...points, ...points, ...points]);
    expect(heavy.slope).toBeCloseTo(thrice.slope, 6);
    expect(heavy.intercept).toBeCloseTo(thrice.intercept, 6);
  });
});

describe("training", () => {
  it("gives the same bytes for the same examples, in whatever order they stand", () => {
    const examples = mails(240, 1);
    const reversed = trainClassifier(SETTINGS, examples.toReversed());
    expect(reversed.ok && canonicalize(reversed.value as unknown as Json)).toBe(
      canonicalize(CLASSIFIER as unknown as Json),
    );
    // Another figure here means that releases trained elsewhere differ: every digest of a release with a classifier would change.
    expect(sha256Hex(canonicalize(CLASSIFIER as unknown as Json))).toBe(
      "3e7cfbc01a6c9cb5ccae16845ee4b733d8f892cb56fd6eeffde87b8ac2383108",
    );
  });

  it("is right about most mails that it has not seen, and as sure as it is right", () => {
    const ready = compiled(CLASSIFIER);
    if (!ready.ok) throw new Error(ready.problem.detail);
    const fresh = mails(900, 99);
    const answers = fresh.map(({ input, label }) => {
      const { label: said, confidence } = classify(ready.value, input as Json);
      return { right: said === label, confidence };
    });
    const right = answers.filter((one) => one.right).length / answers.length;
    const said = answers.reduce((sum, { confidence }) => sum + confidence, 0) / answers.length;
    expect(right).toBeGreaterThan(0.85);
    expect(Math.abs(said - right)).toBeLessThan(0.05);
    expect(answers.every(({ confidence }) => confidence >= 0 && confidence < 1)).toBe(true);
    const { heldOut, examples } = CLASSIFIER.trained;
    expect(Math.abs(heldOut.correct / examples - right)).toBeLessThan(0.06);
    expect(heldOut.sureCorrect).toBeLessThanOrEqual(heldOut.sure);
  });

  it("is not sure enough to act on words that no example has", () => {
    const ready = compiled(CLASSIFIER);
    const nonsense = { text: "Quetzalcoatl xylophon 12345", amountCents: 5_000, channel: "mail" };
    expect(ready.ok && classify(ready.value, nonsense).confidence).toBeLessThan(SETTINGS.threshold);
  });

  it.each([
    ["one label", mails(60, 1).filter(({ label }) => label === "refund")],
    [
      "a label with four examples",
      [
        ...mails(60, 1).filter(({ label }) => label !== "other"),
        ...mails(12, 2).filter(({ label }) => label === "other"),
      ],
    ],
  ])("refuses %s", (_name, examples) => {
    const refused = trainClassifier(SETTINGS, examples);
    expect(!refused.ok && refused.problem.code).toBe("classifier-invalid");
  });
});

describe("in a release", () => {
  it("its form holds what training gives", () => {
    expect(Classifier.safeParse(CLASSIFIER).success).toBe(true);
    expect(compiled(CLASSIFIER).ok).toBe(true);
  });

  it.each<[string, (one: Classifier) => Classifier]>([
    [
      "a field that the contract does not have",
      (one) => ({ ...one, fields: [{ field: "/nothing", as: "text" }, ...one.fields.slice(1)] }),
    ],
    [
      "a text where a number stands",
      (one) => ({ ...one, fields: [{ field: "/amountCents", as: "text" }, ...one.fields.slice(1)] }),
    ],
    ["labels out of order", (one) => ({ ...one, labels: one.labels.toReversed() })],
    ["a label without weights", (one) => ({ ...one, labels: [...one.labels, "zebra"] })],
    [
      "weights in another spelling",
      (one) => ({ ...one, trained: { ...one.trained, weights: `${one.trained.weights.slice(0, -4)}AA=A` } }),
    ],
    [
      "bounds beside a text",
      (one) => ({ ...one, trained: { ...one.trained, bounds: [[1], ...one.trained.bounds.slice(1)] } }),
    ],
    ["bounds that fall", (one) => ({ ...one, trained: { ...one.trained, bounds: [[], [2, 1], []] } })],
  ])("refuses %s", (_name, change) => {
    const refused = compiled(change(CLASSIFIER));
    expect(!refused.ok && refused.problem.code).toBe("classifier-invalid");
  });

  it("a label is as trustworthy as the weakest field that it follows from", () => {
    const ready = compiled(CLASSIFIER);
    expect(ready.ok && ready.value.origin).toBe("content");
  });
});

describe("under a release", () => {
  const { compiled: made } = release(contracts, {
    input: contract.value.schema as never,
    classifier: CLASSIFIER,
    confidence: { small: { slope: 1_024, intercept: 0 } },
    model: {
      prompt: "Label it.",
      small: { name: "small-1", inputCents: 1, outputCents: 1, maxOutputTokens: 100, timeoutMs: 1_000 },
      fallback: ["small", "person"],
      budget: { run: ROOM, day: ROOM },
    },
  });
  const clear = { text: "I want a refund. money back please. refund my order", amountCents: 1, channel: "mail" };
  const vague = { text: "Quarterly numbers.", amountCents: 1, channel: "mail" };
  const local = (input: Json) => labelHere(made, input)!;
  const bySmall: Classification = {
    label: "other",
    by: "small",
    claimed: 0.97,
    confidence: worthOf({ slope: 1_024, intercept: 0 }, 0.97),
    escalated: [{ by: "local", code: "model-unsure", confidence: local(vague).confidence }],
  };

  it("a plan follows the label that the classifier gives here, or a model's where that is not sure", () => {
    expect(mayFollow(made, local(clear), clear)).toBe(true);
    expect(mayFollow(made, bySmall, vague)).toBe(true);
    expect(local(clear).confidence).toBeGreaterThanOrEqual(0.9);
    expect(local(vague).confidence).toBeLessThan(0.9);
  });

  it.each<[string, Classification | null, Json]>([
    ["no label", null, clear],
    ["another label", { ...local(clear), label: "exchange" }, clear],
    ["a greater confidence", { ...local(vague), confidence: 0.99 }, vague],
    ["a claim in the local tier's mouth", { ...local(clear), claimed: 1 }, clear],
    [
      "a model's word where the local tier is sure",
      { ...bySmall, escalated: [{ ...bySmall.escalated[0]!, confidence: local(clear).confidence }] },
      clear,
    ],
    ["a model's word without having asked here", { ...bySmall, escalated: [] }, vague],
    ["a claim that is worth less than it says", { ...bySmall, confidence: 0.999 }, vague],
    ["a label that the release does not have", { ...bySmall, label: "steal" }, vague],
    ["a model that the release does not name", { ...bySmall, by: "large", confidence: 0 }, vague],
  ])("and never follows %s", (_name, classified, input) => {
    expect(mayFollow(made, classified, input)).toBe(false);
  });

  it("a write that follows a label below the threshold waits for people, and a denial stays one", () => {
    const decide = (classified: Classification, rules = made) =>
      decideStep(
        rules,
        {
          task: "tsk",
          region: "eu",
          input: vague,
          purpose: null,
          principal: { key: "k", role: "app", member: null, sod: "not-evaluable" },
        },
        {
          round: 1,
          planner: "playbook",
          agent: "playbook",
          capability: "journal.note",
          args: { text: "x" },
          provenance: { text: "principal" },
          claimedConfidence: null,
          classified,
        },
        { args: true, preview: true, results: true },
        1_700_000_000_000,
      );
    expect(decide(local(vague))).toMatchObject({ answer: "review", rules: ["classifier-unsure"] });
    expect(decide({ ...local(vague), confidence: 0.9 })).toMatchObject({ answer: "allow" });
  });
});
