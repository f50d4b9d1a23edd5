/** The key of this device with its standing, the request for enrolment, and the way to forget it. */
import { useId, useState, type FormEvent } from "react";
import { MemberId } from "../../../shared/ids.ts";
import type { Problem } from "../../../shared/problems.ts";
import { useSession } from "../lib/session.tsx";
import { forgetDeviceKey, type DeviceKey } from "../signing/device-key.ts";
import { possessionOf, type Standing } from "../signing/enrolment.ts";
import { Command } from "./command.tsx";
import { Id } from "./id.tsx";
import { Notice, ProblemNotice } from "./notice.tsx";
import { Fact, Facts } from "./section.tsx";
import { Badge } from "./status.tsx";
import { At } from "./time.tsx";

type Props = {
  deviceKey: DeviceKey;
  standing: Standing | null;
  /** Roles that the command for the admin names. */
  roles: readonly string[];
  onChange: () => void;
  onForgotten: () => Promise<void>;
};

export function KeyCard({ deviceKey, standing, roles, onChange, onForgotten }: Props) {
  return (
    <>
      <Facts>
        <Fact name="Key id">
          <Id value={deviceKey.kid} what="key id" />
        </Fact>
        <Fact name="Made">
          <At at={deviceKey.createdMs} />
        </Fact>
        <Fact name="Standing">
          <StandingBadge standing={standing} />
        </Fact>
        {standing !== null && "enrolment" in standing ? (
          <>
            <Fact name="Member">{standing.enrolment.member}</Fact>
            <Fact name="Roles">{standing.enrolment.roles.join(", ")}</Fact>
            <Fact name={standing.state === "revoked" ? "Revoked" : "Valid until"}>
              <At at={standing.state === "revoked" ? standing.enrolment.revokedAt! : standing.enrolment.expiresAt} />
            </Fact>
          </>
        ) : null}
      </Facts>
      {standing?.state === "requested" ? (
        <Notice tone="wait" title={`Waiting for an admin to enrol this key for ${standing.member}`}>
          <p>
            The admin signs the enrolment with the admin's own key and says which roles it gives; a review can be
            decided by a key with one of the roles that it asks for, such as <code>support-lead</code>. In development:
          </p>
          <Command text={`npx countersign keys enrol ${deviceKey.kid} --roles ${roles.join(",")}`} />
        </Notice>
      ) : null}
      {standing?.state === "none" || standing?.state === "expired" ? (
        <RequestEnrolment deviceKey={deviceKey} onRequested={onChange} />
      ) : null}
      {standing?.state === "revoked" ? (
        <Notice tone="bad">A revoked key never comes back. Forget it, and create another one.</Notice>
      ) : null}
      <Forget onForgotten={onForgotten} />
    </>
  );
}

function StandingBadge({ standing }: { standing: Standing | null }) {
  switch (standing?.state) {
    case undefined:
      return <Badge tone="off" text="not known" />;
    case "none":
      return <Badge tone="off" text="not enrolled" />;
    case "requested":
      return <Badge tone="wait" text="requested" />;
    case "enrolled":
      return <Badge tone="good" text="enrolled" />;
    case "expired":
      return <Badge tone="wait" text="expired" />;
    case "revoked":
      return <Badge tone="bad" text="revoked" />;
  }
}

function RequestEnrolment({ deviceKey, onRequested }: { deviceKey: DeviceKey; onRequested: () => void }) {
  const { client, who } = useSession();
  const [member, setMember] = useState(who.member ?? "");
  const [pending, setPending] = useState(false);
  const [failed, setFailed] = useState<Problem | null>(null);
  const field = useId();
  const valid = MemberId.safeParse(member).success;
  // A key that is bound to a member asks for that member alone; an admin may ask for anybody.
  const bound = who.member !== null && who.role !== "admin";
  const request = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!valid || pending) return;
    setPending(true);
    setFailed(null);
    const answer = await client.requestEnrolment(await possessionOf(deviceKey, who.tenant, member, Date.now()));
    setPending(false);
    if (answer.ok) onRequested();
    else setFailed(answer.problem);
  };
  return (
    <form onSubmit={(event) => void request(event)} className="request-form">
      <label htmlFor={field}>Your member id</label>
      <div className="input-row">
        <input
          id={field}
          value={member}
          onChange={(event) => setMember(event.target.value.trim())}
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          required
          readOnly={bound}
          aria-describedby={`${field}-hint`}
          aria-invalid={member !== "" && !valid}
        />
        <button type="submit" className="button button-primary" disabled={!valid || pending}>
          {pending ? "Asking…" : "Ask for enrolment"}
        </button>
      </div>
      <p id={`${field}-hint`} className={`small ${member !== "" && !valid ? "tone-bad-text" : "muted"}`}>
        {bound
          ? "Your API key is bound to this member. "
          : "Small letters, digits, dots and dashes, as the tenant knows you. "}
        The admin decides the roles.
      </p>
      {failed === null ? null : <ProblemNotice problem={failed} doing="Asking for enrolment" />}
    </form>
  );
}

function Forget({ onForgotten }: { onForgotten: () => Promise<void> }) {
  const { who } = useSession();
  const [sure, setSure] = useState(false);
  const forget = async (): Promise<void> => {
    await forgetDeviceKey(who.tenant);
    setSure(false);
    await onForgotten();
  };
  return (
    <div className="forget small">
      {sure ? (
        <>
          <span>The key is gone for good, and its enrolment is of no use to anybody.</span>{" "}
          <button type="button" className="button button-reject" onClick={() => void forget()}>
            Forget the key
          </button>{" "}
          <button type="button" className="button" autoFocus onClick={() => setSure(false)}>
            Keep it
          </button>
        </>
      ) : (
        <button type="button" className="button-link" onClick={() => setSure(true)}>
          Forget this key…
        </button>
      )}
    </div>
  );
}
