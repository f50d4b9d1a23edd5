/** Exit codes. They are part of the interface: scripts depend on them. */
import type { Problem } from "../shared/problems.ts";

export const EXIT = {
  ok: 0,
  /** The answer is a problem; its code and detail are printed. */
  problem: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** A verification ran and did not hold. */
  verification: 3,
  /** The server, or a Worker that it needs, did not answer. */
  unreachable: 4,
} as const;
export type Exit = (typeof EXIT)[keyof typeof EXIT];

export const exitOf = ({ code }: Problem): Exit => (code === "not-running" ? EXIT.unreachable : EXIT.problem);

/** A command line that cannot be carried out as it stands. */
export class UsageError extends Error {}
