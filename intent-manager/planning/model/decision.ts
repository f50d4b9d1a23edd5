/**
 * A model's plan as it is kept for the next time the same is asked: the choice, without the words of whoever asked. What repeats a value of the
 * input stands as a pointer to it and is filled in from the input of the next task, which is the same.
 *
 * K1  Nothing personal is kept: a plan whose arguments say anything else that overlaps with a personal value of the input, that writes prose for
 *     an input with personal values, or whose personal arguments are not the input's own values, is not kept at all. Nor is one of a task about
 *     somebody whom the intent alone names: nothing says then which of its values are theirs.
 */
import { digestOf } from "../../../shared/canonical.ts";
import type { CompiledRelease } from "../../../shared/compiled-release.ts";
import type { Contract } from "../../../shared/contracts.ts";
import type { Json, JsonObject } from "../../../shared/json.ts";
import { escapeSegment, isObject, valueAt } from "../../../shared/pointer.ts";
import type { ModelTier } from "../../../shared/model.ts";
import { asReference } from "../../../shared/references.ts";
import type { TaskContext } from "../../../shared/rpc.ts";
import type { ProposedByAgent } from "../agent-draft.ts";

/** What is kept. `microCents` is what it cost to make. */
export type Decision = {
  readonly tier: ModelTier;
  readonly model: string;
  readonly atMs: number;
  readonly microCents: number;
  readonly confidence: number | null;
  readonly steps: readonly ProposedByAgent[];
};

/**
 * Digest of everything that the model is shown and that follows from it; null where the release keeps nothing, or something was done or read
 * already: what a loop saw are values of systems, of which nobody has said which ones are personal (K1), and how they stood then.
 */
export function questionOf(context: TaskContext, { bundle, digest }: CompiledRelease): string | null {
  if (bundle.model?.cache === undefined || context.nextRound > 1 || context.task.steps.length > 0) return null;
  const { input, purpose, task, fromEvent } = context;
  const { region, principal } = task;
  return digestOf({ release: digest, input, purpose, region, role: principal.role, fromEvent: fromEvent === true });
}

class NotKept extends Error {}

/** The steps without the input's values; null where K1 keeps nothing. */
export function stepsToKeep(
  { steps }: Pick<Decision, "steps">,
  input: JsonObject,
  { declarations }: CompiledRelease,
  ofSubject: boolean,
): readonly ProposedByAgent[] | null {
  const leaves = leavesOf(input, "");
  const personal = leaves.flatMap(({ pointer, value }) =>
    declarations.input.isPersonal(pointer) ? [String(value).toLowerCase()] : [],
  );
  if (ofSubject && personal.length === 0) return null;
  // A model names steps as it likes: what it calls them may say something of somebody.
  const ids = new Map(steps.map(({ id }, i) => [id, personal.length === 0 ? id : `s${i + 1}`]));
  const nameOf = (id: string) => ids.get(id) ?? id;
  const keep = (value: Json, contract: Contract, pointer: string): Json => {
    const reference = asReference(value);
    if (reference === null) throw new NotKept();
    if (reference !== undefined) return { $ref: `steps.${nameOf(reference.step)}.result#${reference.pointer}` };
    if (Array.isArray(value))
      return (value as readonly Json[]).map((item, i) => keep(item, contract, `${pointer}/${i}`));
    if (isObject(value))
      return Object.fromEntries(
        Object.entries(value).map(([key, part]) => {
          if (overlaps(key, personal)) throw new NotKept();
          return [key, keep(part, contract, `${pointer}/${escapeSegment(key)}`)];
        }),
      );
    const same = leaves.find((leaf) => leaf.value === value);
    const isPersonal = contract.isPersonal(pointer);
    if (same !== undefined && (isPersonal || typeof value === "string")) return { $input: same.pointer };
    if (isPersonal) throw new NotKept();
    if (value !== null && typeof value !== "boolean" && overlaps(String(value), personal)) throw new NotKept();
    return value;
  };
  try {
    return steps.map((step) => {
      const { rationale, ...said } = step;
      const rest = {
        ...said,
        id: nameOf(step.id),
        ...(step.after === undefined ? {} : { after: step.after.map(nameOf) }),
      };
      if (step.expect !== undefined) throw new NotKept();
      const contract = declarations.capabilities.get(step.capability)!.input;
      const args = keep(step.args, contract, "") as JsonObject;
      // A model's prose about somebody may say anything about them.
      return personal.length > 0 || rationale === undefined ? { ...rest, args } : { ...rest, args, rationale };
    });
  } catch (error) {
    if (!(error instanceof NotKept)) throw error;
    return null;
  }
}

/** The plan for an input; null where it does not fit, which the same input never is. */
export function stepsFor({ steps }: Pick<Decision, "steps">, input: JsonObject): readonly ProposedByAgent[] | null {
  let misses = false;
  const fill = (value: Json): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map(fill);
    if (!isObject(value)) return value;
    if (typeof value["$input"] !== "string")
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fill(part)]));
    const found = valueAt(input, value["$input"]);
    if (found === undefined) misses = true;
    return found ?? null;
  };
  const filled = steps.map((step) => ({ ...step, args: fill(step.args) as JsonObject }));
  return misses ? null : filled;
}

type Leaf = { readonly pointer: string; readonly value: Json };
export function leavesOf(value: Json, pointer: string): Leaf[] {
  if (value === null || typeof value !== "object") return [{ pointer, value }];
  return Object.entries(value as JsonObject).flatMap(([key, part]) =>
    leavesOf(part, `${pointer}/${escapeSegment(key)}`),
  );
}

/** Whether a text says something of personal values: it is prose, or one of them holds it or stands in it. */
function overlaps(text: string, personal: readonly string[]): boolean {
  if (personal.length === 0) return false;
  const said = text.toLowerCase();
  return /\s/.test(said) || personal.some((one) => one.includes(said) || (one.length > 1 && said.includes(one)));
}
