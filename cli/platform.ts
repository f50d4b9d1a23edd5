/** What the command line needs from the machine. Tests give another one. */
import type { Fetch } from "../shared/client.ts";

export type Platform = {
  readonly fetch: Fetch;
  readonly env: { readonly [name: string]: string | undefined };
  /** Where relative paths start. */
  readonly folder: string;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly pause: (ms: number) => Promise<void>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `out` is a terminal: colours. */
  readonly isTerminal: boolean;
  /** Whether a person sits there and can be asked. */
  readonly isInteractive: boolean;
  readonly ask: (question: string) => Promise<string>;
  readonly readInput: () => Promise<string>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};
