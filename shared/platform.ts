/**
 * What a plain class needs from its runtime. It is passed in, so that the same code runs on Workers and, under a clock, a chance and faults
 * of a test's own, anywhere else. Types and what follows from them: nothing here reaches for a clock.
 */
export type Platform = {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Runs `fire` once after `ms`; the answer calls it off. Memory only: what must survive a restart stands in a table. */
  readonly setTimer: (ms: number, fire: () => void) => () => void;
  /** One line for whoever operates this; no values of tasks. */
  readonly log: (message: string, fields: { readonly [name: string]: string | number | null }) => void;
};

/** The part of an object's storage that is used. */
export type ObjectStorage = Pick<
  DurableObjectStorage,
  "sql" | "transactionSync" | "sync" | "getAlarm" | "setAlarm" | "deleteAlarm"
>;

/** The runtime's own pause, without a way to end it early. */
export const pauseOn =
  ({ setTimer }: Pick<Platform, "setTimer">) =>
  (ms: number): Promise<void> =>
    new Promise((resolve) => void setTimer(ms, resolve));

/** The answer of `run`, or `late()` where it takes longer than `ms` or throws. */
export async function within<T>(
  { setTimer }: Pick<Platform, "setTimer">,
  ms: number,
  run: () => Promise<T>,
  late: () => T,
): Promise<T> {
  let cancel = (): void => {};
  const timeout = new Promise<T>((resolve) => (cancel = setTimer(ms, () => resolve(late()))));
  try {
    return await Promise.race([run(), timeout]);
  } catch {
    return late();
  } finally {
    cancel();
  }
}
