/** The addresses of the console's pages. Pure. */

export type Route =
  | { readonly page: "overview" }
  | { readonly page: "task"; readonly id: string }
  | { readonly page: "reviews"; readonly id: string | null }
  /** The record, or one entry of it. */
  | { readonly page: "ledger"; readonly index: number | null }
  /** What to do about an alert. */
  | { readonly page: "runbook"; readonly name: string }
  /** A business record by its impact tag, or the way to ask for one. */
  | { readonly page: "impact"; readonly resource: string | null }
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
  if (first === "ledger" && (id === null || /^(?:0|[1-9][0-9]{0,14})$/.test(id)))
    return { page: "ledger", index: id === null ? null : Number(id) };
  if (first === "impact") return { page: "impact", resource: id };
  if (first === "runbooks" && id !== null) return { page: "runbook", name: id };
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
export const entryPath = (index: number): string => `/ledger/${index}`;
export const runbookPath = (name: string): string => `/runbooks/${encodeURIComponent(name)}`;
export const impactPath = (resource: string): string => `/impact/${encodeURIComponent(resource)}`;
export const reviewPath = (id: string): string => `/reviews/${encodeURIComponent(id)}`;
