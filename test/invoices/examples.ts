/**
 * The labelled examples that the classifier of `invoice-triage` is trained from: `node test/invoices/examples.ts` writes them. Their suppliers, words,
 * layouts and seed are not those of the test.
 */
import { writeFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/project.ts";
import { documentsOf } from "./documents.ts";
import { worldOf } from "./world.ts";

export const EXAMPLES = { seed: 1_101, suppliers: 21, count: 320 } as const;

export function exampleLines(): string {
  const world = worldOf(EXAMPLES.seed, EXAMPLES.suppliers, 16);
  const { documents } = documentsOf(world, "a", EXAMPLES.count, EXAMPLES.seed + 1);
  return documents
    .map(({ text, kind, fields, order }) => {
      const isInvoice = kind === "goods-invoice" || kind === "service-invoice";
      return `${JSON.stringify({ input: { text }, label: kind, ...(isInvoice ? { fields } : {}), group: order.supplier.id })}\n`;
    })
    .join("");
}

export const EXAMPLES_FILE = inRoot("automations", "invoice-triage", "examples.jsonl");
if (import.meta.main) writeFileSync(EXAMPLES_FILE, exampleLines());
