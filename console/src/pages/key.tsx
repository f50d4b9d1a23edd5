/** The key of this device: create it, see its id, ask for enrolment, follow the request; for admins also the requests of others. */
import { mayDecide } from "../lib/permissions.ts";
import { useSession } from "../lib/session.tsx";
import { useDeviceKey } from "../lib/use-device-key.ts";
import { CreateKey } from "../parts/create-key.tsx";
import { EnrolmentRequests } from "../parts/enrolment-requests.tsx";
import { KeyCard } from "../parts/key-card.tsx";
import { Empty, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { Section } from "../parts/section.tsx";
import { AsOf } from "../parts/time.tsx";
import { suggestedRoles } from "../../../shared/suggested-roles.ts";
import { Link } from "../lib/router.tsx";

const REFRESH_MS = 4_000;

export function KeyPage() {
  const { who } = useSession();
  if (mayDecide(who.role)) return <OwnKey />;
  return (
    <Page title="My key" documentTitle="My key">
      <Empty>
        An API key of the role {who.role} decides nothing, so it needs no signing key. Sign in with one of the role
        approver.
      </Empty>
    </Page>
  );
}

function OwnKey() {
  const { who } = useSession();
  const device = useDeviceKey(REFRESH_MS);
  const { key, standing, enrolments, reload } = device;
  return (
    <Page
      title="My key"
      documentTitle="My key"
      aside={<AsOf ms={enrolments.asOfMs} stale={enrolments.problem !== null} />}
    >
      {enrolments.problem === null ? null : (
        <ProblemNotice
          problem={enrolments.problem}
          doing="Reading the enrolments"
          onRetry={() => void enrolments.refresh()}
        />
      )}
      <p className="lead-text">
        Decisions are signed with a key that this browser makes and keeps. It cannot be exported, by you or by anybody.{" "}
        <Link to="/trust">What you can rely on</Link>
      </p>
      <Section title="This device">
        {key === "loading" ? (
          <Skeleton lines={4} label="the key of this device" />
        ) : key === null ? (
          <CreateKey onCreated={reload} />
        ) : (
          <KeyCard
            deviceKey={key}
            standing={standing}
            roles={
              standing?.state === "requested" && enrolments.data !== null
                ? suggestedRoles(standing.member, enrolments.data, enrolments.asOfMs ?? 0)
                : []
            }
            onChange={() => void enrolments.refresh()}
            onForgotten={reload}
          />
        )}
      </Section>
      {who.role === "admin" && enrolments.data !== null ? (
        <Section title="Requests of others">
          <EnrolmentRequests
            page={enrolments.data}
            ownKid={key === null || key === "loading" ? null : key.kid}
            nowMs={enrolments.asOfMs ?? 0}
          />
        </Section>
      ) : null}
    </Page>
  );
}
