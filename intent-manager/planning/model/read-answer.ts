/** What a model wrote, as the steps that a planner gives: read strictly, or refused with model-answer-invalid and a reason it can be told. */
import * as z from "zod";
import type { CapabilityContract } from "../../../shared/capability.ts";
import { StepId } from "../../../shared/ids.ts";
import type { Json, JsonObject } from "../../../shared/json.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { ProposedByAgent } from "../agent-draft.ts";
import { jsonOf, type ModelAnswer, type ToolCall } from "./client.ts";
import { argsOf, FINISH, toolName } from "./offer.ts";

export type Written = {
  readonly steps: readonly ProposedByAgent[];
  /** Nothing follows this plan. */
  readonly last: boolean;
  /** The model's own number; a claim. */
  readonly confidence: number | null;
};
type Offer = ReadonlyMap<string, CapabilityContract>;

const Args = z.record(z.string(), z.json());
const WrittenPlan = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        id: StepId,
        capability: z.string(),
        args: Args,
        after: z.array(StepId).max(LIMITS.planSteps).nullish(),
        rationale: z.string().nullish(),
      }),
    )
    .min(1)
    .max(LIMITS.planSteps),
  confidence: z.number().min(0).max(1).nullish(),
});

/** The steps of a structured answer. */
export function readPlan({ text }: ModelAnswer, offer: Offer): Result<Written> {
  const value = jsonOf(text);
  if (!value.ok) return value;
  const plan = WrittenPlan.safeParse(value.value);
  if (!plan.success) {
    const issue = plan.error.issues[0]!;
    return invalid(`${issue.path.join(".") || "the answer"}: ${issue.message}`);
  }
  const confidence = plan.data.confidence ?? null;
  const steps: ProposedByAgent[] = [];
  for (const { id, capability, args, after, rationale } of plan.data.steps) {
    const contract = offer.get(capability);
    if (contract === undefined) return invalid(`${id}: there is no ${JSON.stringify(capability.slice(0, 100))}.`);
    steps.push({
      id,
      capability,
      args: argsOf(args as JsonObject, contract),
      after: after ?? [],
      ...said(rationale),
      ...(confidence === null ? {} : { claimedConfidence: confidence }),
    } as ProposedByAgent);
  }
  return ok({ steps, last: true, confidence });
}

/** The tools that a model called, as steps of a round. `finish` alone ends the task; beside others it waits for what they bring. */
export function readTools({ calls }: ModelAnswer, offer: Offer, round: number): Result<Written> {
  if (calls.length === 0) return invalid("call a tool, or `finish`.");
  if (calls.length > LIMITS.planSteps) return invalid(`call at most ${LIMITS.planSteps} tools at once.`);
  const contractByTool = new Map([...offer.values()].map((contract) => [toolName(contract.name), contract] as const));
  const acts = calls.filter(({ name }) => name !== FINISH);
  const steps: ProposedByAgent[] = [];
  for (const [i, call] of acts.entries()) {
    const contract = contractByTool.get(call.name);
    if (contract === undefined) return invalid(`there is no tool ${JSON.stringify(String(call.name).slice(0, 100))}.`);
    const args = argsWritten(call);
    if (!args.ok) return args;
    const step = { id: `r${round}-${i + 1}`, capability: contract.name, args: argsOf(args.value, contract) };
    steps.push(step as ProposedByAgent);
  }
  return ok({ steps, last: steps.length === 0, confidence: null });
}

function argsWritten({ name, args }: ToolCall): Result<JsonObject> {
  const value: Result<Json> = typeof args === "string" ? jsonOf(args) : ok(args);
  if (!value.ok) return value;
  const parsed = Args.safeParse(value.value);
  return parsed.success ? ok(parsed.data as JsonObject) : invalid(`${name}: its arguments are no object.`);
}

const said = (rationale: string | null | undefined) =>
  rationale === null || rationale === undefined || rationale === "" ? {} : { rationale: rationale.slice(0, 2_000) };

export const invalid = (why: string) => err(problem("model-answer-invalid", why));
