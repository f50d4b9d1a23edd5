/**
 * What follows a redirect. Pure. Redirects are followed by hand, one hop at a time; each is checked like a first request.
 *
 * A write follows only 307 and 308, which repeat it unchanged and prove that it was not done: any other redirect may answer a write
 * that was. Credentials go to the origin that they belong to and to no other.
 */
import { problem, type Problem } from "../../shared/problems.ts";
import { GUARDS } from "../guards/index.ts";
import { checkLocation } from "./egress-url.ts";

export type Hop =
  | { readonly kind: "follow"; readonly url: URL; readonly withCredential: boolean }
  /** `executed`: whether the request that was redirected may have been done. */
  | { readonly kind: "refuse"; readonly problem: Problem; readonly executed: boolean };

export const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** @param hops redirects followed so far */
export function nextHop(
  at: {
    readonly url: URL;
    readonly write: boolean;
    readonly hops: number;
    readonly withCredential: boolean;
    readonly home: string;
  },
  status: number,
  location: string | null,
  allowed: ReadonlySet<string>,
): Hop {
  const unchanged = status === 307 || status === 308;
  const executed = !GUARDS["redirect-repeats-write"](at.write, unchanged);
  const refuse = (why: Problem): Hop => ({ kind: "refuse", problem: why, executed });
  if (executed)
    return refuse(problem("egress-refused", "A write was answered with a redirect to another request.", { status }));
  if (!GUARDS["redirect-count"](at.hops))
    return refuse(problem("egress-refused", "There were too many redirects.", { status }));
  const next = checkLocation(location, at.url, allowed);
  if (!next.ok) return refuse(next.problem);
  // Once away from home never again with credentials: a foreign hop could lead back to an address of its own choice.
  const withCredential = at.withCredential && GUARDS["credential-at-home"](next.value.origin, at.home);
  return { kind: "follow", url: next.value, withCredential };
}
