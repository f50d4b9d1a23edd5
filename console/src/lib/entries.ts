/** Entries of the log as a list shows them. Pure; a text that is no entry is listed as one that cannot be read. */
import { Entry } from "../../../shared/entry.ts";

export type ListedEntry = {
  readonly index: number;
  readonly body: string;
  readonly kind: "task" | "executor" | "statement" | "other";
  /** The task, or the executor. */
  readonly subject: string;
  readonly time: string | null;
  /** What it holds, in few words. */
  readonly holds: string;
};

const LISTED_EVENTS = 3;

export function listed({ index, body }: { readonly index: number; readonly body: string }): ListedEntry {
  const parsed = Entry.safeParse(jsonOf(body));
  if (!parsed.success)
    return { index, body, kind: "other", subject: "", time: null, holds: "an entry of a kind that is not known here" };
  const { data, subject, time, type } = parsed.data;
  if (!("records" in data)) return { index, body, kind: "statement", subject, time, holds: "signed statement" };
  const events = data.records.flatMap((record) => record.events.map((event) => event.type.replaceAll("-", " ")));
  const more = events.length - LISTED_EVENTS;
  const holds = `${events.slice(0, LISTED_EVENTS).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return { index, body, kind: type.includes(".task.") ? "task" : "executor", subject, time, holds };
}

export const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
};

/** What somebody typed into the filter: a task, an index, or neither. */
export function wanted(text: string): { readonly task: string } | { readonly from: number } | null {
  const trimmed = text.trim();
  if (/^tsk_[a-z0-9_]+$/.test(trimmed)) return { task: trimmed };
  return /^[0-9]{1,15}$/.test(trimmed) ? { from: Number(trimmed) } : null;
}
