/** For admins: keys that wait. This page cannot enrol them, because that takes the admin's own private key. */
import type { EnrolmentPage } from "../../../shared/api.ts";
import { suggestedRoles } from "../../../shared/suggested-roles.ts";
import { Command } from "./command.tsx";
import { Id } from "./id.tsx";
import { Empty } from "./notice.tsx";
import { Ago } from "./time.tsx";

export function EnrolmentRequests({
  page,
  ownKid,
  nowMs,
}: {
  page: EnrolmentPage;
  ownKid: string | null;
  nowMs: number;
}) {
  if (page.requests.length === 0) return <Empty>No key waits for enrolment.</Empty>;
  return (
    <>
      <p className="muted small">
        Compare the key id with the person, on another way than this page, before you sign. Enrolling takes your own
        private key, so it happens on the command line.
      </p>
      <ul className="rows">
        {page.requests.map(({ kid, member, createdAt }) => (
          <li key={kid} className="row row-still">
            <span className="row-title">
              {member} {kid === ownKid ? <span className="muted">(this device)</span> : null}
            </span>
            <span className="row-note muted">
              <Id value={kid} what="key id" form="short" />
              <Ago at={createdAt} />
            </span>
            <Command
              text={`npx countersign keys enrol ${kid} --roles ${suggestedRoles(member, page, nowMs).join(",")}`}
            />
          </li>
        ))}
      </ul>
    </>
  );
}
