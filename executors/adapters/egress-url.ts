/**
 * Which addresses a request may go to: an exact list of origins, and only spellings that mean one thing. Pure.
 *
 * U1  A URL is accepted only in its own normal form: what is checked here is, byte for byte, what the platform would make of it.
 * U2  Its origin stands in the list, compared as a whole. No list can hold an address literal, a single-label name, a user or plain http,
 *     except `http://localhost:PORT` where development configuration says so.
 */
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { GUARDS } from "../guards/index.ts";

const ABSOLUTE = /^https?:\/\/[^/]/;

/** An origin as configuration names it, such as `https://api.example.com`. Errors: egress-refused. */
export function checkOrigin(text: string, development: boolean): Result<string> {
  const url = parse(text);
  if (url === null || url.origin !== text)
    return refuse("An origin is a scheme and a host in normal form, nothing else.");
  if (GUARDS["origin-https"](url.protocol) && GUARDS["origin-host"](url.hostname)) return ok(text);
  const isLocal = url.protocol === "http:" && url.hostname === "localhost" && url.port !== "";
  if (isLocal && GUARDS["origin-local"](development)) return ok(text);
  return refuse("An origin is https and a full host name.");
}

/** An absolute URL within the list. Errors: egress-refused; the problem names no part of the URL. */
export function checkUrl(text: string, allowed: ReadonlySet<string>): Result<URL> {
  if (text.length > LIMITS.httpUrlChars) return refuse("The address is too long.");
  if (!GUARDS["url-plain"](text) || !ABSOLUTE.test(text)) return refuse("The address is not a plain absolute URL.");
  if (text.includes("#")) return refuse("The address has a fragment.");
  const url = parse(text);
  // U1: another spelling of the same address is another address to somebody.
  if (url === null || !GUARDS["url-normal"](url.href, text)) return refuse("The address is not in its normal form.");
  if (!GUARDS["url-without-user"](url)) return refuse("The address has a user.");
  if (!GUARDS["url-origin"](url.origin, allowed))
    return refuse("The address is not of an origin that this capability may reach.");
  return ok(url);
}

/** Where a redirect leads: an absolute URL, or a path on the same origin. Errors: egress-refused. */
export function checkLocation(location: string | null, from: URL, allowed: ReadonlySet<string>): Result<URL> {
  if (location === null) return refuse("The redirect names no address.");
  const samePlace = location.startsWith("/") && !location.startsWith("//");
  return checkUrl(samePlace ? from.origin + location : location, allowed);
}

/** An origin, a path that starts with a slash and a query, as one URL. Errors: egress-refused where the path says something else than it seems. */
export function urlOf(
  origin: string,
  path: string,
  query: { readonly [name: string]: string } | undefined,
  allowed: ReadonlySet<string>,
): Result<URL> {
  if (!GUARDS["path-plain"](path)) return refuse("The path is not a plain path.");
  const search = new URLSearchParams(query === undefined ? [] : Object.entries(query)).toString();
  return checkUrl(`${origin}${path}${search === "" ? "" : `?${search}`}`, allowed);
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const refuse = (detail: string): { readonly ok: false; readonly problem: Problem } =>
  err(problem("egress-refused", detail));
