/** The head of the page: what the verification says, in one sentence. */
import type { EvidenceReport } from "../../../shared/evidence/index.ts";
import { h, type Child } from "./dom.ts";

const PART_NAMES: Readonly<Record<string, string>> = {
  about: "what the file says about itself",
  trust: "the public keys",
  checkpoint: "the checkpoint",
  entries: "the entries",
  proofs: "the proofs",
  style: "how the page looks",
  verifier: "the verifier in the page",
  page: "the page around the evidence (an extension of the browser can do that too)",
  integrity: "the list of digests",
};

export const namePart = (part: string): string => PART_NAMES[part] ?? part;

function show(state: "verifying" | "verified" | "failed" | "unable", title: string, ...more: readonly Child[]): void {
  const verdict = document.getElementById("verdict")!;
  verdict.dataset["state"] = state;
  document.documentElement.dataset["state"] = state;
  verdict.replaceChildren(
    ...[h("strong", { class: "verdict-title" }, title), ...more].filter((child) => child !== null),
  );
}

export const showVerifying = (): void => show("verifying", "Verifying…");

export function showUnreadable(part: string, changed: readonly string[]): void {
  show(
    "failed",
    "This evidence does not verify",
    h("p", {}, `It cannot be read: ${namePart(part)} does not have the form that it was written in.`),
    changedList(changed),
  );
}

export function showVerdict(report: EvidenceReport, changed: readonly string[], isAble: boolean): void {
  if (report.verified && changed.length === 0)
    return show(
      "verified",
      "Verified",
      h(
        "p",
        {},
        "Every check below holds, by the keys in this file. ",
        h("a", { href: "#trust" }, "Compare the root key"),
        " before you rely on it: a page cannot vouch for itself.",
      ),
    );
  if (!isAble)
    return show(
      "unable",
      "This browser cannot verify",
      h(
        "p",
        {},
        "It does not know Ed25519 signatures. Open the file in Chrome or Edge 137, Firefox 129, Safari 17, or newer.",
      ),
    );
  const failed = report.checks.filter(({ status }) => status === "failed");
  show(
    "failed",
    "This evidence does not verify",
    failed.length === 0
      ? h("p", {}, "The signatures and proofs hold, and yet the file is not as it was written.")
      : h("p", {}, `It fails at: ${failed.map(({ check }) => check).join(", ")}. The checks below say where.`),
    changedList(changed),
  );
}

const changedList = (changed: readonly string[]): Child =>
  changed.length === 0
    ? null
    : h(
        "div",
        { id: "changed" },
        h("p", {}, "Changed since it was written:"),
        h("ul", {}, ...changed.map((part) => h("li", { "data-changed": part }, namePart(part)))),
      );
