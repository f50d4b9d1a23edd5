/**
 * The scale of provenance. It stands alone because policy compares by it and provenance computes on it.
 */

/** From most to least trusted: the release's author, whoever asks, a trusted record read for them, some document, a model. */
export const PROVENANCE = ["release", "principal", "record", "content", "model"] as const;
export type Provenance = (typeof PROVENANCE)[number];

const rank = (provenance: Provenance): number => PROVENANCE.indexOf(provenance);

/** The weakest of several. Of none it is `release`: nothing there came from anybody else. */
export const weakest = (all: readonly Provenance[]): Provenance =>
  all.reduce((a, b) => (rank(b) > rank(a) ? b : a), "release");

export const atLeast = (provenance: Provenance, floor: Provenance): boolean => rank(provenance) <= rank(floor);
