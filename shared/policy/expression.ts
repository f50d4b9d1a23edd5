/**
 * One CEL expression: parsed, bounded and planned once, evaluated many times.
 *
 * The evaluator has no cost limit of its own, so the cost is bounded before it runs: source length, nodes, one loop, no `matches`.
 * Names and functions are checked here too: a rule that mentions what does not exist is refused when it is published,
 * not when it should have protected something.
 */
import { type CelError, celEnv, type CelInput, type CelValue, isCelError, parse, plan } from "@bufbuild/cel";
import { LIMITS } from "../limits.ts";
import { problem } from "../problems.ts";
import { err, ok, type Result } from "../result.ts";

export { isCelError };
export type { CelError, CelInput, CelValue };
export type Ast = NonNullable<ReturnType<typeof parse>["expr"]>;
/** A root and the constant segments after it: `args.items[0].id` is `args`, `items`, `0`, `id`. */
export type Path = { readonly root: string; readonly segments: readonly string[] };
export type Bindings = { readonly [root: string]: CelInput | CelError | undefined };

export interface Expression {
  readonly source: string;
  readonly ast: Ast;
  /** What of the declared roots it looks at; a path ends where the access stops being constant. */
  readonly paths: readonly Path[];
  /** The declared roots it mentions. */
  readonly roots: ReadonlySet<string>;
  /** A CEL value, or a CelError; never throws. */
  evaluate(bindings: Bindings): CelValue | CelError;
}

const ENV = celEnv();
const TYPE_NAMES = new Set(["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"]);
const SYNTAX = new Set(["_[_]", "_?_:_", "_&&_", "_||_", "@not_strictly_false"]);

class Refused extends Error {}
const refuse = (why: string): never => {
  throw new Refused(why);
};

/** Compiles a source text that may mention the declared roots. Errors: `cel-invalid`. */
export function compileExpression(source: string, declared: readonly string[]): Result<Expression> {
  try {
    if (source.length > LIMITS.celChars) refuse(`is longer than ${LIMITS.celChars} characters`);
    const ast = parseSource(source);
    const paths = new Survey(new Set(declared)).of(ast);
    const run = plan(ENV, ast) as (bindings: Bindings) => CelValue | CelError;
    return ok({
      source,
      ast,
      paths,
      roots: new Set(paths.map((path) => path.root)),
      evaluate: run,
    });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return err(problem("cel-invalid", `The expression ${error.message}`));
  }
}

function parseSource(source: string): Ast {
  try {
    return parse(source).expr;
  } catch (error) {
    return refuse(`does not parse: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Walks an AST once: counts what costs, checks names, collects paths. */
class Survey {
  readonly #declared: ReadonlySet<string>;
  readonly #paths: Path[] = [];
  #nodes = 0;
  #loops = 0;

  constructor(declared: ReadonlySet<string>) {
    this.#declared = declared;
  }

  of(ast: Ast): readonly Path[] {
    this.#walk(ast, new Set());
    return this.#paths;
  }

  #walk(node: Ast | undefined, local: ReadonlySet<string>): void {
    if (node === undefined) return;
    this.#count();
    const path = pathOf(node);
    if (path !== undefined) return this.#mention(path, local);
    const { exprKind: kind } = node;
    switch (kind.case) {
      case "selectExpr":
        return this.#walk(kind.value.operand, local);
      case "callExpr": {
        const { function: name, target, args } = kind.value;
        if (name === "matches") refuse("uses matches, whose cost has no bound");
        if (!SYNTAX.has(name) && ENV.funcs.find(name) === undefined) refuse(`calls ${name}, which does not exist`);
        this.#walk(target, local);
        return args.forEach((arg) => this.#walk(arg, local));
      }
      case "listExpr":
        return kind.value.elements.forEach((element) => this.#walk(element, local));
      case "structExpr":
        if (kind.value.messageName !== "") refuse(`makes a message of type ${kind.value.messageName}`);
        checkKeys(kind.value.entries.flatMap((entry) => (entry.keyKind.case === "mapKey" ? entry.keyKind.value : [])));
        for (const entry of kind.value.entries) {
          if (entry.keyKind.case === "mapKey") this.#walk(entry.keyKind.value, local);
          this.#walk(entry.value, local);
        }
        return;
      case "comprehensionExpr": {
        if (++this.#loops > LIMITS.celLoops) refuse(`has more than ${LIMITS.celLoops} loop`);
        const { iterVar, iterVar2, accuVar, iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
        for (const name of [iterVar, iterVar2])
          if (this.#declared.has(name) || TYPE_NAMES.has(name)) refuse(`uses the name ${name} for something else`);
        this.#walk(iterRange, local);
        this.#walk(accuInit, local);
        const inside = new Set([...local, iterVar, iterVar2, accuVar]);
        for (const part of [loopCondition, loopStep, result]) this.#walk(part, inside);
        return;
      }
      case "constExpr":
      case "identExpr":
        return;
      default:
        refuse("has a part that is not understood");
    }
  }

  #mention(path: Path, local: ReadonlySet<string>): void {
    // A path's inner nodes are not walked, but they count.
    for (const _ of path.segments) this.#count();
    if (local.has(path.root)) return;
    if (this.#declared.has(path.root)) this.#paths.push(path);
    else if (!TYPE_NAMES.has(path.root) || path.segments.length > 0)
      refuse(`mentions ${path.root}, which does not exist`);
  }

  #count(): void {
    if (++this.#nodes > LIMITS.celNodes) refuse(`has more than ${LIMITS.celNodes} nodes`);
  }
}

/** A name followed by constant accesses only; undefined for anything else. */
export function pathOf(node: Ast): Path | undefined {
  const { exprKind: kind } = node;
  if (kind.case === "identExpr") return { root: kind.value.name, segments: [] };
  if (kind.case === "selectExpr") return kind.value.operand && extend(pathOf(kind.value.operand), kind.value.field);
  if (kind.case !== "callExpr" || kind.value.function !== "_[_]") return undefined;
  const [operand, index] = kind.value.args;
  const key = index && constantOf(index);
  if (typeof key !== "string" && typeof key !== "bigint") return undefined;
  return operand && extend(pathOf(operand), String(key));
}

const extend = (path: Path | undefined, segment: string): Path | undefined =>
  path && { root: path.root, segments: [...path.segments, segment] };

/** The value of a string, int or bool constant; undefined for anything else. */
export function constantOf(node: Ast): string | bigint | boolean | undefined {
  if (node.exprKind.case !== "constExpr") return undefined;
  const { constantKind: kind } = node.exprKind.value;
  return kind.case === "stringValue" || kind.case === "int64Value" || kind.case === "boolValue"
    ? kind.value
    : undefined;
}

/**
 * The evaluator does not see that `0`, `0u` and a computed 0 are the same key, and answers where CEL demands an error.
 * So a map literal of two or more entries has constant keys, none of them unsigned.
 */
function checkKeys(keys: readonly Ast[]): void {
  if (keys.length > 1 && keys.some((key) => constantOf(key) === undefined))
    refuse("has a map literal whose keys are not string, int or bool constants");
}
