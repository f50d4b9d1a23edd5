/** The server's explanation of a task, fetched when somebody opens it. */
import { useState } from "react";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { CopyButton } from "./id.tsx";
import { Markdown } from "./markdown.tsx";
import { ProblemNotice, Skeleton } from "./notice.tsx";

/** `version` changes when the task has, and the text is fetched again. */
export function Explained({ task, version }: { task: string; version: string }) {
  const { client } = useSession();
  const [open, setOpen] = useState(false);
  const text = useQuery(open ? `explain:${task}:${version}` : null, () => client.explainTaskAsMarkdown(task));
  return (
    <details className="explained section" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>Explanation</h2> <span className="muted">the whole task in words</span>
      </summary>
      {!open ? null : text.data !== null ? (
        <>
          <Markdown text={text.data} />
          <CopyButton text={text.data} what="explanation as Markdown">
            Copy as Markdown
          </CopyButton>
        </>
      ) : text.problem !== null ? (
        <ProblemNotice problem={text.problem} doing="Reading the explanation" onRetry={() => void text.refresh()} />
      ) : (
        <Skeleton lines={8} label="the explanation" />
      )}
    </details>
  );
}
