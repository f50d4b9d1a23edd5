/** The simulated business at its start. */
export const ACCOUNTS = ["a1", "a2", "a3", "a4", "a5", "a6"] as const;
/** What may leave an account by `money.transfer`. */
export const MOST_OUT = 900;
export const OPENING_BALANCE = 10_000;
