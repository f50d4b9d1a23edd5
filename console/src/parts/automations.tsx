/** The automations of the tenant with the release that is in force. */
import type { AutomationPage } from "../../../shared/api.ts";
import { shortDigest } from "../lib/format.ts";
import { Badge } from "./status.tsx";
import { Empty } from "./notice.tsx";

const TIERS: { readonly [tier: number]: string } = { 1: "every write waits", 2: "acts and notifies", 3: "acts alone" };

export function Automations({ page }: { page: AutomationPage }) {
  if (page.automations.length === 0) return <Empty>No automation has been created.</Empty>;
  return (
    <ul className="rows">
      {page.automations.map(({ name, summary, owner, tier, planner, release, serial, stop }) => (
        <li key={name} className="row row-still">
          <span className="row-title">
            {name}{" "}
            {stop === null ? (
              release === null ? (
                <Badge tone="off" text="no release" />
              ) : null
            ) : (
              <Badge tone="wait" text="paused" title={stop.reason} />
            )}
          </span>
          {summary === null ? null : <span className="row-text">{summary}</span>}
          <span className="row-note muted">
            <span>{[planner, tier === null ? null : TIERS[tier], owner].filter(Boolean).join(" · ")}</span>
            {release === null ? null : (
              <span title={release}>
                release {serial} <code>{shortDigest(release)}</code>
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
