/** The page of one problem code: what it means and what to do. Plain HTML like the API page, under the same policy: nothing can run. */
import { utf8 } from "../../shared/bytes.ts";
import { isRetryable, PROBLEMS, type ProblemCode } from "../../shared/problems.ts";
import { escape, prose, STYLE } from "./api-page.ts";
import { ADVICE } from "./problem-advice.ts";

/** The page's bytes; null for a code that does not exist. */
export function problemPageBytes(code: string): Uint8Array<ArrayBuffer> | null {
  return Object.hasOwn(PROBLEMS, code) ? utf8(problemPage(code as ProblemCode)) : null;
}

function problemPage(code: ProblemCode): string {
  const { status, title } = PROBLEMS[code];
  const again = isRetryable(code)
    ? "The same request may succeed later: repeat it unchanged, with the same idempotency key."
    : "Repeating the same request unchanged does not help.";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(code)} · Countersign</title><style>${STYLE}</style></head><body>
<main><h1><code>${escape(code)}</code></h1><p><b>${escape(title)}.</b></p>
<table><tbody>
<tr><th scope="row">HTTP status</th><td>${status}</td></tr>
<tr><th scope="row">What to do</th><td>${prose(ADVICE[code])}</td></tr>
<tr><th scope="row">Again?</th><td>${again}</td></tr>
</tbody></table>
<p>The answer's <code>detail</code> says it for the one request, <code>facts</code> hold what is needed to act, and <code>instance</code> names the request in the log.</p>
</main><p><a href="/docs/api#problems">All codes</a> · <a href="/docs/api">API</a></p></body></html>`;
}
