/** The console: sign-in, then one page for each route inside the shell. */
import { usePath } from "./lib/router.tsx";
import { parseRoute, type Route } from "./lib/routes.ts";
import { useSessionControl } from "./lib/session.tsx";
import { AnchorsProvider } from "./lib/trust-anchors.tsx";
import { ImpactPage } from "./pages/impact.tsx";
import { KeyPage } from "./pages/key.tsx";
import { LedgerPage } from "./pages/ledger.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { ReviewsPage } from "./pages/reviews.tsx";
import { RunbookPage } from "./pages/runbook.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TrustPage } from "./pages/trust.tsx";
import { UnknownPage } from "./pages/unknown.tsx";
import { Skeleton } from "./parts/notice.tsx";
import { Shell, Wordmark } from "./parts/shell.tsx";

export function App() {
  const route = parseRoute(usePath());
  const { session } = useSessionControl();
  if (route.page === "trust" && session.state !== "signed-in") return <TrustPage />;
  if (session.state === "checking" && session.kept) return <Opening />;
  if (session.state !== "signed-in") return <SignInPage />;
  return (
    <AnchorsProvider>
      <Shell route={route}>
        <RoutePage route={route} />
      </Shell>
    </AnchorsProvider>
  );
}

/** Between a reload and the server's word about the kept key: the frame alone, so that no form flashes up. */
function Opening() {
  return (
    <>
      <header className="bar">
        <div className="bar-inner">
          <Wordmark />
        </div>
      </header>
      <main className="main">
        <Skeleton lines={6} label="the page" />
      </main>
    </>
  );
}

function RoutePage({ route }: { route: Route }) {
  switch (route.page) {
    case "overview":
      return <OverviewPage />;
    case "task":
      return <TaskPage key={route.id} id={route.id} />;
    case "reviews":
      return <ReviewsPage id={route.id} />;
    case "ledger":
      return <LedgerPage index={route.index} />;
    case "runbook":
      return <RunbookPage key={route.name} name={route.name} />;
    case "impact":
      return <ImpactPage key={route.resource} resource={route.resource} />;
    case "key":
      return <KeyPage />;
    case "trust":
      return <TrustPage />;
    case "unknown":
      return <UnknownPage />;
  }
}
