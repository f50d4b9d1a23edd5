/**
 * Regular expressions that a contract may carry. The engine that runs them backtracks and has no timeout, so only patterns
 * whose work is bounded by their own text are accepted: whole-value (`^…$`), no repetition of anything that itself varies,
 * no look-around, no back references, and a bounded number of ways to match.
 */
import { LIMITS } from "./limits.ts";

export type PatternFacts = {
  /** No bare number and no word matches: a text that does is an identifier wherever it is found. */
  readonly distinctive: boolean;
};

/** What one atom matches, as far as telling identifiers from words and numbers needs it. */
type Kind = "digits" | "hex" | "letters" | "mark" | "mixed";
type Part = { readonly kind: Kind; readonly min: number };
/** `ways`: an upper bound on how often the engine can try again. `parts`: what must occur. */
type Node = {
  readonly ways: number;
  readonly varies: boolean;
  readonly parts: readonly Part[];
  readonly min: number;
};

class Refused extends Error {}
const refuse = (why: string): never => {
  throw new Refused(why);
};

/** What the pattern is, or why it is refused. */
export function analysePattern(pattern: string): PatternFacts | { readonly refused: string } {
  try {
    if (pattern.length > LIMITS.patternChars) refuse(`is longer than ${LIMITS.patternChars} characters`);
    if (!pattern.startsWith("^") || !pattern.endsWith("$") || /\\(?:\\\\)*\$$/.test(pattern))
      refuse("must cover the whole value: ^…$");
    new RegExp(pattern, "u");
    const scanner = new Scanner(pattern.slice(1, -1));
    const node = scanner.alternatives();
    if (!scanner.done) refuse("has an unmatched )");
    if (scanner.topAlternatives) refuse("needs a group around its alternatives");
    if (node.ways > LIMITS.patternWays) refuse("has too many ways to match: bound its repetitions, as in {1,32}");
    return { distinctive: isDistinctive(node) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.message };
    if (error instanceof SyntaxError) return { refused: "is not a regular expression" };
    throw error;
  }
}

/** At least three digits that must be there and a character that is none, or sixteen hex digits. */
function isDistinctive(node: Node): boolean {
  const count = (...kinds: Kind[]) =>
    node.parts.reduce((sum, part) => (kinds.includes(part.kind) ? sum + part.min : sum), 0);
  return (count("digits", "hex") >= 3 && count("mark", "letters") >= 1) || count("hex") >= 16;
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  topAlternatives = false;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(): Node {
    const branches = [this.#sequence()];
    while (this.#take("|")) {
      if (this.#depth === 0) this.topAlternatives = true;
      branches.push(this.#sequence());
    }
    if (branches.length === 1) return branches[0]!;
    const ways = branches.reduce((sum, branch) => sum + branch.ways, 0);
    return {
      ways,
      varies: true,
      parts: [],
      min: Math.min(...branches.map((branch) => branch.min)),
    };
  }

  #sequence(): Node {
    let [ways, varies, min] = [1, false, 0];
    const parts: Part[] = [];
    while (!this.done && !/[|)]/.test(this.#text[this.#at]!)) {
      const node = this.#quantified();
      ways = Math.min(ways * node.ways, Number.MAX_SAFE_INTEGER);
      varies ||= node.varies;
      min += node.min;
      parts.push(...node.parts);
    }
    return { ways, varies, parts, min };
  }

  #quantified(): Node {
    const atom = this.#atom();
    const match = /^(?:[*+?]|\{(\d{1,4})(,(\d{0,4}))?\})/.exec(this.#text.slice(this.#at));
    if (match === null) return atom;
    this.#at += match[0].length;
    if (this.#text[this.#at] === "?") refuse("uses a lazy repetition");
    const least = match[1] !== undefined ? Number(match[1]) : match[0] === "+" ? 1 : 0;
    const most =
      match[0] === "?" ? 1 : match[1] === undefined || match[3] === "" ? Infinity : Number(match[3] ?? match[1]);
    if (atom.varies && most > 1) refuse("repeats something that itself varies");
    const repeats = most === Infinity ? LIMITS.patternWays / 10 : most - least + 1;
    const parts = least === 0 ? [] : atom.parts.map((part) => ({ ...part, min: part.min * least }));
    return {
      ways: atom.ways * repeats,
      varies: atom.varies || most !== least,
      parts,
      min: atom.min * least,
    };
  }

  #atom(): Node {
    const char = this.#text[this.#at++]!;
    if (char === "(") return this.#group();
    if (char === "[") return single(this.#classKind());
    if (char === ".") return single("mixed");
    if (char === "^" || char === "$") return refuse("anchors inside itself");
    if (char === "\\") return single(this.#escapeKind());
    return single(kindOf(char));
  }

  #group(): Node {
    if (this.#text[this.#at] === "?" && !this.#take("?:")) refuse("uses look-around or a named group");
    this.#depth++;
    const node = this.alternatives();
    this.#depth--;
    if (!this.#take(")")) refuse("has an unmatched (");
    return node;
  }

  /** After a backslash. */
  #escapeKind(): Kind {
    const char = this.#text[this.#at++]!;
    if (char === "d") return "digits";
    if (/[\dkbBxuc]/.test(char)) return refuse("uses a back reference, a word boundary or a numeric escape");
    if (/[pP]/.test(char)) this.#at = this.#text.indexOf("}", this.#at) + 1;
    return /[a-z]/i.test(char) ? "mixed" : "mark";
  }

  /** After an opening bracket. */
  #classKind(): Kind {
    const start = this.#at;
    for (; this.#text[this.#at] !== "]"; this.#at++) if (this.#text[this.#at] === "\\") this.#at++;
    const body = this.#text.slice(start, this.#at++);
    if (/^(?:0-9|\\d|\d)+$/.test(body)) return "digits";
    if (/^(?:0-9|\\d|a-f|A-F)+$/.test(body)) return "hex";
    if (/^(?:a-z|A-Z|[a-zA-Z])+$/.test(body)) return "letters";
    return /^[#_/:.-]+$/.test(body) ? "mark" : "mixed";
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

const single = (kind: Kind): Node => ({
  ways: 1,
  varies: false,
  parts: [{ kind, min: 1 }],
  min: 1,
});

function kindOf(char: string): Kind {
  if (/\d/.test(char)) return "digits";
  return /\p{L}/u.test(char) ? "letters" : "mark";
}
