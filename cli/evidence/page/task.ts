/** One task: what happened, who countersigned, which release decided. */
import { inWords, type EvidenceReport, type ShownRecord, type ShownTask } from "../../../shared/evidence/index.ts";
import { h, time, type Child } from "./dom.ts";

type Moment = ShownRecord & { readonly event: ShownRecord["record"]["events"][number] };

export function taskSection(
  { task, executor, records }: ShownTask,
  report: EvidenceReport,
  isOpen: boolean,
): HTMLElement {
  const events: Moment[] = records.flatMap(({ index, record }) =>
    record.events.map((event) => ({ index, record, event })),
  );
  const opened = events.find(({ event }) => event.type === "task-opened")?.event;
  const last = events.findLast(({ event }) => event.type === "task-settled")?.event;
  const isFaulty = report.checks.some(({ findings }) => findings.some(({ where }) => where.task === task));
  const facts: [string, Child][] = [
    ["Task", h("code", {}, task)],
    ["Asked", opened === undefined || records[0] === undefined ? "unknown" : time(records[0].record.atMs)],
    ["Release", opened?.type === "task-opened" ? h("code", {}, opened.release) : "unknown"],
    ["Executor", h("code", {}, executor)],
  ];
  const status = last?.type === "task-settled" ? last.status : "open";
  const details = h(
    "details",
    { class: "task", "data-faulty": String(isFaulty) },
    h(
      "summary",
      {},
      h("h2", {}, opened?.type === "task-opened" ? opened.automation : "A task"),
      h("span", { class: `status is-${status}` }, status),
      h("span", { class: "people" }, peopleIn(events.map(({ event }) => event))),
    ),
    h(
      "dl",
      { class: "facts" },
      ...facts.map(([name, value]) => h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, value))),
    ),
    isFaulty ? h("p", { class: "finding" }, "The record of this task does not hold; it is shown as it stands.") : null,
    h("ol", { class: "story" }, ...events.map((one, i) => moment(one, events[i + 1]?.record === one.record))),
  );
  details.open = isOpen || isFaulty;
  return h("section", {}, details);
}

const peopleIn = (events: readonly { readonly type: string; readonly member?: unknown }[]): string => {
  const signed = events.filter(({ type }) => type === "attested" || type === "doubt-resolved");
  return signed.length === 0 ? "" : `signed by ${[...new Set(signed.map(({ member }) => String(member)))].join(", ")}`;
};

/** One event; its place stands behind the last event of its record. */
function moment({ index, record, event }: Moment, goesOn: boolean): HTMLElement {
  const { title, more, quote, tone, kid } = inWords(event);
  const signature = kid === null ? null : h("code", { class: "kid" }, `signed by ${kid}`);
  return h(
    "li",
    { "data-tone": tone },
    h("p", { class: "title" }, title),
    ...more.map((sentence) => h("p", { class: "more" }, sentence)),
    quote === null ? null : h("blockquote", {}, quote),
    goesOn
      ? signature
      : h(
          "p",
          { class: "place" },
          time(record.atMs),
          h("a", { href: `#entry-${index}` }, `entry ${index}`),
          h("span", {}, `position ${record.seq}`),
          signature,
        ),
  );
}
