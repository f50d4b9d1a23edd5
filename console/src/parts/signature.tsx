/** One signature: who or what signed, under which key, and whether this browser verified it. */
import type { ReactNode } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { Result } from "../../../shared/result.ts";
import { shorten } from "../lib/format.ts";
import { CopyButton } from "./id.tsx";
import { Badge } from "./status.tsx";

/** `null` while it is being checked. */
export function VerdictBadge({ outcome }: { outcome: Result<unknown, Problem> | null }) {
  if (outcome === null) return <Badge tone="off" text="checking" />;
  if (outcome.ok) return <Badge tone="good" text="verified here" title="This browser checked the signature itself." />;
  const unknown =
    outcome.problem.code === "key-unknown" ||
    outcome.problem.code === "not-running" ||
    outcome.problem.code === "forbidden";
  return (
    <Badge
      tone={unknown ? "doubt" : "bad"}
      text={unknown ? "not verified here" : "does not verify"}
      title={`${outcome.problem.detail} (${outcome.problem.code})`}
    />
  );
}

export function SignatureLine({
  what,
  kids,
  outcome,
  children,
}: {
  what: ReactNode;
  kids: readonly string[];
  outcome: Result<unknown, Problem> | null;
  children?: ReactNode;
}) {
  return (
    <li className="signature">
      <div className="signature-head">
        <span>{what}</span>
        <VerdictBadge outcome={outcome} />
        {kids.map((kid) => (
          <span key={kid} className="id muted small">
            key <code title={kid}>{shorten(kid, 8, 4)}</code>
            <CopyButton text={kid} what="key id" />
          </span>
        ))}
      </div>
      {outcome === null || outcome.ok ? null : <p className="small tone-bad-text">{outcome.problem.detail}</p>}
      {children}
    </li>
  );
}
