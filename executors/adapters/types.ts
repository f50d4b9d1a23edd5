/**
 * How the task machine speaks to the systems behind capabilities. An adapter knows one kind of system; a capability says what may be done in it.
 *
 * The life of one action:
 *   prepare  reads what the action depends on and computes what it would do; changes nothing; may be repeated.
 *   apply    does it once under an effect key; may be called again with the same key after a crash (`resumed`) and then reports what the first call did.
 *   observe  reads what the applied action left; changes nothing; may be repeated, and may fail: nothing depends on it.
 *   reconcile  asks the target what became of the action; changes nothing.
 *
 * Outcomes of `apply` and `reconcile`:
 *   applied   it happened (now, or in an earlier attempt: `replayed`)
 *   refused   proved not executed, and nothing of it is still on its way: only this may be tried again
 *   in-doubt  it is not known
 *
 * What an outcome in doubt leads to follows from the contract's delivery: `exactly-once` and `idempotent` capabilities are asked again by
 * `apply` with the same action, within a budget; `at-most-once` ones by `reconcile`, where they have it. After that a person decides.
 */
import type { CapabilityContract } from "../../shared/capability.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { Problem } from "../../shared/problems.ts";
import type { Premise } from "../../shared/proposal.ts";
import type { HeldPremise } from "../../shared/receipt.ts";
import type { Result } from "../../shared/result.ts";
import { effectTraceparent } from "../../shared/trace/ids.ts";
import type { SubjectOfRecord } from "../privacy/resident-traces.ts";
import type { StagedRecords } from "./resident-records.ts";

export type Change = { readonly what: string; readonly from: string | null; readonly to: string };

/** What `prepare` found. Everything in it except `plan` is recorded and, where a person decides, shown and signed. */
export type Prepared = {
  /** Facts about the target for policy, in the shape of the contract's `preview` schema. */
  readonly preview: JsonObject;
  /** Versions that the action relies on; `apply` refuses with premise-failed when one does not hold. */
  readonly premises: readonly HeldPremise[];
  /** One sentence for a reviewer. */
  readonly summary: string;
  readonly changes: readonly Change[];
  /** For a read: the result itself, nothing left to apply. For a write: the adapter's own plan, opaque to the machine, never stored. */
  readonly outcome:
    | { readonly kind: "read"; readonly result: Json }
    | { readonly kind: "write"; readonly plan: unknown };
};

export type ActionContext = {
  readonly tenant: string;
  readonly region: string;
  readonly task: string;
  readonly step: string;
  readonly capability: string;
  /** Effect key of this step: the same on every attempt. */
  readonly action: string;
  /** Number of the claim under which `apply` runs: rises with each claim of the step, and is the same after a crash. */
  readonly attempt: number;
  /** Domain effect key, rendered from the contract's template, or null. */
  readonly effectKey: string | null;
  /**
   * The action that this one takes back, with the domain key that it held; absent for what undoes nothing. That key's generation rises with
   * the effect, so that what was undone can be done again. Its own key is then `undoKey(action)`: an action is undone once.
   */
  readonly undoes?: { readonly action: string; readonly effectKey: string | null };
  /** Burned in the effect's own transaction. */
  readonly attestations: readonly string[];
  /** The premises that the claim was decided on, from storage: what a request needs of them can be rebuilt after a crash. */
  readonly premises: readonly HeldPremise[];
  /** An earlier call of `apply` for this claim may have left: this one follows a crash or a doubt. False proves that none has. */
  readonly resumed: boolean;
  /** W3C trace context of the task as the app sent it, or null. What leaves carries `callTraceparent` instead. */
  readonly traceparent: string | null;
  /** When the task ends, in milliseconds since the epoch: no call should outlive it. */
  readonly deadlineMs: number;
  readonly nowMs: number;
  /** The step predicts its outcome: an adapter that can read it back in the effect's own transaction does so. */
  readonly observes?: boolean;
};

/** The `traceparent` of a call: the called system's spans hang under the span of this very attempt. */
export const callTraceparent = ({ task, step, attempt, traceparent }: ActionContext): string | null =>
  effectTraceparent(task, step, attempt, traceparent);

export type Outcome =
  | {
      readonly kind: "applied";
      readonly result: Json;
      readonly replayed: boolean;
      /** What the contract's `observe` names, where it was read with the effect. */
      readonly observed?: JsonObject | undefined;
    }
  | {
      readonly kind: "refused";
      readonly problem: Problem;
      readonly retry: boolean;
      /** The target asked not to be tried again before this many milliseconds have passed. A wish, bounded by whoever follows it. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: "in-doubt"; readonly problem: Problem };

/** What a step waits for: a time, a signal of a name, or an event of a type. `untilMs` null: until the task ends. */
export type WaitPlan = { readonly onTimeout: "fail" | "continue" } & (
  | { readonly wait: "time"; readonly name: null; readonly untilMs: number }
  | { readonly wait: "signal" | "event"; readonly name: string; readonly untilMs: number | null }
);

/** A capability as the executor runs it. `prepare` refusing means that the action cannot be done now (nothing was changed). */
export type Capability = {
  readonly contract: CapabilityContract;
  /** The versions at which the action left what it changed, from what is recorded of it. */
  readonly leaves?: (args: JsonObject, result: Json) => readonly Premise[];
} & (
  | {
      /** Lives in the executor's own storage: applied inside the commit round, with no I/O. */
      readonly kind: "resident";
      /** Collections whose records are about people: an erasure deletes those of its subject. */
      readonly records?: readonly SubjectOfRecord[];
      readonly apply: (
        args: JsonObject,
        prepared: Prepared | null,
        context: ActionContext,
        records: StagedRecords,
      ) => Result<Json>;
      /** Null when the act depends on nothing stored. Reads in the decision that acts, so that what it read holds when it acts. */
      readonly prepare: ((args: JsonObject, context: ActionContext, records: StagedRecords) => Result<Prepared>) | null;
      /** What stands there after the act. */
      readonly observe?: (args: JsonObject, result: Json, records: StagedRecords) => JsonObject;
    }
  | {
      /** Waits, and changes nothing. What for follows from the arguments alone; what came is the step's result. */
      readonly kind: "wait";
      readonly plan: (args: JsonObject, nowMs: number) => Result<WaitPlan>;
    }
  | {
      readonly kind: "external";
      /** Null when the action depends on nothing that has to be read first. */
      readonly prepare: ((args: JsonObject, context: ActionContext) => Promise<Result<Prepared>>) | null;
      readonly apply: (args: JsonObject, prepared: Prepared | null, context: ActionContext) => Promise<Outcome>;
      /** Null when the target cannot be asked; a null answer when it was asked and cannot say. */
      readonly reconcile: ((args: JsonObject, context: ActionContext) => Promise<Outcome | null>) | null;
      /** Reads what the action left, in the shape of the contract's `observe`; changes nothing and may be repeated. */
      readonly observe?: (args: JsonObject, result: Json, context: ActionContext) => Promise<Result<JsonObject>>;
      /** What became of an action is recorded, by a person's word or for good. False where that could not be passed on; called again then. */
      readonly resolved?: (outcome: "applied" | "not-applied", context: ActionContext) => Promise<boolean>;
    }
);

/** Every capability of this Worker, by name; built once per isolate from its bindings. */
export type CapabilityRegistry = ReadonlyMap<string, Capability>;
