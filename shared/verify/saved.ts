/**
 * How far a verification has come: what it knows after the last entry of a record that verified, so that a later one goes on from there.
 * It says nothing by itself: whoever resumes compares the root at `size` with the log's own past (the check `history`).
 *
 * Each class that keeps something in mind has `save` and `restore` beside its fields.
 *
 * The form is this program's own and changes with it: a state of another version is worth nothing, and everything is verified again.
 */
import { fromBase64, toBase64 } from "../bytes.ts";
import type { TreeHead } from "../tlog/verify-log.ts";
import type { CheckName } from "./checks.ts";

/** To be raised with every change of what a verification keeps in mind or checks. */
export const SAVED_VERSION = 2;

export type SavedRun = TreeHead & {
  readonly counted: readonly (readonly [check: CheckName, verified: number])[];
  readonly chains: readonly (readonly [executor: string, state: unknown])[];
  readonly states: readonly (readonly [executor: string, state: unknown])[];
  readonly tasks: unknown;
  readonly epochs: unknown;
};

const MAP = "$$map";
const SET = "$$set";
const BYTES = "$$bytes";

/** Maps, sets, bytes and plain values as JSON. */
export function pack(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map) return { [MAP]: [...part] };
    if (part instanceof Set) return { [SET]: [...part] };
    if (part instanceof Uint8Array) return { [BYTES]: toBase64(part) };
    return part;
  });
}

export const unpack = (text: string): unknown =>
  JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== "object" || part === null) return part;
    if (MAP in part) return new Map(part[MAP] as [unknown, unknown][]);
    if (SET in part) return new Set(part[SET] as unknown[]);
    if (BYTES in part) return fromBase64(part[BYTES] as string);
    return part;
  });

/** Puts the members of one collection into another of the same kind. */
export function refill<K, V>(into: Map<K, V>, from: ReadonlyMap<K, V>): void {
  for (const [key, value] of from) into.set(key, value);
}
export function refillSet<V>(into: Set<V>, from: ReadonlySet<V>): void {
  for (const value of from) into.add(value);
}
