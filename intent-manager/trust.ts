/** The trust configuration as this Worker shows it. It relies on none of it: what counts is each executor's and the ledger's own copy. */
import { keyId, publicPart, type PublicJwk } from "../shared/keys.ts";
import { Trust } from "../shared/trust.ts";
import type { Bindings } from "./bindings.ts";
import { proposalPublicKey } from "./planning/sign-plan.ts";

/** Null where the deploy configuration gives none. */
export function shownTrust(env: Bindings): Trust | null {
  try {
    const parsed = Trust.safeParse(JSON.parse(env.TRUST));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** This Worker's own key first; a second one while it is being rotated. */
export function proposalKeys(env: Bindings, trust: Trust | null): PublicJwk[] {
  const own = proposalPublicKey(env);
  const others = (trust?.proposalKeys ?? []).filter((key) => key.x !== own.x);
  return [own, ...others];
}

export const toJwk = (key: PublicJwk) => ({ ...publicPart(key), kid: keyId(key), use: "sig" as const });
