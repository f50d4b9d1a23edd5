/** The runbooks of this version, as they stand in docs/runbooks/. A module of its own, so that it is loaded when the first one is read. */
const texts: Record<string, string> = import.meta.glob("../../../docs/runbooks/*.md", {
  query: "?raw",
  import: "default",
  eager: true,
});

export const RUNBOOKS: ReadonlyMap<string, string> = new Map(
  Object.entries(texts).map(([path, text]) => [/([^/]+)\.md$/.exec(path)![1]!, text]),
);
