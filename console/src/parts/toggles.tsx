/** Feature toggles that are set, who set them, and for operators and admins their change. Nothing where none is set. */
import { useId, useState } from "react";
import type { ToggleView } from "../../../shared/api.ts";
import type { Problem } from "../../../shared/problems.ts";
import type { ToggleValue } from "../../../shared/toggles.ts";
import { visible } from "../lib/format.ts";
import { maySetToggles, mayReadToggles } from "../lib/permissions.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { ProblemNotice } from "./notice.tsx";
import { Section } from "./section.tsx";
import { Ago } from "./time.tsx";

const EVERY_MS = 20_000;
/** Changes that the panel lists; the command line has more. */
const CHANGES = 10;

export function Toggles() {
  const { client, who } = useSession();
  const page = useQuery(mayReadToggles(who.role) ? `toggles:${who.tenant}` : null, client.toggles, EVERY_MS);
  if (page.data === null || page.data.toggles.length === 0)
    return page.problem === null ? null : <ProblemNotice problem={page.problem} doing="Reading the feature toggles" />;
  const { toggles, history } = page.data;
  return (
    <Section title="Feature toggles">
      <ul className="rows">
        {toggles.map((toggle) => (
          <ToggleItem key={`${toggle.automation ?? ""}/${toggle.name}`} toggle={toggle} onChange={page.refresh} />
        ))}
      </ul>
      <details className="small">
        <summary>Latest changes</summary>
        <ol className="plain-list">
          {history.slice(0, CHANGES).map((one) => (
            <li key={`${one.automation ?? ""}/${one.name}/${one.version}`}>
              <strong>{one.name}</strong> {wordOf(one.value)} for {scopeOf(one)}, by {visible(one.by)},{" "}
              <Ago at={one.at} />: {visible(one.reason)}
            </li>
          ))}
        </ol>
      </details>
    </Section>
  );
}

const scopeOf = ({ automation }: ToggleView): string => automation ?? "all automations";
const wordOf = (value: ToggleValue): string =>
  typeof value === "boolean" ? (value ? "on" : "off") : visible(`${value}`);

function ToggleItem({ toggle, onChange }: { toggle: ToggleView; onChange: () => Promise<void> }) {
  const { who } = useSession();
  const [isOpen, setOpen] = useState(false);
  const { name, value, version, by, at, reason } = toggle;
  const close = (): void => setOpen(false);
  return (
    <li className="row row-still">
      <span className="row-title">
        {name} <code>{wordOf(value)}</code>{" "}
        {!isOpen && maySetToggles(who.role) ? (
          <button type="button" className="button-link" onClick={() => setOpen(true)} aria-label={`Change ${name}`}>
            Change
          </button>
        ) : null}
      </span>
      <span className="row-note muted">
        <span>
          {scopeOf(toggle)} · {visible(reason)}
        </span>
        <span>
          version {version} by {visible(by)}, <Ago at={at} />
        </span>
      </span>
      {isOpen ? <ToggleForm toggle={toggle} onDone={onChange} onClose={close} /> : null}
    </li>
  );
}

type FormProps = { toggle: ToggleView; onDone: () => Promise<void>; onClose: () => void };

/** Follows the version that is on the screen: whoever has set it meanwhile is not overwritten. */
function ToggleForm({ toggle, onDone, onClose }: FormProps) {
  const id = useId();
  const { client } = useSession();
  const { name, automation, value: before, version } = toggle;
  const [value, setValue] = useState(typeof before === "boolean" ? String(!before) : String(before));
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const send = async (): Promise<void> => {
    setBusy(true);
    const set = await client.setToggle(name, {
      value: typeof before === "boolean" ? value === "true" : typeof before === "number" ? Number(value) : value,
      reason,
      after: version,
      ...(automation === null ? {} : { automation }),
    });
    setBusy(false);
    await onDone();
    if (set.ok) onClose();
    else setProblem(set.problem);
  };
  return (
    <form
      className="decision-confirm"
      aria-label={`Change ${name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      {problem === null ? null : <ProblemNotice problem={problem} doing={`Setting ${name}`} />}
      <label htmlFor={`${id}-value`}>New value</label>
      {typeof before === "boolean" ? (
        <select id={`${id}-value`} value={value} onChange={(event) => setValue(event.target.value)}>
          <option value="true">on</option>
          <option value="false">off</option>
        </select>
      ) : (
        <input
          id={`${id}-value`}
          type={typeof before === "number" ? "number" : "text"}
          step={1}
          maxLength={200}
          required
          value={value}
          onChange={(event) => setValue(event.target.value)}
        />
      )}
      <label htmlFor={`${id}-reason`}>Why? It is kept with the change.</label>
      <input
        id={`${id}-reason`}
        value={reason}
        maxLength={500}
        required
        onChange={(event) => setReason(event.target.value)}
      />
      <div className="decision-buttons">
        <button type="submit" className="button button-primary" disabled={isBusy}>
          {isBusy ? "Setting…" : `Set for ${scopeOf(toggle)}`}
        </button>
        <button type="button" className="button" onClick={onClose}>
          Back
        </button>
      </div>
    </form>
  );
}
