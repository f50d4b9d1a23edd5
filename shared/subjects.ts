/**
 * Data subjects: the people whom a task's values are about. A subject is named by a pseudonymous id, `customer:C42`; the name stands only
 * where its key stands (executors/privacy/vault.ts) and never in what is signed or recorded. The record names the random id of that key.
 */
import * as z from "zod";
import type { Field } from "./contract-fields.ts";
import type { Contract } from "./contracts.ts";
import type { Json, JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { problem } from "./problems.ts";
import { err, ok, type Result } from "./result.ts";

/** What kinds of subjects there are is the tenant's own matter. */
export const SUBJECT_KIND = /^[a-z][a-z0-9-]{0,30}$/;
/** `kind:id`. The id is the tenant's own, best one that says nothing by itself. */
export const SubjectId = z.string().regex(/^[a-z][a-z0-9-]{0,30}:[A-Za-z0-9._~@+#=-]{1,120}$/);
/** Random id of the key that one executor keeps for one subject: all that the record says of a subject. */
export const SubjectKey = z.string().regex(/^sbk_[a-z2-7]{26}$/);
/** A digest under a secret of the tenant's: finds the erasures of a subject whose name is gone. */
export const SubjectDigest = z.string().regex(/^[a-z2-7]{26}$/);
export const Purpose = z.string().regex(/^[a-z][a-z0-9._-]{0,99}$/);

/** Stands where a value of an erased subject stood. The key is reserved, so no genuine value looks like it. */
export const ERASED: JsonObject = { $erased: true };
export const isErased = (value: Json | undefined): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, "$erased");

/**
 * The subjects of an input: those that its contract marks (`x-subject-id`) and those that the request names, sorted, each once.
 * Errors: contract-violation, where an id cannot be one or there are more than LIMITS.taskSubjects.
 */
export function subjectsOf(contract: Contract, input: JsonObject, named: readonly string[]): Result<readonly string[]> {
  if (!contract.namesSubjects && named.length === 0) return ok(NONE);
  const found = new Set(named);
  if (contract.namesSubjects) collect(contract.root, input, found);
  if (found.size > LIMITS.taskSubjects)
    return err(problem("contract-violation", `A task is about at most ${LIMITS.taskSubjects} subjects.`));
  for (const subject of found)
    if (!SubjectId.safeParse(subject).success)
      return err(problem("contract-violation", "The id of a subject holds characters that ids do not have."));
  return ok([...found].toSorted());
}
const NONE: readonly string[] = [];

function collect(field: Field | undefined, value: Json | undefined, into: Set<string>): void {
  if (field === undefined || value === undefined || value === null) return;
  if (typeof value === "string") {
    if (field.subjectKind !== undefined) into.add(`${field.subjectKind}:${value}`);
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(field.items, item, into);
  else if (typeof value === "object")
    for (const [name, part] of Object.entries(value)) collect(field.properties.get(name), part, into);
}

/** Whether any field of a contract names a subject. */
export const hasSubjectField = (field: Field): boolean =>
  field.subjectKind !== undefined ||
  (field.items !== undefined && hasSubjectField(field.items)) ||
  [...field.properties.values()].some(hasSubjectField);
