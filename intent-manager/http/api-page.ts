/**
 * The API document as one page of plain HTML: no script, nothing loaded from anywhere, printed from the document itself.
 * It stands on the console's origin, where people's keys live, so it carries a policy of its own under which nothing can run.
 */
import { toBase64, utf8 } from "../../shared/bytes.ts";
import { isRetryable, PROBLEMS, type ProblemCode } from "../../shared/problems.ts";
import { sha256 } from "../../shared/sha256.ts";
import type { openApiDocument } from "./openapi.ts";

type Document = ReturnType<typeof openApiDocument>;
type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: unknown;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: {
    readonly [status: string]: { readonly description?: string; readonly content?: Content; readonly $ref?: string };
  };
};
type Content = { readonly [type: string]: { readonly schema?: unknown } };

export const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{font:15px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.5rem}h2{margin-top:2.5rem;text-transform:capitalize}h3{font-size:1rem;margin:0}
article{border-top:1px solid var(--line);padding:1rem 0}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{overflow:auto;max-height:26rem;border:1px solid var(--line);padding:.75rem}
.method{display:inline-block;min-width:3.2rem;font-weight:700}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}
nav ul{columns:2;padding-left:1rem}summary{cursor:pointer}
@media(max-width:40rem){nav ul{columns:1}}
`;

export const API_PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "public, max-age=60",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${toBase64(sha256(STYLE))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

export function apiPage(document: Document): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
  );
  const sections = document.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return `<section><h2 id="${escape(name)}">${escape(name)}</h2>${own.map(article).join("")}</section>`;
  });
  const index = operations.map(
    ({ path, method, operation }) =>
      `<li><a href="#${escape(operation.operationId)}"><code>${method.toUpperCase()} ${escape(path)}</code></a></li>`,
  );
  const { title, version, description } = document.info;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)} API</title><style>${STYLE}</style></head><body>
<h1>${escape(title)} API ${escape(version)}</h1><p>${prose(description)}</p>
<p>OpenAPI 3.1: <a href="/v1/openapi.json"><code>/v1/openapi.json</code></a> · <a href="#problems">Codes of problems</a></p>
<nav aria-label="Operations"><ul>${index.join("")}</ul></nav>
<main>${sections.join("")}${problems()}</main></body></html>`;
}

/** Every code that a failure can carry; clients branch on it. */
function problems(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<tr><td><a href="/problems/${escape(code)}"><code>${escape(code)}</code></a></td><td>${status}</td><td>${escape(title)}${isRetryable(code as ProblemCode) ? "; the same request may succeed later" : ""}</td></tr>`,
  );
  return `<section><h2 id="problems">Codes of problems</h2><table><tbody>${rows.join("")}</tbody></table></section>`;
}

function article({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const rows = parameters.map(
    (p) =>
      `<tr><td><code>${escape(p.name)}</code></td><td>${p.in}${p.required ? ", required" : ""}</td><td>${prose(p.description ?? typeOf(p.schema))}</td></tr>`,
  );
  const answers = Object.entries(responses).map(
    ([status, { description: meaning = "A problem; `code` says which", content = {} }]) => {
      const schema = Object.values(content)[0]?.schema;
      const types = Object.keys(content).map((type) => `<code>${escape(type)}</code>`);
      return `<li><b>${escape(status)}</b> ${prose(meaning)} ${types.join(", ")}${shape("Shape", schema)}</li>`;
    },
  );
  return `<article id="${escape(operationId)}"><h3><span class="method">${method.toUpperCase()}</span> <code>${escape(path)}</code></h3>
<p><b>${prose(summary)}.</b> ${description.split("\n\n").map(prose).join("</p><p>")}</p>
${rows.length === 0 ? "" : `<table><tbody>${rows.join("")}</tbody></table>`}
${shape("Body", Object.values(requestBody?.content ?? {})[0]?.schema)}
<ul>${answers.join("")}</ul></article>`;
}

const shape = (label: string, schema: unknown): string =>
  schema === undefined
    ? ""
    : `<details><summary>${label}</summary><pre>${escape(JSON.stringify(schema, null, 2))}</pre></details>`;

/** A parameter's values where they are few, otherwise its type. */
function typeOf(schema: unknown): string {
  const { type, enum: values } = (schema ?? {}) as { readonly type?: unknown; readonly enum?: readonly unknown[] };
  return values === undefined ? String(type ?? "") : values.map((value) => `\`${String(value)}\``).join(", ");
}
export const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
/** Text whose only markup is code between backticks. */
export const prose = (text: string): string => escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");

/** The page's bytes, once for each isolate. */
export const apiPageBytes = (document: Document): Uint8Array<ArrayBuffer> => utf8(apiPage(document));
