/**
 * The resident adapter: capabilities over records in the executor's own storage (executors/adapters/resident-records.ts). Reading the records,
 * deciding, using up the approvals and the effect are one decision of one commit round and one transaction of its object. There is no
 * attempt, no answer to wait for and nothing to be in doubt about: after a crash all of it stands or nothing.
 *
 * A capability is a pure function: what it reads becomes the premises of its action, each `same-transaction`.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { type Problem, problem } from "../../shared/problems.ts";
import type { Premise } from "../../shared/proposal.ts";
import type { HeldPremise } from "../../shared/receipt.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { SubjectOfRecord } from "../privacy/resident-traces.ts";
import type { ResidentRecord, ResidentWrite, StagedRecords } from "./resident-records.ts";
import type { ActionContext, Capability, Change, Prepared } from "./types.ts";

export type ReadRecord = (collection: string, id: string) => ResidentRecord;

/** What a resident act does: changes of records, and its result. */
export type ResidentPlan = { readonly writes: readonly ResidentWrite[]; readonly result: Json };

export type ResidentDefinition<Args> =
  | {
      readonly contract: CapabilityContract & { readonly delivery: "resident"; readonly effect: "read" };
      readonly answer: (args: Args, read: ReadRecord, context: ActionContext) => Result<Json>;
      readonly records?: readonly SubjectOfRecord[];
    }
  | {
      readonly contract: CapabilityContract & { readonly delivery: "resident"; readonly effect: "write" };
      /** Versions at which the act left its records: an undo of it holds only while they stand there. */
      readonly leaves?: (args: JsonObject, result: Json) => readonly Premise[];
      /** What the contract's `observe` names, read once the writes stand. */
      readonly observe?: (args: Args, read: ReadRecord) => JsonObject;
      /** Collections whose records are about people, and whom: an erasure deletes those of its subject. */
      readonly records?: readonly SubjectOfRecord[];
      /** Refuses what the domain does not allow. Reads what it writes, so that the version which it changes is a premise. */
      readonly plan: (
        args: Args,
        read: ReadRecord,
        context: ActionContext,
      ) => Result<
        ResidentPlan & {
          readonly preview: JsonObject;
          readonly summary: string;
          readonly changes: readonly Change[];
        }
      >;
    };

/** A capability over resident records. A domain key has no place here: the record's own version says what was done. */
export function residentCapability<Args>(definition: ResidentDefinition<Args>): Capability {
  const { contract } = definition;
  if (contract.effectKey !== undefined)
    throw new TypeError(`${contract.name}: a resident capability has no effect key`);

  const prepare = (given: JsonObject, context: ActionContext, records: StagedRecords): Result<Prepared> => {
    const premises = new Map<string, HeldPremise>();
    let elsewhere: Problem | null = null;
    const read: ReadRecord = (collection, id) => {
      elsewhere ??= records.notHome(id);
      const record = records.read(collection, id);
      const resource = `${collection}/${id}`;
      premises.set(resource, { resource, version: record.version, class: "same-transaction" });
      return record;
    };
    const args = given as Args;
    if ("answer" in definition) {
      const answer = definition.answer(args, read, context);
      if (elsewhere !== null) return err(elsewhere);
      if (!answer.ok) return answer;
      const outcome = { kind: "read", result: answer.value } as const;
      return ok({ preview: {}, premises: [...premises.values()], summary: contract.summary, changes: [], outcome });
    }
    const planned = definition.plan(args, read, context);
    if (elsewhere !== null) return err(elsewhere);
    if (!planned.ok) return planned;
    const { preview, summary, changes, writes, result } = planned.value;
    const blind = writes.find(({ collection, id }) => !premises.has(`${collection}/${id}`));
    if (blind !== undefined)
      return err(
        problem("internal-error", `${contract.name} writes ${blind.collection}/${blind.id} without reading it.`),
      );
    const refusal = records.refuses(writes);
    if (refusal !== null) return err(refusal);
    const plan: ResidentPlan = { writes, result };
    return ok({ preview, summary, changes, premises: [...premises.values()], outcome: { kind: "write", plan } });
  };

  return {
    kind: "resident",
    contract,
    prepare,
    ...(definition.records === undefined ? {} : { records: definition.records }),
    ...("leaves" in definition && definition.leaves !== undefined ? { leaves: definition.leaves } : {}),
    ...("observe" in definition && definition.observe !== undefined
      ? {
          observe: (args: JsonObject, _result: Json, records: StagedRecords) =>
            definition.observe!(args as Args, (collection, id) => records.read(collection, id)),
        }
      : {}),
    apply: (_args, prepared, _context, records) => {
      if (prepared?.outcome.kind !== "write")
        return err(problem("internal-error", `${contract.name} was not prepared in the decision that acts.`));
      const { writes, result } = prepared.outcome.plan as ResidentPlan;
      records.put(writes);
      return ok(result);
    },
  };
}
