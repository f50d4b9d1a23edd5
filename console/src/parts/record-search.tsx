/** Asks for a record by its name; the kinds that the contracts know are offered. */
import { useRef, useState, type FormEvent } from "react";
import { wantedRecord } from "../lib/impact-words.ts";
import { navigate } from "../lib/router.tsx";
import { impactPath } from "../lib/routes.ts";

export function RecordSearch({ kinds }: { kinds: readonly string[] }) {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const record = wantedRecord(text);
  const go = (event: FormEvent): void => {
    event.preventDefault();
    if (record !== null) navigate(impactPath(record));
  };
  return (
    <form onSubmit={go} className="record-search" role="search">
      <label htmlFor="record">Record</label>
      <div className="input-row">
        <input
          id="record"
          ref={input}
          type="search"
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder={`${kinds.includes("order") ? "order" : (kinds[0] ?? "order")}:W123`}
          aria-describedby="record-help"
          spellCheck={false}
          autoComplete="off"
        />
        <button type="submit" className="button button-primary" disabled={record === null}>
          Show
        </button>
      </div>
      <p id="record-help" className="small muted">
        The kind, a colon and the exact id.
        {kinds.length === 0 ? null : (
          <>
            {" "}
            Kinds:{" "}
            {kinds.map((kind) => (
              <button
                key={kind}
                type="button"
                className="chip kind"
                onClick={() => {
                  setText(`${kind}:`);
                  input.current?.focus();
                }}
              >
                {kind}
              </button>
            ))}
          </>
        )}
      </p>
    </form>
  );
}
