/**
 * The small part of Markdown that explanations use, parsed into blocks: headings, paragraphs, lists, tables, quotes, code; in lines
 * code, strong, emphasis and links. Nothing in it becomes HTML: what is not understood stays text.
 */

export type Inline =
  | { readonly kind: "text" | "code" | "strong" | "em"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };
export type Line = readonly Inline[];
export type Item = { readonly depth: number; readonly line: Line };
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly line: Line }
  | { readonly kind: "paragraph" | "quote"; readonly line: Line }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly Item[] }
  | { readonly kind: "table"; readonly head: readonly Line[]; readonly rows: readonly (readonly Line[])[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "rule" };

const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const SPECIAL = /^(#{1,6} |```|>|\s*[-*+] |\s*\d+[.)] |\||---+\s*$)/;

export function parseMarkdown(text: string): readonly Block[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const takeWhile = (test: (line: string) => boolean): string[] => {
    const taken: string[] = [];
    while (at < lines.length && test(lines[at]!)) taken.push(lines[at++]!);
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (line.trim() === "") at++;
    else if (heading !== null) {
      blocks.push({ kind: "heading", level: heading[1]!.length, line: parseInline(heading[2]!) });
      at++;
    } else if (line.startsWith("```")) {
      const fence = /^`+/.exec(line)![0];
      at++;
      blocks.push({ kind: "code", text: takeWhile((one) => one.trimEnd() !== fence).join("\n") });
      at++;
    } else if (/^---+\s*$/.test(line)) {
      blocks.push({ kind: "rule" });
      at++;
    } else if (line.startsWith("|")) blocks.push(table(takeWhile((one) => one.startsWith("|"))));
    else if (line.startsWith(">"))
      blocks.push({
        kind: "quote",
        line: parseInline(
          takeWhile((one) => one.startsWith(">"))
            .map((one) => one.replace(/^>\s?/, ""))
            .join(" "),
        ),
      });
    else if (ITEM.test(line)) blocks.push(list(takeWhile((one) => ITEM.test(one) || /^\s+\S/.test(one))));
    else {
      // The first line always belongs to it, so that every turn moves on.
      const first = lines[at++]!;
      blocks.push({
        kind: "paragraph",
        line: parseInline([first, ...takeWhile((one) => one.trim() !== "" && !SPECIAL.test(one))].join(" ")),
      });
    }
  }
  return blocks;
}

function list(lines: readonly string[]): Block {
  const texts: { depth: number; text: string }[] = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item !== null) texts.push({ depth: Math.min(4, Math.floor(item[1]!.length / 2)), text: item[3]! });
    else texts.at(-1)!.text += ` ${line.trim()}`;
  }
  return {
    kind: "list",
    ordered: ITEM.exec(lines[0]!)?.[2] !== undefined,
    items: texts.map(({ depth, text }) => ({ depth, line: parseInline(text) })),
  };
}

function table(lines: readonly string[]): Block {
  const [head = [], ...rows] = lines
    .filter((line) => !/^\|[\s:|-]+\|?\s*$/.test(line))
    .map((line) => cells(line).map(parseInline));
  return { kind: "table", head, rows };
}

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

/** Code is fenced by any number of backticks and ends with as many. */
const INLINE =
  /(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)|\\([\\`*_{}[\]()#+\-.!|<>~])/g;

/** Links lead to pages of this site or to https. Any other address is shown as text, and so is the API's own: a link carries no key. */
export function parseInline(text: string): Line {
  const parts: Inline[] = [];
  const plain = (piece: string): void => {
    const last = parts.at(-1);
    if (piece === "") return;
    if (last?.kind === "text") parts[parts.length - 1] = { kind: "text", text: last.text + piece };
    else parts.push({ kind: "text", text: piece });
  };
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, , code, strong, em, label, href, escaped] = match;
    plain(text.slice(from, match.index));
    if (code !== undefined)
      parts.push({ kind: "code", text: / .*`|` $/.test(code) ? code.replace(/^ (.*) $/, "$1") : code });
    else if (strong !== undefined) parts.push({ kind: "strong", text: strong });
    else if (em !== undefined) parts.push({ kind: "em", text: em });
    else if (label !== undefined && href !== undefined && /^(\/(?![/\\]|v1\/)|https:\/\/|#)/.test(href))
      parts.push({ kind: "link", text: label, href });
    else if (label !== undefined && href !== undefined) plain(`${label} (${href})`);
    else plain(escaped ?? whole);
    from = match.index + whole.length;
  }
  plain(text.slice(from));
  return parts;
}
