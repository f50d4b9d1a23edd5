/** Doubts as they are listed, and those that somebody is busy with here: a form does not vanish because somebody else was faster. */
import { useCallback, useState } from "react";
import type { DoubtView } from "../../../shared/views.ts";

export const nameOfDoubt = ({ task, step }: DoubtView): string => `${task}/${step}`;

export function useHeldDoubts(listed: readonly DoubtView[]) {
  const [held, setHeld] = useState<readonly DoubtView[]>([]);
  const hold = useCallback((doubt: DoubtView, isOpen: boolean) => {
    const name = nameOfDoubt(doubt);
    setHeld((all) => {
      const others = all.filter((one) => nameOfDoubt(one) !== name);
      return isOpen ? [...others, doubt] : others.length === all.length ? all : others;
    });
  }, []);
  const names = new Set(listed.map(nameOfDoubt));
  return { doubts: [...listed, ...held.filter((one) => !names.has(nameOfDoubt(one)))], hold };
}
