/**
 * Routes of the console over the History API. Every page has a real address; the server answers each with the same `index.html`.
 */
import { useSyncExternalStore, type MouseEvent, type ReactNode } from "react";

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
