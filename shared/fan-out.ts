/** What becomes of a fan-out when elements of it fail, and which skipped steps fail nothing: the executor acts by it, verifiers check it. */
import type { FanOutElement, LeftOut } from "./playbook-derive.ts";

/** Steps that end so are left out, and nothing that stands after them is held up. */
const LEFT_OUT = { condition: true, "no-element": true, reference: true } as const satisfies Record<LeftOut, true>;
export const isLeftOut = (why: string): boolean => Object.hasOwn(LEFT_OUT, why);

/**
 * How many elements of a fan-out failed: an element is one failure, however many of its steps failed.
 * @param failed the fan-outs of all steps that ended without success
 */
export const failedElements = (
  { of }: Pick<FanOutElement, "of">,
  failed: readonly (Pick<FanOutElement, "of" | "index"> | null | undefined)[],
): number => new Set(failed.flatMap((one) => (one?.of === of ? [one.index] : []))).size;
