/** The keys that this page verifies with: the published key set and the tenant's root key. Asked for once per session. */
import { createContext, useContext, useMemo, type ReactNode } from "react";
import type { TrustView } from "../../../shared/api.ts";
import type { PublicJwk } from "../../../shared/keys.ts";
import type { Problem } from "../../../shared/problems.ts";
import { keysById } from "../signing/verify.ts";
import { useSession } from "./session.tsx";
import { useQuery } from "./use-query.ts";

export type Anchors = {
  /** Published signing keys by id; null until they are known. */
  readonly keys: ReadonlyMap<string, PublicJwk> | null;
  readonly trust: TrustView | null;
  /** Why keys or trust are missing, where they are. */
  readonly problem: Problem | null;
};

const Context = createContext<Anchors>({ keys: null, trust: null, problem: null });
export const useAnchors = (): Anchors => useContext(Context);

export function AnchorsProvider({ children }: { children: ReactNode }) {
  const { client, who } = useSession();
  const jwks = useQuery(`jwks:${who.tenant}`, client.jwks);
  const trust = useQuery(`trust:${who.tenant}`, client.trust);
  const anchors = useMemo(
    () => ({
      keys: jwks.data === null ? null : keysById(jwks.data),
      trust: trust.data,
      problem: jwks.problem ?? trust.problem,
    }),
    [jwks.data, trust.data, jwks.problem, trust.problem],
  );
  return <Context value={anchors}>{children}</Context>;
}
