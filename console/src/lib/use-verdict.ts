/** The outcome of an asynchronous check as state; null while it runs. `of` names what is checked: another text is another check. */
import { useEffect, useRef, useState } from "react";

export function useVerdict<T>(of: string | null, check: () => Promise<T>): T | null {
  const [kept, setKept] = useState<{ of: string; verdict: T } | null>(null);
  const latest = useRef(check);
  useEffect(() => {
    latest.current = check;
  });
  useEffect(() => {
    if (of === null) return;
    let current = true;
    void latest.current().then((verdict) => {
      if (current) setKept({ of, verdict });
    });
    return () => {
      current = false;
    };
  }, [of]);
  return kept !== null && kept.of === of ? kept.verdict : null;
}
