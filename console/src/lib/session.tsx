/**
 * The session: one API key in this tab's sessionStorage, and what the server says about it. The key grants reading and sending;
 * it approves nothing, because a decision needs the signature of the device key.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Whoami } from "../../../shared/api.ts";
import { createClient, type Client, type Fetch } from "../../../shared/client.ts";
import type { Problem } from "../../../shared/problems.ts";
import { forgetAnswers } from "./answers.ts";

const STORED_AT = "countersign.key";

export type Session =
  | { readonly state: "signed-out"; readonly why: Problem | null }
  /** `kept`: with the key of before a reload, so that nobody is asked for one. */
  | { readonly state: "checking"; readonly kept: boolean }
  | { readonly state: "unreachable"; readonly problem: Problem }
  | { readonly state: "signed-in"; readonly who: Whoami; readonly client: Client };

type SessionControl = {
  readonly session: Session;
  /** Tries a key; it is kept only when the server knows it. */
  readonly signIn: (key: string) => Promise<void>;
  readonly signOut: (why?: Problem) => void;
  /** Asks again with the kept key, after the server could not be reached. */
  readonly retry: () => void;
};

const Context = createContext<SessionControl | null>(null);

const browserFetch: Fetch = (url, init) =>
  fetch(url, { ...init, cache: "no-store", credentials: "omit", redirect: "error" });
export const clientFor = (key: string | null): Client =>
  createClient({ baseUrl: __API_ORIGIN__, key, fetch: browserFetch });

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>(() =>
    sessionStorage.getItem(STORED_AT) === null ? { state: "signed-out", why: null } : { state: "checking", kept: true },
  );

  const signOut = useCallback((why?: Problem) => {
    sessionStorage.removeItem(STORED_AT);
    forgetAnswers();
    setSession({ state: "signed-out", why: why ?? null });
  }, []);

  const check = useCallback(
    async (key: string, isKept: boolean) => {
      setSession({ state: "checking", kept: isKept });
      const client = clientFor(key);
      const who = await client.whoami();
      if (who.ok) {
        sessionStorage.setItem(STORED_AT, key);
        setSession({ state: "signed-in", who: who.value, client });
      } else if (who.problem.code === "unauthenticated" || who.problem.code === "forbidden") signOut(who.problem);
      else setSession({ state: "unreachable", problem: who.problem });
    },
    [signOut],
  );

  const kept = useCallback(() => {
    const key = sessionStorage.getItem(STORED_AT);
    if (key === null) signOut();
    else void check(key, true);
  }, [check, signOut]);

  useEffect(() => {
    if (sessionStorage.getItem(STORED_AT) !== null) kept();
  }, [kept]);

  const signIn = useCallback(
    async (key: string) => {
      // Kept before the answer, so that "try again" after an outage has something to try.
      sessionStorage.setItem(STORED_AT, key);
      await check(key, false);
    },
    [check],
  );
  const control = useMemo(() => ({ session, signIn, signOut, retry: kept }), [session, signIn, signOut, kept]);
  return <Context value={control}>{children}</Context>;
}

export function useSessionControl(): SessionControl {
  const control = useContext(Context);
  if (control === null) throw new Error("outside of SessionProvider");
  return control;
}

/** The signed-in session; only pages behind the sign-in use it. */
export function useSession(): { readonly who: Whoami; readonly client: Client } {
  const { session } = useSessionControl();
  if (session.state !== "signed-in") throw new Error("not signed in");
  return session;
}
