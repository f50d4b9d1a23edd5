/** What stands around every page: where one can go, who one is, and the list of keys to press. */
import { useRef, type ReactNode } from "react";
import { mayAskImpact, mayDecide, mayReadEntries, mayReadReviews } from "../lib/permissions.ts";
import { Link, navigate } from "../lib/router.tsx";
import type { Route } from "../lib/routes.ts";
import { useSession, useSessionControl } from "../lib/session.tsx";
import { useQuery } from "../lib/use-query.ts";
import { useShortcuts } from "../lib/use-shortcuts.ts";
import { ShortcutHelp } from "./shortcut-help.tsx";
import { inbox, unanswered } from "./waiting-reviews.tsx";

/** The number beside "Reviews" is a hint; the inbox itself asks more often. */
const COUNT_MS = 15_000;

export function Wordmark() {
  return (
    <Link to="/" className="wordmark">
      <img src="/favicon.svg" alt="" width="20" height="20" /> Countersign
    </Link>
  );
}

export function Shell({ route, children }: { route: Route; children: ReactNode }) {
  const { who, client } = useSession();
  const { signOut } = useSessionControl();
  const help = useRef<HTMLDialogElement>(null);
  const reviews = useQuery(mayReadReviews(who.role) ? `reviews:${who.tenant}` : null, client.listReviews, COUNT_MS);
  const waiting = reviews.data === null ? 0 : inbox(reviews.data).length + unanswered(reviews.data);
  useShortcuts({
    o: () => navigate("/"),
    i: () => navigate("/reviews"),
    "?": () => help.current?.showModal(),
  });

  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="bar">
        <div className="bar-inner">
          <Wordmark />
          <nav aria-label="Pages">
            <Link to="/" current={route.page === "overview"}>
              Overview
            </Link>
            {mayReadReviews(who.role) ? (
              <Link to="/reviews" current={route.page === "reviews"}>
                Reviews
                <span
                  className={`count${waiting === 0 ? " is-none" : ""}`}
                  aria-hidden={waiting === 0}
                  title={waiting === 0 ? undefined : `${waiting} waiting`}
                >
                  {waiting === 0 ? "" : waiting}
                </span>
              </Link>
            ) : null}
            {mayAskImpact(who.role) ? (
              <Link to="/impact" current={route.page === "impact"}>
                Impact
              </Link>
            ) : null}
            {mayReadEntries(who.role) ? (
              <Link to="/ledger" current={route.page === "ledger"}>
                Ledger
              </Link>
            ) : null}
            {mayDecide(who.role) ? (
              <Link to="/key" current={route.page === "key"}>
                My key
              </Link>
            ) : null}
          </nav>
          <div className="bar-who">
            <span className="who" title={`API key ${who.key}`}>
              <strong>{who.member ?? who.role}</strong>
              <span className="muted">
                {" "}
                {who.member === null ? "" : `${who.role} · `}
                {who.tenant}
              </span>
            </span>
            <button
              type="button"
              className="button-quiet help-button"
              aria-label="Keyboard shortcuts"
              title="Keyboard shortcuts (?)"
              onClick={() => help.current?.showModal()}
            >
              ?
            </button>
            <button type="button" className="button-quiet" onClick={() => signOut()}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="main" className={`main page-${route.page}`} tabIndex={-1}>
        {children}
      </main>
      <ShortcutHelp ref={help} />
    </>
  );
}
