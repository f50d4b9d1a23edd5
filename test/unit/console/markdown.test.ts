import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInline, parseMarkdown } from "../../../console/src/lib/markdown.ts";

describe("Markdown", () => {
  it("knows headings, paragraphs, lists, tables, quotes, rules and code", () => {
    const text =
      "# A\n\none\ntwo\n\n- x\n  - y\n\n1. z\n\n| a | b |\n|---|---|\n| c | d |\n\n> q\n\n---\n\n```json\n{}\n```\n";
    expect(parseMarkdown(text).map(({ kind }) => kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "list",
      "table",
      "quote",
      "rule",
      "code",
    ]);
  });

  it("ends a code block only at a fence as long as the one that began it", () => {
    expect(parseMarkdown("````json\n```\n# not a heading\n````\n# a heading")).toEqual([
      { kind: "code", text: "```\n# not a heading" },
      { kind: "heading", level: 1, line: [{ kind: "text", text: "a heading" }] },
    ]);
  });

  it("reads code fenced by several backticks, so that a value cannot leave it", () => {
    expect(parseInline("`` a`b**c** `` x")).toEqual([
      { kind: "code", text: "a`b**c**" },
      { kind: "text", text: " x" },
    ]);
  });

  it.each([
    "javascript:alert(1)",
    "//evil.example",
    "/\\evil.example",
    "http://evil.example",
    "data:text/html,x",
    "/v1/ledger/proof?index=1",
  ])("makes no link to %s", (href) => {
    expect(parseInline(`[click](${href})`).every(({ kind }) => kind !== "link")).toBe(true);
  });

  it("links to pages of the console and to https", () => {
    expect(parseInline("[t](/tasks/x) [d](https://example.org)").filter(({ kind }) => kind === "link")).toHaveLength(2);
  });

  it("ends on any text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("#", "`", "```", "|", "-", "> ", "1. ", "*", "[a](b)", "\n", "\n\n", " ", "x", "\\")),
        (parts) => {
          expect(Array.isArray(parseMarkdown(parts.join("")))).toBe(true);
        },
      ),
    );
  });
});
