/** Answers that come in pages: the first one by itself, each further one when somebody asks for it. */
import { useState } from "react";
import type { Problem } from "../../../shared/problems.ts";
import type { Result } from "../../../shared/result.ts";
import { useQuery } from "./use-query.ts";

export type Pages<T> = {
  /** Those read so far, in their order; null before the first. */
  readonly pages: readonly T[] | null;
  readonly hasMore: boolean;
  readonly isPending: boolean;
  readonly problem: Problem | null;
  readonly more: () => Promise<void>;
  readonly refresh: () => void;
};

/** `key` names the question: another one begins anew. */
export function usePages<T extends { readonly next: string | null }>(
  key: string,
  read: (cursor: string | undefined) => Promise<Result<T>>,
): Pages<T> {
  const first = useQuery(key, () => read(undefined));
  const [further, setFurther] = useState<{ readonly of: T; readonly pages: readonly T[] } | null>(null);
  const [isPending, setPending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  // What was read behind an older first page does not continue a newer one.
  const pages = first.data === null ? null : [first.data, ...(further?.of === first.data ? further.pages : [])];
  const next = pages?.at(-1)?.next ?? null;
  const more = async (): Promise<void> => {
    if (first.data === null || next === null || isPending) return;
    setPending(true);
    const answer = await read(next);
    setPending(false);
    setProblem(answer.ok ? null : answer.problem);
    if (answer.ok) setFurther({ of: first.data, pages: [...pages!.slice(1), answer.value] });
  };
  return {
    pages,
    hasMore: next !== null,
    isPending,
    problem: first.problem ?? problem,
    more,
    refresh: () => void first.refresh(),
  };
}
