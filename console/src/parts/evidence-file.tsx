/** The evidence file of a task or of a period: made by the server when somebody asks for it, kept by the browser, verified by itself. */
import { useState, type FormEvent } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { Result } from "../../../shared/result.ts";
import { mayReadEntries } from "../lib/permissions.ts";
import { saveFile } from "../lib/save-file.ts";
import { useSession } from "../lib/session.tsx";
import { ProblemNotice } from "./notice.tsx";
import { Section } from "./section.tsx";

type State =
  | { readonly is: "idle" | "making" }
  | { readonly is: "failed"; readonly problem: Problem }
  | { readonly is: "saved"; readonly name: string };

function useEvidence() {
  const [state, setState] = useState<State>({ is: "idle" });
  const make = async (name: string, read: () => Promise<Result<string>>): Promise<void> => {
    setState({ is: "making" });
    const page = await read();
    if (page.ok) saveFile(name, page.value, "text/html");
    setState(page.ok ? { is: "saved", name } : { is: "failed", problem: page.problem });
  };
  return { state, make };
}

export function TaskEvidence({ task }: { task: string }) {
  const { client, who } = useSession();
  const { state, make } = useEvidence();
  if (!mayReadEntries(who.role)) return null;
  const download = (): void => void make(`evidence-${task}.html`, () => client.taskEvidence(task));
  return (
    <Section title="Evidence">
      <p className="muted small">
        One page with what the log holds of this task, the proofs and the verifier: for somebody who trusts neither this
        server nor you. It holds no values.
      </p>
      <p className="more">
        <button type="button" className="button" onClick={download} disabled={state.is === "making"}>
          {state.is === "making" ? "Making it…" : "Download evidence"}
        </button>
      </p>
      <Outcome state={state} />
    </Section>
  );
}

export function PeriodEvidence() {
  const { client } = useSession();
  const { state, make } = useEvidence();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const isSpan = from !== "" && to !== "" && from < to;
  const download = (event: FormEvent): void => {
    event.preventDefault();
    if (isSpan) void make(`evidence-${from}-to-${to}.html`, () => client.periodEvidence({ from, to }));
  };
  return (
    <Section title="Evidence of a period">
      <form onSubmit={download} className="evidence-period">
        <label>
          <span>Opened from (UTC)</span>
          <input type="date" value={from} onChange={(event) => setFrom(event.target.value)} />
        </label>
        <label>
          <span>and before</span>
          <input type="date" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
        <button type="submit" className="button" disabled={!isSpan || state.is === "making"}>
          {state.is === "making" ? "Making it…" : "Download evidence"}
        </button>
      </form>
      <Outcome state={state} />
    </Section>
  );
}

function Outcome({ state }: { state: State }) {
  return (
    <div role="status">
      {state.is === "failed" ? <ProblemNotice problem={state.problem} doing="Making the evidence" /> : null}
      {state.is === "failed" && state.problem.code === "entry-too-large" ? (
        <p className="small">
          Of more than that the command line makes a file: <code>countersign evidence --from … --to …</code>
        </p>
      ) : null}
      {state.is === "saved" ? (
        <p className="small">
          Kept as <code>{state.name}</code>. It verifies itself when it is opened. Tell its reader the fingerprint of
          your root key by another way than the file.
        </p>
      ) : null}
    </div>
  );
}
