/** What a page says when there is nothing, not yet, or something went wrong. */
import type { ReactNode } from "react";
import { isRetryable, PROBLEMS, type Problem } from "../../../shared/problems.ts";

export type NoticeTone = "plain" | "good" | "wait" | "bad";

export function Notice({
  tone = "plain",
  title,
  children,
  live = "no",
}: {
  tone?: NoticeTone;
  title?: string;
  children?: ReactNode;
  /** Whether and how urgently a screen reader says it when it appears. */
  live?: "no" | "status" | "alert";
}) {
  return (
    <div className={`notice notice-${tone}`} role={live === "no" ? undefined : live}>
      {title === undefined ? null : <p className="notice-title">{title}</p>}
      {children}
    </div>
  );
}

/** A failed request: what it means, what the server said, its code, and what to do. */
export function ProblemNotice({ problem, doing, onRetry }: { problem: Problem; doing: string; onRetry?: () => void }) {
  return (
    <Notice tone="bad" title={`${doing}: ${PROBLEMS[problem.code].title.toLowerCase()}.`} live="alert">
      <p>
        {problem.detail} <code className="muted">{problem.code}</code>
      </p>
      {isRetryable(problem.code) ? (
        <p className="muted">Trying again later may help; this page keeps trying by itself where it refreshes.</p>
      ) : null}
      {onRetry === undefined ? null : (
        <p>
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </Notice>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

/** Grey lines of about the height of what will stand there. */
export function Skeleton({ lines, label }: { lines: number; label: string }) {
  return (
    <div className="skeleton" role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className="skeleton-line" />
      ))}
    </div>
  );
}
