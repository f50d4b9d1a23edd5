/** A runbook: what is raised of its kind now, and what to do about it. The texts are those of this version of the product. */
import { titleOfRule } from "../lib/alert-words.ts";
import { words } from "../lib/format.ts";
import { mayReadFigures } from "../lib/permissions.ts";
import { runbookBody } from "../lib/runbook.ts";
import { useSession } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { useVerdict } from "../lib/use-verdict.ts";
import { AlertList } from "../parts/alert-list.tsx";
import { Markdown } from "../parts/markdown.tsx";
import { Empty, ProblemNotice, Skeleton } from "../parts/notice.tsx";
import { Page } from "../parts/page.tsx";
import { Section } from "../parts/section.tsx";

const REFRESH_MS = 10_000;

export function RunbookPage({ name }: { name: string }) {
  const { client, who } = useSession();
  const read = useVerdict(name, async () => (await import("../lib/runbook-texts.ts")).RUNBOOKS.get(name) ?? "");
  const alerts = useQuery(mayReadFigures(who.role) ? `alerts:${who.tenant}` : null, client.alerts, REFRESH_MS);
  const own = (alerts.data?.alerts ?? []).filter(({ rule, state }) => rule === name && state !== "cleared");
  const title = titleOfRule(name) ?? words(name);
  return (
    <Page title={title} documentTitle={`${title} · runbook`}>
      {alerts.problem === null ? null : <ProblemNotice problem={alerts.problem} doing="Reading the alerts" />}
      {own.length === 0 ? null : (
        <Section title="Raised now">
          <AlertList alerts={own} onChange={() => void alerts.refresh()} withRunbook={false} />
        </Section>
      )}
      {read === null ? (
        <Skeleton lines={10} label="the runbook" />
      ) : read === "" ? (
        <Empty>This version of Countersign has no runbook of that name.</Empty>
      ) : (
        <article className="prose runbook">
          <Markdown text={runbookBody(read)} raise={2} />
        </article>
      )}
    </Page>
  );
}
