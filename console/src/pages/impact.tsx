/** A business record: what touched it, newest first, and what depended on that afterwards. Without one, the way to ask. */
import { useRef, useState } from "react";
import { count, plural } from "../lib/format.ts";
import { byRecord, kindsOf, recordParts, summariesOf } from "../lib/impact-words.ts";
import { mayAskImpact } from "../lib/permissions.ts";
import { useSession } from "../lib/session.tsx";
import { usePages, type Pages } from "../lib/use-pages.ts";
import { useQuery } from "../lib/use-query.ts";
import { CopyButton } from "../parts/id.tsx";
import { Empty, Notice, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { RecordLink, RecordText } from "../parts/record-name.tsx";
import { RecordSearch } from "../parts/record-search.tsx";
import { Section } from "../parts/section.tsx";
import { At } from "../parts/time.tsx";
import { TouchItem } from "../parts/touch-item.tsx";

const PAGE = 25;

export function ImpactPage({ resource }: { resource: string | null }) {
  const { client, who } = useSession();
  const may = mayAskImpact(who.role);
  const capabilities = useQuery(may ? `capabilities:${who.tenant}` : null, client.listCapabilities);
  const kinds = kindsOf(capabilities.data);
  if (!may)
    return (
      <Page title="Impact" documentTitle="Impact">
        <Empty>An API key of the role {who.role} does not ask about records.</Empty>
      </Page>
    );
  if (resource === null)
    return (
      <Page title="What touched a record?" documentTitle="Impact">
        <p className="lead-text">
          Everything that was done to an order, a customer or any other record, who let it happen, and what depended on
          it afterwards.
        </p>
        <RecordSearch kinds={kinds} />
      </Page>
    );
  return <OneRecord resource={resource} summaries={summariesOf(capabilities.data)} kinds={kinds} />;
}

type Summaries = ReadonlyMap<string, string>;

function OneRecord({
  resource,
  summaries,
  kinds,
}: {
  resource: string;
  summaries: Summaries;
  kinds: readonly string[];
}) {
  const [since, setSince] = useState<string | null>(null);
  const forward = useRef<HTMLDivElement>(null);
  const { kind, name } = recordParts(resource);
  const follow = (at: string): void => {
    setSince(at);
    // Where the two stand below each other, what was asked for is out of sight.
    forward.current?.focus({ preventScroll: true });
    forward.current?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Page
      title={<RecordText tag={resource} />}
      documentTitle={kind === null ? name : `${kind} ${name}`}
      badge={<CopyButton text={resource} what="the record's name" />}
    >
      <div className="columns columns-even">
        <Back resource={resource} summaries={summaries} onFollow={follow} />
        <div ref={forward} tabIndex={-1} className="impact-forward">
          <Forward
            key={since ?? ""}
            resource={resource}
            summaries={summaries}
            since={since}
            onReset={() => setSince(null)}
          />
        </div>
      </div>
      <Section title="Another record">
        <RecordSearch kinds={kinds} />
      </Section>
    </Page>
  );
}

function Back({
  resource,
  summaries,
  onFollow,
}: {
  resource: string;
  summaries: Summaries;
  onFollow: (at: string) => void;
}) {
  const { client } = useSession();
  const answer = usePages(`impact:${resource}`, (cursor) =>
    client.impact({ resource, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }),
  );
  const touched = answer.pages?.flatMap((page) => page.touched) ?? [];
  return (
    <Section title="What touched it" aside={<span className="muted">newest first</span>}>
      <Waiting answer={answer} doing="Reading what touched it" />
      {answer.pages === null ? null : touched.length === 0 ? (
        <Empty>
          Nothing that the ledger knows of has touched it. A record is found by its exact name, and the answer follows
          the log up to entry {count(answer.pages[0]!.asOf)}.
        </Empty>
      ) : (
        <ol className="touches">
          {touched.map((touch) => (
            <TouchItem
              key={touch.action}
              touch={touch}
              record={resource}
              summary={summaries.get(touch.capability ?? "") ?? null}
              onFollow={touch.how === "read" ? undefined : () => onFollow(touch.at)}
            />
          ))}
        </ol>
      )}
      <More answer={answer} what="older actions" />
    </Section>
  );
}

function Forward({
  resource,
  summaries,
  since,
  onReset,
}: {
  resource: string;
  summaries: Summaries;
  since: string | null;
  onReset: () => void;
}) {
  const { client } = useSession();
  const answer = usePages(`impact-forward:${resource}:${since ?? ""}`, (cursor) =>
    client.impact({
      resource,
      direction: "forward",
      limit: PAGE,
      ...(since === null ? {} : { since }),
      ...(cursor === undefined ? {} : { cursor }),
    }),
  );
  const depended = answer.pages?.flatMap((page) => page.depended) ?? [];
  const last = answer.pages?.at(-1);
  return (
    <Section
      title="What depended on it"
      aside={
        since === null ? undefined : (
          <button type="button" className="button-link" onClick={onReset}>
            from its beginning
          </button>
        )
      }
    >
      <Waiting answer={answer} doing="Reading what depended on it" />
      {last === undefined ? null : last.since === null ? (
        <Empty>Nothing has touched it, so nothing depends on it.</Empty>
      ) : (
        <p className="small muted" role="status">
          After <At at={last.since} />
          {since === null ? ", when it was first touched" : ""}
          {last.records.length === 0 ? "" : `, over ${plural(last.records.length, "further record")}`}.
          {depended.length === 0 ? " Nothing followed." : ""}
        </p>
      )}
      {byRecord(depended).map(({ through, depth, actions }) => (
        <div key={`${depth} ${through}`} className="reached">
          <h3>
            {depth === 1 ? (
              "On the record itself"
            ) : (
              <>
                Through <RecordLink tag={through} />{" "}
                <span className="muted small">{plural(depth - 1, "record")} away</span>
              </>
            )}
          </h3>
          <ol className="touches">
            {actions.map((one) => (
              <TouchItem
                key={one.action}
                touch={one}
                record={through}
                summary={summaries.get(one.capability ?? "") ?? null}
              />
            ))}
          </ol>
        </div>
      ))}
      {last?.cut === true ? (
        <Notice tone="wait">There are further records than one question follows: ask about one of those above.</Notice>
      ) : null}
      <More answer={answer} what="what follows" />
    </Section>
  );
}

function Waiting({ answer, doing }: { answer: Pages<unknown>; doing: string }) {
  if (answer.problem !== null) return <ProblemNotice problem={answer.problem} doing={doing} onRetry={answer.refresh} />;
  return answer.pages === null ? <Skeleton lines={5} label={doing} /> : null;
}

function More({ answer, what }: { answer: Pages<unknown>; what: string }) {
  if (!answer.hasMore) return null;
  return (
    <p className="more">
      <button type="button" className="button" disabled={answer.isPending} onClick={() => void answer.more()}>
        {answer.isPending ? "Loading…" : `Show ${what}`}
      </button>
    </p>
  );
}
