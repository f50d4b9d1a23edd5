/**
 * The values beside a plan: each opens a commitment of the plan, and what a contract calls personal stands in the plan as a commitment only,
 * because the plan is recorded for ever.
 */
import { canonicalize } from "../../shared/canonical.ts";
import { discloseFields, type Disclosures } from "../../shared/commitments.ts";
import type { CompiledRelease } from "../../shared/compiled-release.ts";
import type { Contract } from "../../shared/contracts.ts";
import type { Expectation } from "../../shared/expectation.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { asReference } from "../../shared/playbook.ts";
import { GUARDS } from "../guards/index.ts";
import { escapeSegment } from "../../shared/pointer.ts";
import type { ModelCall } from "../../shared/model.ts";
import { problem, type Problem } from "../../shared/problems.ts";
import type { Plan, ProposedStep } from "../../shared/proposal.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** What the commitments of a plan stand for: each step's arguments, and what it predicts where it predicts something. */
export type DisclosedPlan = {
  readonly argsByStep: ReadonlyMap<string, JsonObject>;
  readonly expectByStep: ReadonlyMap<string, Expectation>;
};

/**
 * A6. Each step opens with the disclosures that its own commitments name; what is left over belongs to nobody and is refused.
 * Refuses with disclosure-missing, disclosure-mismatch, or plan-invalid where a rationale is not text or a
 * prediction is none.
 */
export function disclose(plan: Plan, disclosures: Disclosures): Result<DisclosedPlan> {
  const left = new Set(Object.keys(disclosures));
  const argsByStep = new Map<string, JsonObject>();
  const expectByStep = new Map<string, Expectation>();
  for (const step of plan.steps) {
    if (step.predicted !== null) {
      const expect = predictionIn(step, step.predicted.$commit, disclosures);
      if (!expect.ok) return expect;
      left.delete(step.predicted.$commit);
      expectByStep.set(step.id, expect.value);
    }
    const committed = { args: step.args, rationale: step.rationale } as unknown as Json;
    const text = left.size === 0 && !hasCommitment(step) ? null : canonicalize(committed);
    if (text === null || !text.includes('"$commit"')) {
      argsByStep.set(step.id, step.args as JsonObject);
      continue;
    }
    const mine = disclosuresIn(text, disclosures);
    for (const commitment of Object.keys(mine)) left.delete(commitment);
    const opened = discloseFields(committed, mine);
    if (!opened.ok) return opened;
    const value = opened.value as { readonly args: JsonObject; readonly rationale: Json };
    if (!GUARDS["rationale-text"](value.rationale))
      return err(problem("plan-invalid", `The rationale of ${step.id} is not text.`, { step: step.id }));
    argsByStep.set(step.id, value.args);
  }
  if (plan.features !== undefined) left.delete(plan.features.values.$commit);
  const transcripts = discloseTranscripts(plan.model ?? [], disclosures);
  if (!transcripts.ok) return transcripts;
  for (const commitment of transcripts.value) left.delete(commitment);
  if (!GUARDS["disclosure-asked-for"](left))
    return err(problem("disclosure-mismatch", "A value was disclosed that nothing commits to."));
  return ok({ argsByStep, expectByStep });
}

/** What is predicted, checked against the commitment that was signed. It may refer to results, so it is opened by itself. */
function predictionIn(step: ProposedStep, commitment: string, disclosures: Disclosures): Result<Expectation> {
  const facts = { step: step.id };
  const disclosure = Object.hasOwn(disclosures, commitment) ? disclosures[commitment]! : null;
  if (disclosure === null)
    return err(problem("disclosure-missing", `What ${step.id} predicts was not disclosed.`, facts));
  if (!GUARDS["prediction-opens"](commitment, disclosure))
    return err(problem("disclosure-mismatch", `What ${step.id} predicts is not what was signed.`, facts));
  return GUARDS["prediction-form"](disclosure.value)
    ? ok(disclosure.value as Expectation)
    : err(problem("plan-invalid", `What ${step.id} predicts is no expectation.`, facts));
}

/**
 * The transcripts of model calls: each one that is disclosed opens its commitment. Nothing reads them but people, so one that is missing
 * stops nothing. Refuses with disclosure-mismatch.
 */
export function discloseTranscripts(calls: readonly ModelCall[], disclosures: Disclosures): Result<readonly string[]> {
  const found = calls.flatMap(({ transcript }) =>
    transcript !== null && Object.hasOwn(disclosures, transcript.$commit) ? [transcript.$commit] : [],
  );
  return found.every((commitment) => GUARDS["transcript-opens"](commitment, disclosures[commitment]!))
    ? ok(found)
    : err(problem("disclosure-mismatch", "A transcript is not the one that was committed to."));
}

/** The disclosures of the commitments that stand in a canonical text; a value that merely repeats a commitment's letters asks for none. */
export const disclosuresIn = (text: string, disclosures: Disclosures): Disclosures =>
  Object.fromEntries(
    Object.entries(disclosures).filter(([commitment]) => text.includes(`{"$commit":${JSON.stringify(commitment)}}`)),
  );

const hasCommitment = (step: ProposedStep): boolean =>
  step.rationale !== null || JSON.stringify(step.args).includes('"$commit"');

/** The first argument that holds a personal value itself, not a commitment to it or a reference to where it is. */
export function personalInClear(plan: Plan, release: CompiledRelease): Problem | null {
  for (const step of plan.steps) {
    const contract = release.declarations.capabilities.get(step.capability)!.input;
    const pointer = clearPointer(step.args as JsonObject, contract, "");
    if (!GUARDS["personal-committed"](pointer))
      return problem("plan-invalid", `The plan holds a personal value of ${step.id} in the clear.`, {
        step: step.id,
        // A name that the contract does not declare may be personal itself.
        pointer: contract.field(pointer) === undefined ? "" : pointer,
      });
  }
  return null;
}

function clearPointer(value: Json, contract: Contract, pointer: string): string | null {
  if (typeof value === "object" && value !== null) {
    if (Object.hasOwn(value, "$commit") || (asReference(value) ?? null) !== null) return null;
    const parts = Object.entries(value as JsonObject);
    for (const [key, part] of parts) {
      const found = clearPointer(part, contract, `${pointer}/${escapeSegment(key)}`);
      if (found !== null) return found;
    }
    if (parts.length > 0) return null;
  }
  return pointer !== "" && contract.isPersonal(pointer) ? pointer : null;
}
