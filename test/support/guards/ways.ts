/** Attacks with addresses: what an argument, a redirect or a line of configuration would make a request do. */
import { egress } from "../../../executors/adapters/egress.ts";
import { nextHop } from "../../../executors/adapters/egress-redirect.ts";
import { checkOrigin, checkUrl, urlOf } from "../../../executors/adapters/egress-url.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { attacks, codeOf, type Suite } from "./attack.ts";

const HOME = "https://api.example.com";
const allowed = new Set([HOME, "https://other.example.com"]);
const url = (text: string) => codeOf(checkUrl(text, allowed));

const at = { url: new URL(`${HOME}/pay`), write: true, hops: 0, withCredential: true, home: HOME };
function hop(status: number, location: string, change: Partial<typeof at> = {}): string {
  const next = nextHop({ ...at, ...change }, status, location, allowed);
  return next.kind === "refuse" ? next.problem.code : next.withCredential ? "ok" : "sent without its credential";
}

async function header(name: string): Promise<string> {
  const send = egress(
    { HTTP_TARGETS: JSON.stringify({ origins: { pay: HOME } }) },
    new Map([["test.pay", { target: "pay", credential: null }]]),
    {
      fetch: () => Promise.resolve(new Response("{}")),
      setTimer: () => () => {},
      nowMs: () => Date.now(),
      randomBytes: (count: number) => new Uint8Array(count),
    } as never,
  );
  const headers = { [name]: "x" };
  const call = { capability: "test.pay", method: "GET" as const, path: "/", headers, body: null, timeoutMs: 1_000 };
  const answer = await send(call);
  return answer.kind === "answered" ? "ok" : answer.problem.code;
}

export const ways: Suite = {
  honest: [
    () => codeOf(checkOrigin(HOME, false)),
    () => codeOf(checkOrigin("http://localhost:9500", true)),
    () => url(`${HOME}/pay?a=1`),
    () => codeOf(urlOf(HOME, "/pay", { a: "1" }, allowed)),
    () => hop(307, "/again"),
    () => header("x-trace"),
  ],
  attacks: attacks({
    "origin-host": () => codeOf(checkOrigin("https://169.254.169.254", false)),
    "origin-host name": () => codeOf(checkOrigin("https://metadata", false)),
    "origin-https": () => codeOf(checkOrigin("http://api.example.com", false)),
    "origin-local": () => codeOf(checkOrigin("http://localhost:9500", false)),
    "url-plain": () => url(`${HOME}/?next=\\evil.example`),
    "url-normal": () => url(`${HOME}:443/pay`),
    "url-without-user": () => url("https://evil.example@api.example.com/"),
    "url-origin": () => url("https://evil.example/pay"),
    "path-plain": () => codeOf(urlOf(HOME, "/pay?to=mallory", undefined, allowed)),
    "redirect-repeats-write": () => hop(303, "/again"),
    "redirect-count": () => hop(307, "/again", { hops: LIMITS.httpRedirects }),
    "credential-at-home": () => hop(307, "https://other.example.com/take"),
    "header-not-reserved": () => header("authorization"),
  }),
};
