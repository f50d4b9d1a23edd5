/**
 * The evidence file: one HTML page with the evidence, the verifier and nothing that a network is needed for.
 *
 *   about, trust, checkpoint, entries, proofs   the evidence, each as JSON in a script element that nothing runs
 *   verifier, style                             named by their hashes in the content security policy: changed, they do not run
 *   integrity                                   SHA-256 of each part, and of the page around them
 *
 * H1  What a browser reads out of the page (outerHTML) is what stands in the file, so that the page can find a change in itself:
 *     lower-case tags, double quotes, no white space where the parser drops it.
 * H2  JSON in the page holds no `<`, so that no part can end early.
 */
import { toBase64 } from "../bytes.ts";
import { sha256, sha256Hex } from "../sha256.ts";
import { Evidence } from "./evidence.ts";

const DATA_PARTS = ["about", "trust", "checkpoint", "entries", "proofs"] as const;

/** What makes a page of evidence: the bundled verifier (`VERIFIER_BUNDLE`) and its style sheet. */
export type PageParts = { readonly verifier: string; readonly style: string };

const base64 = (text: string): string => toBase64(sha256(text));
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** The page for this evidence. */
export function evidencePage(evidence: Evidence, { verifier, style }: PageParts): string {
  const parts = new Map<string, string>(DATA_PARTS.map((name) => [name, inScript(evidence[name])]));
  parts.set("style", style);
  parts.set("verifier", verifier);
  const empty = frame(parts, () => "");
  const integrity = {
    ...Object.fromEntries([...parts].map(([name, text]) => [name, sha256Hex(text)])),
    page: sha256Hex(empty),
  };
  const full = frame(parts, (name) => (name === "integrity" ? JSON.stringify(integrity) : parts.get(name)!));
  return `<!DOCTYPE html>${full}`;
}

/** The page with the contents that `content` gives for its parts. */
function frame(parts: ReadonlyMap<string, string>, content: (part: string) => string): string {
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${base64(parts.get("verifier")!)}'`,
    `style-src 'sha256-${base64(parts.get("style")!)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
  const data = [...DATA_PARTS, "integrity"].map(
    (name) => `<script type="application/json" data-part="${name}">${content(name)}</script>`,
  );
  return [
    `<html lang="en"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>Evidence</title><style data-part="style">${content("style")}</style></head>`,
    `<body><header><p class="kicker">Countersign evidence</p><h1 id="subject">Evidence</h1><p id="scope"></p>`,
    `<div id="verdict" data-state="unable" role="status"><strong class="verdict-title">Not verified</strong>`,
    `<p>This page has not verified itself: its verifier was changed, or this browser runs no scripts. Do not rely on it.</p></div></header>`,
    `<main id="content"></main>`,
    ...data,
    `<script data-part="verifier">${content("verifier")}</script></body></html>`,
  ].join("");
}

/** The evidence in a page; null where there is none that can be read. */
export function evidenceIn(page: string): Evidence | null {
  const found = new Map(
    [...page.matchAll(/<script type="application\/json" data-part="([a-z]+)">([^<]*)<\/script>/g)].map(
      ([, name, text]) => [name!, text!],
    ),
  );
  try {
    const read = Evidence.safeParse(
      Object.fromEntries(DATA_PARTS.map((name) => [name, JSON.parse(found.get(name) ?? "")])),
    );
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
