/**
 * `npm run invoices`: 300 documents whose suppliers, words, layouts and seed are not those of the examples, through the product and through regular
 * expressions; accuracy, what is decided without a person, and how far confidence is off. Fails where a figure is under its floor.
 */
import { invoiceRelease } from "./desk.ts";
import { figuresOf } from "./figures.ts";
import { unmet } from "./floors.ts";
import { baselineAnswers, productAnswers, TEST, trialOf } from "./run.ts";
import { tableOf } from "./table.ts";
import { VOCABULARY } from "./words.ts";

const seed = Number(process.argv[2] ?? TEST.seed);
const started = Date.now();
const release = invoiceRelease();
const { trained } = release.classifier!.classifier;
const trial = trialOf({ ...TEST, seed });
const product = figuresOf(await productAnswers(trial, release));
const baseline = figuresOf(baselineAnswers(trial));

console.log(
  `# invoice triage: ${product.documents} documents, seed ${seed}; trained from ${trained.examples} examples with other layouts\n`,
);
console.log(`${known()}\n`);
console.log(tableOf(product, baseline));
const other = trialOf({ ...TEST, seed: seed + 1, which: "c", count: 150 });
const strange = figuresOf(await productAnswers(other, release));
console.log("\n# 150 documents in two layouts that the product was never changed for\n");
console.log(tableOf(strange, figuresOf(baselineAnswers(other))));
console.log(`\n${((Date.now() - started) / 1_000).toFixed(1)} s`);
for (const line of unmet(product, baseline)) {
  console.log(`FAILED  ${line}`);
  process.exitCode = 1;
}

/** How much of what the test's documents say the examples say too; but for case and signs. */
function known(): string {
  const phrases = (which: "a" | "b") =>
    Object.values(VOCABULARY[which]).flatMap((words) =>
      (Object.values(words).flat(2) as string[]).map((phrase) =>
        phrase
          .toLowerCase()
          .replace(/[^\p{L}]+/gu, " ")
          .trim(),
      ),
    );
  const examples = new Set(phrases("a"));
  const own = phrases("b");
  return `${own.filter((phrase) => examples.has(phrase)).length} of ${own.length} phrases of the test stand in the examples too; no layout does`;
}
