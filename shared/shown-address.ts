/**
 * An address as it may be shown and logged: its origin. User, path, query and fragment may each carry a receiver's token (`/services/T0…/B0…/…`),
 * so that something stood there is all that is said of them.
 */
export function shownAddress(address: string): string {
  if (!URL.canParse(address)) return "…";
  const { origin, host, protocol, pathname, search, hash } = new URL(address);
  const place = origin === "null" ? `${protocol}//${host}` : origin;
  return pathname.length <= 1 && search === "" && hash === "" ? place : `${place}/…`;
}
