/** Sign-in with an API key. The key stays in this tab. */
import { useEffect, useId, useState, type FormEvent } from "react";
import { Link } from "../lib/router.tsx";
import { useSessionControl } from "../lib/session.tsx";
import { Notice, ProblemNotice } from "../parts/notice.tsx";

export function SignInPage() {
  const { session, signIn, retry } = useSessionControl();
  const [key, setKey] = useState("");
  const field = useId();
  const checking = session.state === "checking";
  useEffect(() => {
    document.title = "Sign in · Countersign";
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const trimmed = key.trim();
    if (trimmed !== "" && !checking) void signIn(trimmed);
  };
  return (
    <main className="sign-in" id="main">
      <h1>
        <img src="/favicon.svg" alt="" width="28" height="28" /> Countersign
      </h1>
      <p className="lead">AI proposes; policy and people countersign; the edge executes; the ledger remembers.</p>
      <form onSubmit={submit} className="sign-in-form">
        <label htmlFor={field}>API key</label>
        <div className="input-row">
          <input
            id={field}
            type="password"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            // Nothing else can be done here.
            autoFocus
            required
            aria-describedby={`${field}-hint`}
          />
          <button type="submit" className="button button-primary" disabled={checking || key.trim() === ""}>
            {checking ? "Checking…" : "Sign in"}
          </button>
        </div>
        <p id={`${field}-hint`} className="muted small">
          It stays in this tab and is gone when you close it. Development keys stand under <code>apiKeys</code> in{" "}
          <code>.countersign/dev.json</code>; <code>approver</code> is the one for reviews.
        </p>
      </form>
      <p className="muted small">
        An API key lets you look and ask. It cannot approve anything: that takes a{" "}
        <Link to="/trust">signature of your own key</Link>.
      </p>
      <div className="sign-in-answer">
        {session.state === "signed-out" && session.why !== null ? (
          <Notice
            tone="bad"
            live="alert"
            title={session.why.code === "unauthenticated" ? "The server does not know this key." : session.why.detail}
          >
            <p className="muted">
              <code>{session.why.code}</code>
            </p>
          </Notice>
        ) : null}
        {session.state === "unreachable" ? (
          <ProblemNotice problem={session.problem} doing="Signing in" onRetry={retry} />
        ) : null}
      </div>
    </main>
  );
}
