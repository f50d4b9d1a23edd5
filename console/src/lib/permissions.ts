/**
 * Which parts of the console a role of an API key has use for. The server decides and refuses by itself; this only keeps the page from
 * asking for what it would be refused, and from offering it.
 */
const PEOPLE = ["approver", "operator", "admin"];

export const mayReadReviews = (role: string): boolean => role === "auditor" || PEOPLE.includes(role);
/** Decide reviews and ask for the enrolment of a key. */
export const mayDecide = (role: string): boolean => PEOPLE.includes(role);
/** Figures and alerts. */
export const mayReadFigures = mayReadReviews;
/** Say that somebody is on an alert. */
export const mayAcknowledge = mayDecide;
/** Ask what touched a record. */
export const mayAskImpact = mayReadReviews;
/** Ask for proofs of the log. */
export const mayProve = (role: string): boolean => ["auditor", "operator", "admin"].includes(role);
/** Read the entries of the log themselves. */
export const mayReadEntries = (role: string): boolean => role === "auditor" || role === "admin";
/** See feature toggles, and set them. */
export const mayReadToggles = mayProve;
export const maySetToggles = (role: string): boolean => role === "operator" || role === "admin";
/** Take applied actions back. */
export const mayReverse = (role: string): boolean => ["app", "operator", "admin"].includes(role);
