/** Records of a task out of the ledger's entries, and what an executor adds that the ledger does not have yet. */
import type { TaskEventView } from "../views.ts";
import type { TraceEntry, TraceRecord, TraceSource } from "./project.ts";

/** An entry as the ledger stores it; `recordedMs` is when its batch was written. */
export type RecordedEntry = { readonly index: number; readonly body: string; readonly recordedMs: number | null };

type Body = {
  readonly id?: string;
  readonly source?: string;
  readonly data?: { readonly records?: readonly (TraceRecord & { readonly executor: string })[] };
};

/** The source of a task's trace. `later`: events as the executor streams them; those that the ledger has are left out. Null where there is nothing. */
export function traceSource(
  task: string,
  recorded: readonly RecordedEntry[],
  later: readonly TaskEventView[] = [],
  executor: string | null = null,
): TraceSource | null {
  const records: TraceRecord[] = [];
  const entries: TraceEntry[] = [];
  let name = executor;
  for (const { index, body, recordedMs } of recorded) {
    const entry = JSON.parse(body) as Body;
    const own = entry.data?.records;
    const last = own?.at(-1);
    // What was archived or cannot be read is not there to be shown.
    if (own === undefined || last === undefined) continue;
    name ??= entry.source!.slice("/executors/".length);
    records.push(...own);
    entries.push({ index, id: entry.id!, toSeq: last.seq, committedMs: last.atMs, recordedMs });
  }
  const known = records.at(-1)?.seq ?? 0;
  for (const { seq, at, event } of later) {
    if (seq <= known) continue;
    const before = records.at(-1);
    if (before?.seq === seq) records[records.length - 1] = { ...before, events: [...before.events, event] };
    else records.push({ seq, atMs: Date.parse(at), events: [event] });
  }
  return name === null || records.length === 0 ? null : { task, executor: name, records, entries };
}
