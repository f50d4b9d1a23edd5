/** The test: 300 documents whose suppliers, words, layouts and seed are not those of the examples, through the product and through the baseline. */
import type { Classification } from "../../shared/classifier/classification.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import { baseline, baselineRoute } from "./baseline.ts";
import { Desk, invoiceRelease } from "./desk.ts";
import { documentsOf, type Document, type Kind, type Lot } from "./documents.ts";
import type { Answer } from "./figures.ts";
import type { Which } from "./words.ts";
import { OWN, worldOf, type World } from "./world.ts";

export const TEST = { which: "b", seed: 20_261_121, suppliers: 35, count: 300 } as const;

export type Trial = { readonly world: World; readonly lot: Lot };
export function trialOf({
  which,
  seed,
  suppliers,
  count,
}: {
  which: Which;
  seed: number;
  suppliers: number;
  count: number;
}): Trial {
  const world = worldOf(seed, suppliers, 10);
  return { world, lot: documentsOf(world, which, count, seed + 1) };
}

export async function productAnswers(
  { world, lot }: Trial,
  release: CompiledRelease = invoiceRelease(),
): Promise<Answer[]> {
  const desk = new Desk(release, world, lot);
  const answers: Answer[] = [];
  for (const document of lot.documents) {
    const { classified, route, rules } = await desk.triage(document);
    answers.push({ ...answerOf(document, classified), route, rules });
  }
  return answers;
}

export const answerOf = (
  document: Document,
  { label, fields, confidence }: Classification,
): Omit<Answer, "route" | "rules"> => ({
  document,
  kind: label as Kind,
  fields: fields!,
  confidence,
});

export function baselineAnswers({ world, lot }: Trial): Answer[] {
  const taken = new Set(lot.booked.map(({ supplierId, number }) => `${supplierId} ${number}`));
  const billed = new Map<string, number>();
  return lot.documents.map((document) => {
    const { kind, fields } = baseline(document.text, [OWN.vatId]);
    const route = baselineRoute(kind, fields, world, taken, billed);
    return { document, kind, fields, route, confidence: null, rules: [] };
  });
}
