/** Draws parsed Markdown. Headings start below the section that they stand in: `#` is an h3, or so many levels higher as `raise` says. */
import { Fragment } from "react";
import { parseMarkdown, type Block, type Line } from "../lib/markdown.ts";
import { visible } from "../lib/format.ts";
import { Link } from "../lib/router.tsx";

export function Markdown({ text, raise = 0 }: { text: string; raise?: number }) {
  return (
    <div className="markdown">
      {parseMarkdown(text).map((block, i) => (
        <BlockView key={i} block={block} raise={raise} />
      ))}
    </div>
  );
}

function BlockView({ block, raise }: { block: Block; raise: number }) {
  switch (block.kind) {
    case "heading": {
      const Heading = `h${Math.min(6, block.level + 2 - raise)}` as "h3";
      return (
        <Heading>
          <LineView line={block.line} />
        </Heading>
      );
    }
    case "paragraph":
      return (
        <p>
          <LineView line={block.line} />
        </p>
      );
    case "quote":
      return (
        <blockquote>
          <LineView line={block.line} />
        </blockquote>
      );
    case "code":
      return <pre tabIndex={0}>{visible(block.text)}</pre>;
    case "rule":
      return <hr />;
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List>
          {block.items.map((item, i) => (
            <li key={i} className={`depth-${item.depth}`}>
              <LineView line={item.line} />
            </li>
          ))}
        </List>
      );
    }
    case "table":
      return (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Table">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, i) => (
                  <th key={i} scope="col">
                    <LineView line={cell} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j}>
                      <LineView line={cell} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}

function LineView({ line }: { line: Line }) {
  return line.map((part, i) => {
    const text = visible(part.text);
    if (part.kind === "code") return <code key={i}>{text}</code>;
    if (part.kind === "strong") return <strong key={i}>{text}</strong>;
    if (part.kind === "em") return <em key={i}>{text}</em>;
    if (part.kind !== "link") return <Fragment key={i}>{text}</Fragment>;
    if (/^\/(tasks|reviews|runbooks)\//.test(part.href))
      return (
        <Link key={i} to={part.href}>
          {text}
        </Link>
      );
    return (
      <a
        key={i}
        href={part.href}
        rel="noreferrer noopener"
        target={part.href.startsWith("https:") ? "_blank" : undefined}
      >
        {text}
      </a>
    );
  });
}
