/**
 * Publishing a text of an edition on the website, and taking it down again. The content system keeps `Idempotency-Key`; a page has the address of
 * its edition and language, so there is one of each.
 */
import { type HttpWrite, path } from "../adapters/http-definition.ts";
import { edition, language, title, body } from "./editions.ts";
import { object, oneOf, text } from "./schemas.ts";

type Args = { readonly edition: string; readonly language: string; readonly title: string; readonly body: string };
const pageId = text(100, { minLength: 1 });

export const publishPage: HttpWrite<Args> = {
  contract: {
    name: "pages.publish",
    version: "1.0.0",
    summary: "Publishes a text of an edition as a page of the website.",
    input: object({ edition, language, title, body }),
    output: object({ pageId }),
    risk: "medium",
    effect: "write",
    reversible: true,
    delivery: "idempotent",
    roles: { target: ["edition"], disclosure: ["title", "body"] },
    // Not the edition: other languages and letters do not depend on a page, and it can be taken down without them.
    tags: ["page:{edition}:{language}"],
    effectKey: "page:{edition}:{language}",
    undo: { capability: "pages.withdraw", args: { pageId: { $result: "/pageId" } } },
  },
  target: "website",
  credential: "website",
  request: ({ edition: id, language: tag, title: heading, body: words }) => ({
    method: "PUT",
    path: path`/v1/pages/${id}/${tag}`,
    body: { title: heading, body: words },
  }),
  answer: ({ status, body: said }) =>
    status === 201 && typeof said === "object" && said !== null && "pageId" in said
      ? { says: "applied", result: { pageId: said["pageId"]! } }
      : null,
  notExecuted: [429, 503],
};

export const withdrawPage: HttpWrite<{ readonly pageId: string }> = {
  contract: {
    name: "pages.withdraw",
    version: "1.0.0",
    summary: "Takes a page off the website.",
    input: object({ pageId }),
    output: object({ withdrawn: oneOf(true) }),
    risk: "low",
    effect: "write",
    reversible: false,
    delivery: "idempotent",
    roles: { target: ["pageId"] },
    tags: ["page:{pageId}"],
  },
  target: "website",
  credential: "website-withdrawals",
  request: ({ pageId: id }) => ({ method: "DELETE", path: path`/v1/pages/${id}` }),
  answer: ({ status }) => (status === 204 || status === 404 ? { says: "applied", result: { withdrawn: true } } : null),
  notExecuted: [429, 503],
};
