/** The simulated business at its start. */
export const ACCOUNTS = ["a1", "a2", "a3", "a4", "a5", "a6"] as const;
export const OPENING_BALANCE = 10_000;
