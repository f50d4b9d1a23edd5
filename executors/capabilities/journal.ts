/**
 * A step that only journals: its whole effect is the record that it happened, in the executor's own storage. For examples and measurements.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import { ok } from "../../shared/result.ts";
import type { Capability } from "../adapters/types.ts";
import { object, oneOf, text } from "./schemas.ts";

const contract: CapabilityContract = {
  name: "journal.note",
  version: "1.0.0",
  summary: "Writes a note into the executor's journal, and nothing else.",
  input: object({ text: text(500) }),
  output: object({ noted: oneOf(true) }),
  risk: "low",
  effect: "write",
  reversible: false,
  delivery: "resident",
  roles: {},
  tags: [],
};

export const note: Capability = { contract, kind: "resident", prepare: null, apply: () => ok({ noted: true }) };
