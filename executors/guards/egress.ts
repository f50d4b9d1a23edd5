/** Where a request may go, and with what (see executors/guards/index.ts). */
import { LIMITS } from "../../shared/limits.ts";

/** Two labels or more, lower case; the last one starts with a letter, so that no spelling of an address passes. Punycode is compared as it stands. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
/** Graphic ASCII without backslash and quotes: tabs, line ends, spaces and other alphabets are dropped or rewritten by URL parsers. */
const PLAIN = /^[!#-&(-;=?-[\]_a-z~]+$/;
/** Lower-case names; what decides over the connection, the credentials or the caller's identity is not a capability's to set. */
const RESERVED =
  /^(?:authorization|proxy-.*|cookie|host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|cf-.*|x-forwarded-.*|forwarded)$/;

export const EGRESS_GUARDS = {
  /** egress-refused: configuration could name an address inside, such as 10.0.0.1 or a metadata service. */
  "origin-host": (hostname: string): boolean => HOST.test(hostname) && hostname.length <= 253,
  /** egress-refused: requests would leave without TLS, where the network can read and change them. */
  "origin-https": (protocol: string): boolean => protocol === "https:",
  /** egress-refused: production would reach services on its own machine. */
  "origin-local": (development: boolean): boolean => development,
  /** egress-refused: one parser would see another address than the one that was checked. */
  "url-plain": (text: string): boolean => PLAIN.test(text),
  /** egress-refused: another spelling of an address would pass for it. */
  "url-normal": (href: string, text: string): boolean => href === text,
  /** egress-refused: what looks like the allowed host would be a user name before another. */
  "url-without-user": ({ username, password }: URL): boolean => username === "" && password === "",
  /** egress-refused: requests would go to any host that an argument names. */
  "url-origin": (origin: string, allowed: ReadonlySet<string>): boolean => allowed.has(origin),
  /** egress-refused: an argument would end the path and begin a query of its own. */
  "path-plain": (path: string): boolean => path.startsWith("/") && !path.startsWith("//") && !/[?#]/.test(path),
  /** egress-refused: a write that was done would be sent again as something else. */
  "redirect-repeats-write": (write: boolean, unchanged: boolean): boolean => !write || unchanged,
  /** egress-refused: a callee would keep a request going round for ever. */
  "redirect-count": (hops: number): boolean => hops < LIMITS.httpRedirects,
  /** (sent without its credential): a redirect would carry the credential to another origin. */
  "credential-at-home": (origin: string, home: string): boolean => origin === home,
  /** egress-refused: a capability's arguments would set the host, the credential or the caller's identity. */
  "header-not-reserved": (name: string): boolean => !RESERVED.test(name),
};
