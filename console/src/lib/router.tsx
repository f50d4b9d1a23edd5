/**
 * Routes of the console over the History API. Every page has a real address; the server answers each with the same `index.html`.
 */
import { useSyncExternalStore, type MouseEvent, type ReactNode } from "react";

export type Route =
  | { readonly page: "overview" }
  | { readonly page: "task"; readonly id: string }
  | { readonly page: "reviews"; readonly id: string | null }
  | { readonly page: "key" }
  | { readonly page: "trust" }
  | { readonly page: "unknown" };

/** The route of a path; a malformed escape is an unknown page, not a crash. */
export function parseRoute(path: string): Route {
  const [first = "", second, ...more] = path.split("/").filter((part) => part !== "");
  if (more.length > 0) return { page: "unknown" };
  const id = second === undefined ? null : decode(second);
  if (second !== undefined && id === null) return { page: "unknown" };
  if (first === "reviews") return { page: "reviews", id };
  if (first === "tasks") return id === null ? { page: "overview" } : { page: "task", id };
  if (id !== null) return { page: "unknown" };
  if (first === "") return { page: "overview" };
  if (first === "key" || first === "trust") return { page: first };
  return { page: "unknown" };
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

export const taskPath = (id: string): string => `/tasks/${encodeURIComponent(id)}`;
export const reviewPath = (id: string): string => `/reviews/${encodeURIComponent(id)}`;

const listeners = new Set<() => void>();
const notify = (): void => listeners.forEach((listener) => listener());

/** Goes to a page of the console. `replace` leaves no step in the history: for moving inside a list. */
export function navigate(path: string, options: { replace?: boolean } = {}): void {
  if (path === location.pathname) return;
  history[options.replace === true ? "replaceState" : "pushState"](null, "", path);
  if (options.replace !== true) scrollTo(0, 0);
  notify();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("popstate", listener);
  };
}

export const usePath = (): string => useSyncExternalStore(subscribe, () => location.pathname);

/** A link inside the console; with a modifier key it behaves as any link. */
export function Link({
  to,
  children,
  className,
  current,
  label,
}: {
  to: string;
  children: ReactNode;
  className?: string;
  current?: boolean;
  label?: string;
}) {
  const follow = (event: MouseEvent): void => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a
      href={to}
      onClick={follow}
      className={className}
      aria-current={current === true ? "page" : undefined}
      aria-label={label}
    >
      {children}
    </a>
  );
}
