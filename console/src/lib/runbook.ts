/** A runbook as the console shows it. Pure. */

/** `docs/runbooks/outbox-age.md` → `outbox-age`. */
export const runbookName = (path: string): string => path.replace(/^.*\//, "").replace(/\.md$/, "");

/** Without its first heading, which is its name; links from one runbook to another lead to the console's own page. */
export const runbookBody = (text: string): string =>
  text.replace(/^# .*\n+/, "").replaceAll(/\]\(([a-z0-9-]+)\.md(?:#[^)\s]*)?\)/g, "](/runbooks/$1)");
