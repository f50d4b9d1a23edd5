/**
 * The versions that an undo relies on (U4): those at which its action left the records, moved on over later work that was taken back itself.
 * Where an action found a record at one version and its own undo left it at another, the record is as it was found.
 */
import type { Premise } from "../../shared/proposal.ts";
import { undoOf, type StepState, type TaskState } from "./state.ts";

/** Something was done to a record and taken back: it stands at version `to` as it stood at `from`. */
export type TakenBack = { readonly resource: string; readonly from: number; readonly to: number };
type Deed = { readonly premises: readonly Premise[]; readonly left: readonly Premise[] | null };

/** What an action and its undo, both applied, say together. Nothing of a record that one of them did not read or leave. */
export function takenBack(action: Deed, undo: Deed): TakenBack[] {
  return (undo.left ?? []).flatMap(({ resource, version: to }) => {
    const found = versionOf(action.premises, resource);
    const left = versionOf(action.left ?? [], resource);
    return found === undefined || left === undefined || versionOf(undo.premises, resource) !== left
      ? []
      : [{ resource, from: found, to }];
  });
}

const versionOf = (premises: readonly Premise[], resource: string): number | undefined =>
  premises.find((premise) => premise.resource === resource)?.version;

/** @param elsewhere what other tasks' receipts say was taken back */
export function reliesOn(state: TaskState, step: StepState, elsewhere: readonly TakenBack[]): Premise[] {
  const known = [...elsewhere, ...takenBackHere(state)];
  return (step.left ?? []).map(({ resource, version }) => {
    let at = version;
    // Versions only rise, so each link is followed once at most.
    for (let i = 0; i < known.length; i++) {
      const next = known.find((link) => link.resource === resource && link.from === at && link.to > at);
      if (next === undefined) break;
      at = next.to;
    }
    return { resource, version: at };
  });
}

const takenBackHere = (state: TaskState): TakenBack[] =>
  [...state.steps.values()].flatMap((step) => {
    const undo = step.undoes === null ? undoOf(state, step.id) : null;
    return undo?.phase.at === "applied" ? takenBack(step, undo) : [];
  });
