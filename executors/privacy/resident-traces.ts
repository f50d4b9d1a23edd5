/** Resident records that are about a data subject, as their capabilities declare it. */
import type { Json } from "../../shared/json.ts";
import type { CapabilityRegistry } from "../adapters/types.ts";

/** Says whose record one of a collection is; null where it is nobody's. */
export type SubjectOfRecord = {
  readonly collection: string;
  readonly subjectOf: (id: string, value: Json) => string | null;
};

/** The records of a subject. Each declared collection is read whole: an executor keeps a bounded number of records. */
export function residentTraces(
  sql: SqlStorage,
  registry: CapabilityRegistry,
  subject: string,
): { readonly collection: string; readonly id: string }[] {
  const declared = new Map<string, SubjectOfRecord>();
  for (const capability of registry.values())
    if (capability.kind === "resident") for (const one of capability.records ?? []) declared.set(one.collection, one);
  return [...declared.values()].flatMap(({ collection, subjectOf }) =>
    sql
      .exec<{ id: string; value: string }>(
        "SELECT id, value FROM resident_records WHERE collection = ? AND value IS NOT NULL",
        collection,
      )
      .toArray()
      .filter(({ id, value }) => subjectOf(id, JSON.parse(value) as Json) === subject)
      .map(({ id }) => ({ collection, id })),
  );
}
