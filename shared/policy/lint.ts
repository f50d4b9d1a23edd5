/**
 * A type checker's opinion of a policy, for publishing. Advice without a veto: the checker is another implementation of CEL than the
 * evaluator and knows less of it. It stands in its own file because nothing that decides needs it.
 */
import { Environment } from "@marcbachmann/cel-js";
import { ROLES } from "../capability.ts";
import type { Field } from "../contracts.ts";
import { capabilitiesOf } from "./about.ts";
import { compileExpression } from "./expression.ts";
import { type CapabilityDeclaration, type Declarations, ROOTS } from "./facts.ts";
import type { Policy } from "./schema.ts";

export type Advice = { readonly rule: string; readonly message: string };

/** A type name of the checker, or the fields of an object. */
type CelType = string | { readonly [field: string]: CelType };

/** What the checker holds against each rule, given the arguments of the capability it speaks of. */
export function lintPolicy(policy: Policy, declarations: Declarations): Advice[] {
  return [
    ...[...policy.rules, ...(policy.unguarded ?? [])].flatMap(({ id, when }) => lintWhen(id, when, [], declarations)),
    ...(policy.limits ?? []).flatMap(({ id, when, sum, group }) => {
      const parts: Part[] = [];
      if (sum !== undefined) parts.push({ source: sum, what: "sum", types: ["int"] });
      if (group !== undefined) parts.push({ source: group, what: "group", types: ["string", "int", "bool"] });
      return lintWhen(id, when, parts, declarations);
    }),
  ];
}

/** A further expression of a limit, and the types that it may answer. */
type Part = { readonly source: string; readonly what: string; readonly types: readonly string[] };

function lintWhen(id: string, when: string, parts: readonly Part[], declarations: Declarations): Advice[] {
  const compiled = compileExpression(when, ROOTS);
  if (!compiled.ok) return [{ rule: id, message: compiled.problem.detail }];
  const names = capabilitiesOf(compiled.value.ast);
  const unknown = (names ?? []).filter((name) => !declarations.capabilities.has(name));
  const capability = names?.length === 1 ? declarations.capabilities.get(names[0]!) : undefined;
  const checker = environment(declarations, capability);
  const messages = unknown.map((name) => `there is no capability ${name} in this release`);
  for (const { source, what, types } of [{ source: when, what: "rule", types: ["bool"] }, ...parts]) {
    const checked = checker.check(source);
    if (!checked.valid) messages.push(checked.error?.message ?? "does not type-check");
    else if (checked.type !== "dyn" && !types.includes(String(checked.type)))
      messages.push(`answers ${checked.type}, and a ${what} answers ${types.join(" or ")}`);
  }
  return messages.map((message) => ({ rule: id, message }));
}

function environment(declarations: Declarations, capability: CapabilityDeclaration | undefined): Environment {
  const environment = new Environment();
  const declare = (name: string, type: CelType) =>
    typeof type === "string"
      ? environment.registerVariable(name, type)
      : environment.registerVariable({ name, schema: type as never });
  const args = capability?.input.root;
  const argumentNames = [...(args?.properties.keys() ?? [])];
  declare("intent", {
    automation: "string",
    region: "string",
    purpose: "string",
    label: "string",
    labelledBy: "string",
    fields: "map<string, dyn>",
    input: typeOf(declarations.input.root),
  });
  declare(
    "features",
    declarations.features === undefined || declarations.features.size === 0
      ? "map<string, dyn>"
      : Object.fromEntries([...declarations.features].map(([name, { feature }]) => [name, CEL_TYPE[feature.type]])),
  );
  declare("task", { id: "string", region: "string", round: "int" });
  declare("principal", { key: "string", role: "string", member: "string", person: "bool" });
  declare("agent", { id: "string", planner: "string" });
  declare("undo", { of: "string", kind: "string" });
  declare("capability", {
    name: "string",
    version: "string",
    risk: "string",
    effect: "string",
    reversible: "bool",
    delivery: "string",
    tags: "list<string>",
  });
  declare("args", args === undefined ? "map<string, dyn>" : typeOf(args));
  declare(
    "provenance",
    argumentNames.length === 0
      ? "map<string, string>"
      : Object.fromEntries(argumentNames.map((name) => [name, "string"])),
  );
  declare("roles", Object.fromEntries(ROLES.map((role) => [role, "string"])));
  declare("preview", capability?.preview === undefined ? "map<string, dyn>" : typeOf(capability.preview.root));
  declare("premises", { count: "int", weakest: "string" });
  declare("evidence", { count: "int", maxAgeMs: "int", sources: "list<string>", contracts: "list<string>" });
  declare("memory", { count: "int", maxAgeMs: "int", sources: "list<string>", contracts: "list<string>" });
  declare("toggles", "map<string, dyn>");
  declare("results", "map<string, dyn>");
  declare("confidence", "double");
  declare("claimedConfidence", "double");
  declare("now", "google.protobuf.Timestamp");
  return environment;
}

const CEL_TYPE = { boolean: "bool", integer: "int", number: "double", string: "string" } as const;

function typeOf(field: Field | undefined): CelType {
  const [only, ...others] = field?.types ?? [];
  if (field === undefined || only === undefined || others.length > 0) return "dyn";
  switch (only) {
    case "string":
      return "string";
    case "integer":
      return "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    case "null":
      return "null_type";
    case "array": {
      const item = typeOf(field.items);
      return `list<${typeof item === "string" ? item : "map<string, dyn>"}>`;
    }
    case "object":
      if (field.properties.size === 0) return "map<string, dyn>";
      return Object.fromEntries([...field.properties].map(([name, part]) => [name, typeOf(part)]));
  }
}
