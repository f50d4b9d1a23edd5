/** Below these the check fails. They stand under what is measured, and over the baseline where it says anything. */
import type { Figures } from "./figures.ts";

const FLOORS: readonly (readonly [name: string, of: (figures: Figures) => number, least: number])[] = [
  ["kind", (f) => f.kind.share, 0.92],
  ["every field that decides", (f) => f.reading.share, 0.9],
  ["routing", (f) => f.routing.share, 0.76],
  ["decided without a person", (f) => f.alone.share, 0.36],
];
/** At most: of what was decided without a person, wrong; and what confidence is off by on average. */
const MOST = { wrongAlone: 0.03, calibration: 0.1 };

export function unmet(product: Figures, baseline: Figures): string[] {
  const low = FLOORS.flatMap(([name, of, least]) => [
    ...(of(product) < least ? [`${name}: ${of(product).toFixed(3)} is under ${least}`] : []),
    ...(of(product) <= of(baseline) ? [`${name}: regular expressions do as well`] : []),
  ]);
  return [
    ...low,
    ...(product.wrongAlone.share > MOST.wrongAlone
      ? [`wrong without a person: ${product.wrongAlone.share.toFixed(3)}`]
      : []),
    ...((product.calibration?.error ?? 1) > MOST.calibration
      ? [`confidence is off by ${product.calibration?.error}`]
      : []),
  ];
}
