/**
 * Contracts of this folder: what is the same for every read and every write over the regional database stands here once.
 */
import type { CapabilityContract } from "../../shared/capability.ts";

type Own = Pick<CapabilityContract, "name" | "summary" | "input" | "output" | "roles" | "tags">;

export const readContract = (
  own: Own & { readonly risk?: "low" | "medium" },
): CapabilityContract & { effect: "read" } => ({
  version: "1.0.0",
  risk: "low",
  effect: "read",
  reversible: true,
  delivery: "exactly-once",
  ...own,
});

export const writeContract = (
  own: Own &
    Pick<CapabilityContract, "risk" | "reversible"> & {
      readonly preview: CapabilityContract["input"];
      readonly observe?: CapabilityContract["input"];
      readonly effectKey?: string;
      readonly undo?: CapabilityContract["undo"];
    },
): CapabilityContract & { effect: "write" } => ({
  version: "1.0.0",
  effect: "write",
  delivery: "exactly-once",
  ...own,
});
