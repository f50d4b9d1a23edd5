/** The entries themselves, each with its place in the log and its leaf hash: what another tool compares. */
import { toHex, utf8 } from "../../../shared/bytes.ts";
import type { Evidence, EvidenceReport } from "../../../shared/evidence/index.ts";
import { leafHash } from "../../../shared/tlog/tree.ts";
import { h } from "./dom.ts";

export function entriesSection({ entries, checkpoint }: Evidence, report: EvidenceReport): HTMLElement {
  const shown = new Set(report.tasks.flatMap(({ records }) => records.map(({ index }) => index)));
  return h(
    "section",
    { id: "entries" },
    h("h2", {}, "The entries"),
    h(
      "p",
      {},
      "Every entry of the log that this rests on, exactly as it is hashed. Those of the tasks above are marked; the others hold the chain together.",
    ),
    h(
      "ul",
      { class: "entries" },
      ...entries.map(({ index, body }) => {
        const details = h(
          "details",
          { id: `entry-${index}`, class: shown.has(index) ? "of-task" : "" },
          h(
            "summary",
            {},
            h("span", { class: "index" }, String(index)),
            h("span", {}, kindOf(body)),
            h("code", { class: "kid" }, toHex(leafHash(utf8(body))).slice(0, 16)),
          ),
        );
        // Thousands of entries need not be laid out before anybody asks.
        details.addEventListener("toggle", () => {
          if (details.open && details.childElementCount === 1) details.append(h("pre", {}, pretty(body)));
        });
        return h("li", {}, details);
      }),
    ),
    h("h3", {}, "The checkpoint"),
    h("pre", {}, checkpoint),
  );
}

const read = (body: string): { type?: string; subject?: string } => {
  try {
    return JSON.parse(body) as { type?: string; subject?: string };
  } catch {
    return {};
  }
};
const KINDS: Readonly<Record<string, string>> = {
  "countersign.task.records.v1": "records of",
  "countersign.executor.records.v1": "records of",
  "countersign.executor.statement.v1": "statement of",
};
const kindOf = (body: string): string => {
  const { type, subject } = read(body);
  return `${KINDS[type ?? ""] ?? "entry of"} ${subject ?? "unknown"}`;
};
const pretty = (body: string): string => {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
};

/** A link to an entry opens it. */
addEventListener("hashchange", () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
});
