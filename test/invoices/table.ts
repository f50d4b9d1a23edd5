/** The figures as text. */
import type { Share } from "../../shared/calibration/intervals.ts";
import type { Figures } from "./figures.ts";

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
const shown = ({ share, low, high }: Share): string =>
  `${percent(share).padStart(7)}  (${percent(low)} to ${percent(high)})`;

export function tableOf(product: Figures, baseline: Figures): string {
  const row = (name: string, of: (figures: Figures) => Share) =>
    `${name.padEnd(34)} ${shown(of(product)).padEnd(30)} ${shown(of(baseline))}`;
  const bins = (product.calibration?.bins ?? []).map(
    ({ from, to, answers, said, share, low, high }) =>
      `  ${from.toFixed(1)} to ${to.toFixed(1)}   ${String(answers).padStart(4)}   said ${percent(said).padStart(7)}   right ${percent(share).padStart(7)}  (${percent(low)} to ${percent(high)})`,
  );
  return [
    `${"".padEnd(34)} ${"countersign".padEnd(30)} regular expressions`,
    row("kind", (f) => f.kind),
    row("an invoice to book or not", (f) => f.invoiceOrNot),
    ...Object.keys(product.fields).map((name) => row(`  ${name}`, (f) => f.fields[name]!)),
    row("every field that decides", (f) => f.reading),
    row("routing", (f) => f.routing),
    row("decided without a person", (f) => f.alone),
    row("  of those wrong", (f) => f.wrongAlone),
    row("of what needs no person, let through", (f) => f.letThrough),
    `${"booked wrongly".padEnd(34)} ${String(product.wronglyBooked).padEnd(30)} ${baseline.wronglyBooked}`,
    "",
    `confidence: off by ${percent(product.calibration?.error ?? 0)} on average`,
    ...bins,
  ].join("\n");
}
