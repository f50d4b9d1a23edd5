/**
 * Reads from the API that a page shows. The last good answer stays on screen while a new one is fetched and when fetching fails,
 * together with its age, so that nothing jumps and nothing stale looks fresh. Answers live in this tab's memory only.
 */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { Result } from "../../../shared/result.ts";
import { answerOf, keepAnswer, onAnswers } from "./answers.ts";
import { useSessionControl } from "./session.tsx";

export type Query<T> = {
  /** The newest good answer, or null before the first. */
  readonly data: T | null;
  /** When `data` was answered. */
  readonly asOfMs: number | null;
  /** Why the newest attempt failed; null when it succeeded or none has ended. */
  readonly problem: Problem | null;
  readonly refresh: () => Promise<void>;
};

/**
 * Keeps the answer of `read` under `key`, and asks again every `everyMs` while the tab is visible. A null `key` reads nothing.
 * Only the newest attempt counts: a slow older answer never replaces a newer one.
 */
export function useQuery<T>(
  key: string | null,
  read: () => Promise<Result<T>>,
  everyMs: number | null = null,
): Query<T> {
  const { signOut } = useSessionControl();
  const answer = useSyncExternalStore(onAnswers, () => answerOf(key));
  const [failed, setFailed] = useState<{ key: string; problem: Problem } | null>(null);
  const attempt = useRef(0);
  const latestRead = useRef(read);
  useEffect(() => {
    latestRead.current = read;
  });

  const refresh = useCallback(async () => {
    if (key === null) return;
    const mine = ++attempt.current;
    const result = await latestRead.current();
    if (mine !== attempt.current) return;
    if (result.ok) {
      keepAnswer(key, { data: result.value, asOfMs: Date.now() });
      setFailed(null);
    } else if (result.problem.code === "unauthenticated") signOut(result.problem);
    else setFailed({ key, problem: result.problem });
  }, [key, signOut]);

  useEffect(() => {
    void refresh();
    const again = (): void => {
      if (document.visibilityState === "visible") void refresh();
    };
    const timer = everyMs === null ? null : setInterval(again, everyMs);
    if (everyMs !== null) document.addEventListener("visibilitychange", again);
    return () => {
      attempt.current++;
      if (timer !== null) clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [refresh, everyMs]);

  return {
    data: (answer?.data as T | undefined) ?? null,
    asOfMs: answer?.asOfMs ?? null,
    problem: failed !== null && failed.key === key ? failed.problem : null,
    refresh,
  };
}
