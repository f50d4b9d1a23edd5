/**
 * Where a text stops being JSON (RFC 8259), for whoever has to correct it. Runs only after the engine's parser has refused a text: engines
 * say it in words that differ and that quote the text, which may hold personal values. No recursion, so nesting costs no stack.
 */
export type Place = { readonly line: number; readonly column: number };

/** The place of the first character that no JSON text could have there, or of the end where the text breaks off; both count from 1. */
export function syntaxFault(text: string): Place {
  const at = faultIndex(text);
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

type Expected = "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "more-or-end";

function faultIndex(text: string): number {
  const open: ("[" | "{")[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    at = matchAt(WHITE_SPACE, text, at);
    const sign = text[at];
    if (sign === undefined) return at;
    const isKey: boolean = expected === "key" || expected === "key-or-end";
    const closes = sign === (open.at(-1) === "[" ? "]" : "}");
    if (open.length > 0 && closes && expected !== "value" && expected !== "key" && expected !== "colon") {
      open.pop();
      expected = "more-or-end";
      at += 1;
    } else if (expected === "more-or-end") {
      if (open.length === 0 || sign !== ",") return at;
      expected = open.at(-1) === "[" ? "value" : "key";
      at += 1;
    } else if (expected === "colon") {
      if (sign !== ":") return at;
      expected = "value";
      at += 1;
    } else if (sign === '"') {
      at = endOfString(text, at + 1);
      if (text[at] !== '"') return at;
      at += 1;
      expected = isKey ? "colon" : "more-or-end";
    } else if (isKey) return at;
    else if (sign === "[" || sign === "{") {
      open.push(sign);
      expected = sign === "[" ? "value-or-end" : "key-or-end";
      at += 1;
    } else {
      const end = matchAt(SCALAR, text, at);
      if (end === at) return at;
      at = end;
      expected = "more-or-end";
    }
  }
}

const WHITE_SPACE = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// oxlint-disable-next-line no-control-regex
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

/** Where a match that begins at `at` ends; `at` where there is none. */
function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The closing quote's place, or the place of what a string cannot hold. */
function endOfString(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = matchAt(PLAIN, text, at);
    const end = matchAt(ESCAPE, text, at);
    if (end === at) return at;
    at = end;
  }
}
