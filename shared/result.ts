/**
 * Results as values: an expected failure is returned, never thrown, so that every caller sees it in the type.
 * The same shape crosses Worker RPC unchanged.
 */
import type { Problem } from "./problems.ts";

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly problem: E };

/** Either a value or the problem that kept it from being made. */
export type Result<T, E = Problem> = Ok<T> | Err<E>;

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });
export const err = <E>(problem: E): Err<E> => ({ ok: false, problem });

/** Marks code that a correct program never reaches; closes every switch over a union. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
