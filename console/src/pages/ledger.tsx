/** The record: entries of the log, newest first, and one of them in full with its place checked in this browser. */
import { useState } from "react";
import { problem } from "../../../shared/problems.ts";
import { err, type Result } from "../../../shared/result.ts";
import { verifyPlace, type Place } from "../../../shared/verify/index.ts";
import { jsonOf, listed, wanted, type ListedEntry } from "../lib/entries.ts";
import { count, shorten } from "../lib/format.ts";
import { mayReadEntries } from "../lib/permissions.ts";
import { pinnedBy } from "../lib/place-in-log.ts";
import { Link } from "../lib/router.tsx";
import { entryPath, taskPath } from "../lib/routes.ts";
import { useSession } from "../lib/session.tsx";
import { useAnchors } from "../lib/trust-anchors.tsx";
import { useQuery } from "../lib/use-query.ts";
import { useVerdict } from "../lib/use-verdict.ts";
import { PeriodEvidence } from "../parts/evidence-file.tsx";
import { CopyButton } from "../parts/id.tsx";
import { Empty, Notice, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { PlaceFacts } from "../parts/place-in-log.tsx";
import { Section } from "../parts/section.tsx";
import { VerdictBadge } from "../parts/signature.tsx";

const PAGE = 50;

export function LedgerPage({ index }: { index: number | null }) {
  const { who } = useSession();
  if (!mayReadEntries(who.role))
    return (
      <Page title="Ledger" documentTitle="Ledger">
        <Notice>Entries are read with a key of the role auditor or admin.</Notice>
      </Page>
    );
  return index === null ? <EntryList /> : <OneEntry key={index} index={index} />;
}

function EntryList() {
  const { client, who } = useSession();
  const [filter, setFilter] = useState("");
  const [from, setFrom] = useState<number | null>(null);
  const checkpoint = useQuery(`checkpoint:${who.tenant}`, () => client.checkpoint(who.tenant));
  const size = Number(checkpoint.data?.split("\n")[1] ?? Number.NaN);
  const asked = wanted(filter);
  const start = asked !== null && "from" in asked ? asked.from : (from ?? Math.max(0, size - PAGE));
  const query = asked !== null && "task" in asked ? { task: asked.task, limit: PAGE } : { from: start, limit: PAGE };
  const isReady = "task" in query || Number.isInteger(start);
  const page = useQuery(isReady ? `entries:${who.tenant}:${JSON.stringify(query)}:${size}` : null, () =>
    client.ledgerEntries(query),
  );
  const rows = (page.data?.entries ?? []).map(listed).toReversed();
  const failed = checkpoint.problem ?? page.problem;
  return (
    <Page
      title="Ledger"
      documentTitle="Ledger"
      aside={Number.isNaN(size) ? null : <span className="muted">{count(size)} entries</span>}
    >
      <form className="ledger-filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Task id, or an index to begin at</span>
          <input
            type="search"
            value={filter}
            placeholder="tsk_… or 1200"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        {"from" in query ? (
          <span className="ledger-pages">
            <button
              type="button"
              className="button"
              disabled={!(start > 0)}
              onClick={() => setFrom(Math.max(0, start - PAGE))}
            >
              Older
            </button>
            <button
              type="button"
              className="button"
              disabled={!(start + PAGE < size)}
              onClick={() => setFrom(Math.min(size - PAGE, start + PAGE))}
            >
              Newer
            </button>
          </span>
        ) : null}
      </form>
      {failed === null ? null : (
        <ProblemNotice problem={failed} doing="Reading the log" onRetry={() => void page.refresh()} />
      )}
      {page.data === null ? (
        failed === null ? (
          <Skeleton lines={10} label="the entries" />
        ) : null
      ) : rows.length === 0 ? (
        <Empty>The log holds no such entry.</Empty>
      ) : (
        <ol className="entries" reversed>
          {rows.map((entry) => (
            <EntryRow key={entry.index} entry={entry} />
          ))}
        </ol>
      )}
      <PeriodEvidence />
    </Page>
  );
}

function EntryRow({ entry: { index, kind, subject, time, holds } }: { entry: ListedEntry }) {
  return (
    <li className="entry">
      <Link to={entryPath(index)} className="entry-index" label={`Entry ${index}`}>
        {count(index)}
      </Link>
      <span className="entry-subject">
        {kind === "task" ? <Link to={taskPath(subject)}>{shorten(subject, 12, 6)}</Link> : subject}
      </span>
      <span className="entry-holds muted">{holds}</span>
      {time === null ? null : (
        <time className="muted small" dateTime={time}>
          {time.slice(0, 19).replace("T", " ")}
        </time>
      )}
    </li>
  );
}

function OneEntry({ index }: { index: number }) {
  const { client } = useSession();
  const page = useQuery(`entry:${index}`, () => client.ledgerEntries({ from: index, limit: 1 }));
  const found = page.data?.entries.find((entry) => entry.index === index);
  const entry = found === undefined ? null : listed(found);
  return (
    <Page
      title={`Entry ${count(index)}`}
      documentTitle={`Entry ${index}`}
      aside={<Link to="/ledger">All entries</Link>}
    >
      {page.problem === null ? null : (
        <ProblemNotice problem={page.problem} doing="Reading the entry" onRetry={() => void page.refresh()} />
      )}
      {entry === null ? (
        page.data === null ? (
          page.problem === null ? (
            <Skeleton lines={8} label="the entry" />
          ) : null
        ) : (
          <Empty>The log holds no entry {count(index)}.</Empty>
        )
      ) : (
        <>
          <PlaceOf entry={entry} />
          <Section title="What it holds" aside={<CopyButton text={entry.body} what="entry" />}>
            <p>
              {entry.kind === "task" ? <Link to={taskPath(entry.subject)}>{entry.subject}</Link> : entry.subject}:{" "}
              {entry.holds}
            </p>
            <pre className="entry-body">{JSON.stringify(jsonOf(entry.body), null, 2)}</pre>
          </Section>
        </>
      )}
    </Page>
  );
}

function PlaceOf({ entry: { index, body } }: { entry: ListedEntry }) {
  const { client } = useSession();
  const { trust, problem: unknown } = useAnchors();
  const outcome = useVerdict<Result<Place>>(trust === null ? null : `${index}:${body.length}`, async () => {
    const pinned = pinnedBy(trust);
    if (!pinned.ok) return pinned;
    const proof = await client.inclusionProof({ index });
    if (!proof.ok) return proof;
    if (proof.value.index !== index) return err(problem("proof-invalid", "The proof is of another entry."));
    return verifyPlace(proof.value, body, pinned.value);
  });
  const shown = outcome ?? (unknown === null ? null : err(unknown));
  return (
    <Section title="Place in the log" aside={<VerdictBadge outcome={shown} />}>
      {shown === null ? null : shown.ok ? (
        <PlaceFacts place={shown.value} />
      ) : (
        <p className="tone-bad-text">{shown.problem.detail}</p>
      )}
    </Section>
  );
}
