/** Quality gates: what an input must be, beyond its contract, before anything is planned or asked of a model. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { Reviewers } from "../policy/schema.ts";

export const GateId = z.string().regex(/^[a-z][a-z0-9-]{0,49}$/);
/** JSON pointer to a declared field of the input. */
const Pointer = z.string().startsWith("/").max(200);

const gate = {
  id: GateId,
  /** Present and not empty: no null, no blank text, no empty list. */
  complete: z.array(Pointer).min(1).max(20).optional(),
  /** A number within bounds; a field that is not there passes. */
  range: z
    .strictObject({ field: Pointer, minimum: z.number().optional(), maximum: z.number().optional() })
    .refine(({ minimum, maximum }) => minimum !== undefined || maximum !== undefined, { error: "needs a bound" })
    .optional(),
  /**
   * A number that is no further than `deviations` standard deviations from what came in lately, once `after` inputs have; a field that is not
   * there passes. What came in is stored, so the intent-manager alone asks it, once, and tells the executor what it found.
   */
  anomaly: z
    .strictObject({
      field: Pointer,
      deviations: z.number().min(1).max(100),
      after: z.int().min(10).max(LIMITS.baselineWindow),
      window: z.int().min(10).max(LIMITS.baselineWindow).optional(),
    })
    .optional(),
  /** CEL over `input` and `features`; anything but true fails. */
  check: z.string().min(1).max(LIMITS.celChars).optional(),
  /** For whoever sent the input, and for reviewers. */
  message: z.string().min(1).max(500).optional(),
};

type Tests = { complete?: unknown; range?: unknown; check?: unknown; anomaly?: unknown };
const hasOneTest = ({ complete, range, check, anomaly }: Tests): boolean =>
  [complete, range, check, anomaly].filter((test) => test !== undefined).length === 1;

/** `reviewers` stands exactly where a failing gate asks for people. */
export const Gate = z
  .discriminatedUnion("onFail", [
    z.strictObject({ ...gate, onFail: z.literal("refuse") }),
    z.strictObject({ ...gate, onFail: z.literal("review"), reviewers: Reviewers }),
  ])
  .refine(hasOneTest, { error: "exactly one of complete, range, check and anomaly" });
export type Gate = z.infer<typeof Gate>;

export const Gates = z.array(Gate).min(1).max(LIMITS.gates);
export type Gates = z.infer<typeof Gates>;
