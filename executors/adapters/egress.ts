/**
 * The way out to the systems behind HTTP capabilities. A call names a capability; where it may go and with which credential follows from that
 * capability's definition and this Worker's configuration, never from the call.
 *
 * It runs in a stateless entrypoint of this Worker (`EgressEntrypoint`), so that a callee that does not answer holds none of an executor
 * object's connections, and so that no secret is ever in an object's hands.
 *
 * send()  answered | not-sent (nothing left) | turned-away (redirected away, not done) | lost (it may have been done)
 */
import * as z from "zod";
import { CapabilityName } from "../../shared/capability.ts";
import { LIMITS } from "../../shared/limits.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Authorization } from "../credentials/authorization.ts";
import { parseCredentials } from "../credentials/config.ts";
import { CredentialKeeper } from "../credentials/keeper.ts";
import type { TokenDeps } from "../credentials/tokens.ts";
import { GUARDS } from "../guards/index.ts";
import { send, type EgressAnswer } from "./egress-send.ts";
import { urlOf } from "./egress-url.ts";
import { parseTargets } from "./http-targets.ts";
import { responseIn } from "./mcp-messages.ts";

export type { EgressAnswer } from "./egress-send.ts";

/** What a capability's definition says about its way out. */
export type Way = {
  /** Name of the target whose origin its requests go to. */
  readonly target: string;
  /** Targets that a redirect may lead to. */
  readonly alsoAt?: readonly string[];
  /** Name of its credential, or null. */
  readonly credential: string | null;
};

const HeaderName = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/)
  .refine((name) => GUARDS["header-not-reserved"](name));
const HeaderValue = z
  .string()
  .max(1_000)
  .regex(/^[ -~]*$/);

export const EgressCall = z.strictObject({
  capability: CapabilityName,
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  path: z.string().max(LIMITS.httpUrlChars),
  query: z.record(z.string(), z.string()).optional(),
  headers: z.record(HeaderName, HeaderValue),
  body: z.string().nullable(),
  timeoutMs: z.int().max(LIMITS.httpAskMs),
  /** An event stream is read until the JSON-RPC response with this id. */
  answerId: z.int().optional(),
});
export type EgressCall = z.infer<typeof EgressCall>;

/** What an HTTP capability needs of the way out. */
export type Send = (call: EgressCall) => Promise<EgressAnswer>;

export type EgressSettings = {
  readonly HTTP_TARGETS?: string | undefined;
  readonly CREDENTIALS?: string | undefined;
};

/** @param wayByCapability the definitions of this Worker; a capability that is not in it goes nowhere */
export function egress(
  settings: EgressSettings,
  wayByCapability: ReadonlyMap<string, Way>,
  deps: Omit<TokenDeps, "development">,
): Send {
  const targets = parseTargets(settings.HTTP_TARGETS);
  if (!targets.ok) return async () => notSent(targets.problem, true);
  const credentials = parseCredentials(settings.CREDENTIALS);
  if (!credentials.ok) return async () => notSent(credentials.problem, true);
  const { originByName, development } = targets.value;
  const keeper = new CredentialKeeper(credentials.value, { ...deps, development });

  return async (given) => {
    const parsed = EgressCall.safeParse(given);
    if (!parsed.success)
      return notSent(problem("egress-refused", "The request is not one that a capability may make."));
    const call = parsed.data;
    const way = wayByCapability.get(call.capability);
    const home = way === undefined ? undefined : originByName.get(way.target);
    if (way === undefined || home === undefined)
      return notSent(
        problem("egress-refused", "No target is configured for this capability.", { capability: call.capability }),
      );
    const elsewhere = (way.alsoAt ?? []).flatMap((name) => originByName.get(name) ?? []);
    const allowed = new Set([home, ...elsewhere]);
    const url = urlOf(home, call.path, call.query, allowed);
    if (!url.ok) return notSent(url.problem);
    const { method, headers, body, timeoutMs, answerId } = call;
    let used: Authorization | null = null;
    const answer = await send(
      {
        url: url.value,
        method,
        headers,
        body,
        write: method !== "GET",
        timeoutMs,
        ...(answerId === undefined
          ? {}
          : { isWhole: (text: string): boolean => responseIn(text, true, answerId) !== null }),
      },
      allowed,
      async () => {
        const had = await keeper.authorize(call.capability, way.credential, { headers, body });
        if (had.ok) used = had.value;
        return had;
      },
      deps,
    );
    if (answer.kind === "answered" && answer.status === 401) keeper.refused(way.credential, used);
    return answer;
  };
}

const notSent = (why: Problem, retry: boolean = false): EgressAnswer => ({ kind: "not-sent", problem: why, retry });
