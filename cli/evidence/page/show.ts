/** Everything below the verdict, from the verified report. */
import type { Evidence, EvidenceReport } from "../../../shared/evidence/index.ts";
import { keyId } from "../../../shared/keys.ts";
import type { VerifierTrust } from "../../../shared/verify/index.ts";
import { h, time, type Child } from "./dom.ts";
import { entriesSection } from "./entries.ts";
import { taskSection } from "./task.ts";

export function showEverything(
  evidence: Evidence,
  trust: VerifierTrust,
  report: EvidenceReport,
  changed: readonly string[],
): void {
  const { about } = evidence;
  const { scope } = about;
  const subject =
    scope.kind === "task" ? "One task" : `${report.tasks.length} task${report.tasks.length === 1 ? "" : "s"}`;
  document.title = `Evidence: ${scope.kind === "task" ? scope.task : "a period"}`;
  document.getElementById("subject")!.replaceChildren(subject);
  document
    .getElementById("scope")!
    .replaceChildren(
      ...(scope.kind === "task"
        ? [h("code", {}, scope.task)]
        : ["opened from ", time(scope.fromMs), " until ", time(scope.toMs)]),
    );
  document
    .getElementById("content")!
    .replaceChildren(
      summary(evidence, report),
      ...(changed.includes("trust")
        ? []
        : report.tasks.map((task) => taskSection(task, report, report.tasks.length <= 3))),
      checksSection(report),
      trustSection(evidence, trust),
      entriesSection(evidence, report),
      doubtSection(report),
    );
}

const fact = (name: string, ...value: readonly Child[]): HTMLElement =>
  h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, ...value));

function summary({ about, entries }: Evidence, report: EvidenceReport): HTMLElement {
  const signed = report.tasks.flatMap(({ records }) =>
    records.flatMap(({ record }) =>
      record.events.flatMap((event) => (event.type === "attested" ? [event.member] : [])),
    ),
  );
  return h(
    "dl",
    { class: "facts" },
    fact("Tenant", about.tenant),
    fact("Countersigned by", signed.length === 0 ? "nobody: no step needed a person" : [...new Set(signed)].join(", ")),
    fact(
      "Log",
      report.checkpoint === null
        ? "no checkpoint"
        : `${report.checkpoint.size} entries, ${entries.length} of them here`,
    ),
    fact("Made", time(about.madeAtMs)),
  );
}

const MARKS = { ok: "✓", failed: "✗", "not-run": "–" } as const;

function checksSection({ checks, alarms }: EvidenceReport): HTMLElement {
  return h(
    "section",
    { id: "checks" },
    h("h2", {}, "What was checked"),
    h(
      "ul",
      { class: "checks" },
      ...checks.map(({ check, status, what, verified, failed, findings }) =>
        h(
          "li",
          { "data-check": check, "data-status": status },
          h("span", { class: "mark", "aria-label": status }, MARKS[status]),
          h(
            "div",
            {},
            h("span", { class: "what" }, what),
            ...findings
              .slice(0, 5)
              .map(({ detail, where }) => h("p", { class: "finding" }, detail, h("small", {}, placeOf(where)))),
          ),
          h(
            "span",
            { class: "count" },
            status === "not-run" ? "not run" : failed > 0 ? `${failed} wrong` : String(verified),
          ),
        ),
      ),
    ),
    alarms.length === 0
      ? null
      : h(
          "p",
          { class: "note" },
          `The executors raised alarms: ${alarms.map(({ code, detail }) => `${code} (${detail})`).join("; ")}.`,
        ),
  );
}

const placeOf = ({
  index,
  executor,
  seq,
  task,
  step,
}: {
  index?: number;
  executor?: string;
  seq?: number;
  task?: string;
  step?: string;
}): string =>
  [
    index === undefined ? null : ` entry ${index}`,
    executor === undefined ? null : ` ${executor}${seq === undefined ? "" : ` at ${seq}`}`,
    task === undefined ? null : ` ${task}${step === undefined ? "" : `/${step}`}`,
  ]
    .filter((part) => part !== null)
    .join(",");

function trustSection(evidence: Evidence, trust: VerifierTrust): HTMLElement {
  const kids = (keys: Iterable<string>): Child[] => [...keys].map((kid) => h("code", { class: "kid" }, kid));
  return h(
    "section",
    { id: "trust" },
    h("h2", {}, "Whom this rests on"),
    h(
      "p",
      {},
      "Everything above was checked by these public keys, and they came in this file. Compare the root key's fingerprint with the one that you know from elsewhere: from the deploy configuration, or from a person of the tenant.",
    ),
    h(
      "p",
      { class: "anchor" },
      h("span", {}, "Root key"),
      h("code", { class: "kid", id: "root-key" }, keyId(trust.anchor.rootKey)),
    ),
    h(
      "dl",
      { class: "keys" },
      fact("Log", ...trust.logKeys.map(({ name, keyHash }) => h("code", { class: "kid" }, `${name}+${keyHash}`))),
      fact("Plans", ...kids(trust.proposalKeys.keys())),
      fact("Executors", ...kids(trust.receiptKeys.keys())),
    ),
    h("h3", {}, "This page cannot vouch for itself"),
    h(
      "p",
      {},
      "Whoever sent it could have replaced its verifier as well. What it says holds for a reader who trusts the file; to trust the record, check the same file with a program of your own and with keys of your own:",
    ),
    h("pre", {}, `countersign verify --evidence FILE.html --trust trust.json --tenant ${evidence.about.tenant}`),
    h(
      "p",
      {},
      "or check the whole log with a program that shares no code with Countersign (test/interop in its repository, over Go's transparency-log packages):",
    ),
    h("pre", {}, `countersign verify --out FOLDER\ninterop -trust trust.json -tenant ${evidence.about.tenant} FOLDER`),
  );
}

function doubtSection({ chains }: EvidenceReport): HTMLElement {
  const parts = chains.map(({ executor, seq, gaps }) => {
    const missing = gaps.map(({ from, to }) => `${from} to ${to}`).join(", ");
    return `${executor}: shown up to position ${seq}${missing === "" ? ", from the first record" : `, without ${missing}`}.`;
  });
  return h(
    "section",
    { id: "limits" },
    h("h2", {}, "What it does not say"),
    h(
      "ul",
      {},
      h(
        "li",
        {},
        "Values. The record holds salted commitments to inputs, arguments and results, not the values themselves.",
      ),
      h("li", {}, "Whether the policy answered rightly: the decision is in the record and is not evaluated again."),
      h("li", {}, "Whether an effect took place in the world: the record holds the executor's signed word."),
      h("li", {}, "What happened after the positions up to which the chains are shown, and in other executors."),
      h("li", {}, "Stops and revocations of keys in records that are left out."),
      ...parts.map((part) => h("li", { class: "chain" }, part)),
    ),
  );
}
