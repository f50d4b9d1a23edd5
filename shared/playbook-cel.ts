/**
 * CEL of a fan-out or a sub-playbook, written over the whole playbook: its local names are replaced in the text, so that what a plan carries
 * says by itself what is compared, and is evaluated like any other condition.
 *
 * Names are replaced as tokens, never inside texts or comments and never where they name a field. What comes out is compiled like every
 * expression, and a local name that means nothing there is refused then.
 */

/** Text in any of CEL's quotes, a comment, a name, white space, or one other character. */
const TOKEN =
  /[bB]?[rR][bB]?(?:"""[^]*?"""|'''[^]*?'''|"[^"\n]*"|'[^'\n]*')|[bB]?(?:"""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\/[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[0-9][A-Za-z0-9_.]*|\s+|[^]/g;
const NAME = /^[A-Za-z_]/;
const BLANK = /^(?:\s|\/\/)/;

export type CelNames = {
  /** The text for a name that stands alone, such as `item`; undefined leaves it. */
  readonly of: (name: string) => string | undefined;
  /** The text for `root.name` (or `root["name"]`), such as `results.order`; undefined leaves it. */
  readonly member: (root: string, name: string) => string | undefined;
};

/** The text with names replaced. */
export function renameInCel(source: string, names: CelNames): string {
  const tokens = source.match(TOKEN) ?? [];
  const out: string[] = [];
  let isField = false;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (BLANK.test(token)) {
      out.push(token);
      continue;
    }
    if (!isField && NAME.test(token) && !/['"]$/.test(token)) {
      const member = memberAt(tokens, i);
      const whole = member === null ? undefined : names.member(token, member.name);
      out.push(whole ?? names.of(token) ?? token);
      if (whole !== undefined) i = member!.end;
    } else out.push(token);
    isField = token === ".";
  }
  return out.join("");
}

/** The constant access after a name: `.order` or `["order"]`. */
function memberAt(tokens: readonly string[], at: number): { readonly name: string; readonly end: number } | null {
  const next = (i: number): number => {
    let j = i + 1;
    while (j < tokens.length && BLANK.test(tokens[j]!)) j++;
    return j;
  };
  const first = next(at);
  const second = next(first);
  if (tokens[first] === "." && NAME.test(tokens[second] ?? "")) return { name: tokens[second]!, end: second };
  const third = next(second);
  const key = /^(["'])([a-z][a-z0-9_-]*)\1$/.exec(tokens[second] ?? "")?.[2];
  return tokens[first] === "[" && key !== undefined && tokens[third] === "]" ? { name: key, end: third } : null;
}

/** The access to a step's result: `results.order`, or with brackets where the id is no name in CEL. */
export const celResult = (step: string): string =>
  /^[a-z][a-z0-9_]*$/.test(step) ? `results.${step}` : `results[${JSON.stringify(step)}]`;

/** An expression extended by the segments of a JSON pointer. */
export const celAt = (base: string, segments: readonly string[]): string =>
  segments.reduce(
    (text, segment) =>
      /^\d+$/.test(segment)
        ? `${text}[${segment}]`
        : /^[A-Za-z_][A-Za-z0-9_]*$/.test(segment)
          ? `${text}.${segment}`
          : `${text}[${JSON.stringify(segment)}]`,
    base,
  );
