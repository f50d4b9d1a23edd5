/** Which capabilities an expression is about, where its top-level conjunction says so. */
import { type Ast, constantOf, pathOf } from "./expression.ts";

/** The only capabilities for which the expression can be anything but false; undefined where it does not say. */
export function capabilitiesOf(ast: Ast): readonly string[] | undefined {
  const { exprKind: kind } = ast;
  if (kind.case !== "callExpr") return undefined;
  const { function: name, args } = kind.value;
  if (name === "_&&_") {
    for (const arg of args) {
      const found = capabilitiesOf(arg);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [left, right] = args;
  if (left === undefined || right === undefined) return undefined;
  if (name === "_==_") {
    const value = isCapabilityName(left) ? constantOf(right) : isCapabilityName(right) ? constantOf(left) : undefined;
    return typeof value === "string" ? [value] : undefined;
  }
  if (name !== "@in" || !isCapabilityName(left) || right.exprKind.case !== "listExpr") return undefined;
  const values = right.exprKind.value.elements.map(constantOf);
  return values.every((value) => typeof value === "string") ? values : undefined;
}

function isCapabilityName(node: Ast): boolean {
  const path = pathOf(node);
  return (
    path?.root === "capability" && path.segments.length === 1 && path.segments[0] === "name" && !isPresenceTest(node)
  );
}

const isPresenceTest = (node: Ast): boolean => node.exprKind.case === "selectExpr" && node.exprKind.value.testOnly;
