/**
 * The one way to a model: budget reserved, time bounded, figures checked, budget settled, and a record of it, whatever happened.
 *
 * M1  Nothing is sent that the budget has no room for; the room is that of the largest call it can become.
 * M2  Figures of the provider count only where they are whole numbers that the call can have had. Missing, negative, not a number or more than
 *     was reserved: they are refused, and the reservation stands.
 * M3  Every call that was sent gives a record and its transcript. The record is signed with the plan; the transcript is a value beside it.
 */
import { commit, type Disclosure } from "../../../shared/commitments.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import type { Json } from "../../../shared/json.ts";
import { LIMITS } from "../../../shared/limits.ts";
import {
  microCentsOf,
  type ModelBudget,
  type ModelCall,
  type ModelPin,
  type ModelTier,
} from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, type Result } from "../../../shared/result.ts";
import { utf8 } from "../../../shared/bytes.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { BudgetsRpc } from "./budgets.ts";
import type { ModelAnswer, ModelClient, SaidUsage, ToolDefinition } from "./client.ts";

export type CallDeps = {
  /** Null where no endpoint is configured. */
  readonly client: ModelClient | null;
  readonly budgets: BudgetsRpc;
  readonly tenantDay: ModelBudget;
  readonly nowMs: () => number;
  readonly newSalt: () => string;
  readonly newId: () => string;
};

/** For whom the call is, and what it may cost. */
export type CallFor = {
  readonly task: string;
  readonly automation: string;
  readonly budget: { readonly run: ModelBudget; readonly day: ModelBudget };
  /** Nothing is sent after this. */
  readonly deadlineMs: number;
};

export type ModelAsk = CallFor & {
  readonly purpose: ModelCall["purpose"];
  readonly tier: ModelTier;
  readonly pin: ModelPin;
  readonly system: string;
  readonly prompt: string;
} & (
    | { readonly schema: JsonObject; readonly tools?: undefined }
    | { readonly tools: readonly ToolDefinition[]; readonly schema?: undefined }
  );

/** `record` is null where nothing was sent. `disclosures` opens the transcript that it commits to. */
export type Called = {
  readonly answer: Result<ModelAnswer>;
  readonly record: ModelCall | null;
  readonly disclosures: { readonly [commitment: string]: Disclosure };
};

/** Tokens that a provider puts around messages, tools and schemas, at most. */
export const OVERHEAD_TOKENS = 512;

/** Asks a model once. The answer refuses with model-not-configured, budget-exceeded, model-unavailable, model-timeout or model-answer-invalid. */
export async function callModel(deps: CallDeps, ask: ModelAsk): Promise<Called> {
  const { pin } = ask;
  if (deps.client === null)
    return unsent(
      problem("model-not-configured", "Set OPENAI_API_KEY, and OPENAI_BASE_URL for another endpoint than OpenAI's."),
    );
  if (ask.prompt.length + ask.system.length > LIMITS.modelPromptChars)
    return unsent(problem("budget-exceeded", "What the model would be shown is longer than the limit."));
  const startMs = deps.nowMs();
  const timeoutMs = Math.min(pin.timeoutMs, ask.deadlineMs - startMs);
  if (timeoutMs <= 0) return unsent(problem("model-timeout", "There is no time left to ask a model."));

  const form = ask.schema ?? (ask.tools as unknown as Json);
  // A token is at least a byte: more tokens than bytes cannot be sent.
  const inputTokens =
    utf8(ask.system).length + utf8(ask.prompt).length + utf8(canonicalize(form)).length + OVERHEAD_TOKENS;
  const most = { inputTokens, outputTokens: pin.maxOutputTokens };
  const id = deps.newId();
  const reserved = await deps.budgets.reserve({
    id,
    automation: ask.automation,
    model: pin.name,
    runs: [
      {
        task: ask.task,
        tokens: most.inputTokens + most.outputTokens,
        microCents: microCentsOf(pin, most.inputTokens, most.outputTokens),
      },
    ],
    ...ask.budget,
    tenantDay: deps.tenantDay,
  });
  if (!reserved.ok) return unsent(reserved.problem);

  const shape = ask.schema === undefined ? { tools: ask.tools! } : { schema: ask.schema };
  const question = {
    model: pin.name,
    system: ask.system,
    prompt: ask.prompt,
    maxOutputTokens: pin.maxOutputTokens,
    timeoutMs,
  };
  const answer = await deps.client.ask({ ...question, ...shape });
  const endMs = deps.nowMs();
  const said = answer.ok ? usageOf(answer.value.usage, most) : null;
  const figures = said ?? most;
  const microCents = microCentsOf(pin, figures.inputTokens, figures.outputTokens);
  await deps.budgets.settle({
    id,
    used: said === null ? null : [{ tokens: said.inputTokens + said.outputTokens, microCents }],
    answered: answer.ok || answer.problem.code === "model-answer-invalid",
  });
  const transcript = transcriptOf(ask.system, ask.prompt, answer);
  const salt = deps.newSalt();
  const commitment = commit(salt, transcript);
  return {
    answer,
    record: {
      purpose: ask.purpose,
      tier: ask.tier,
      model: pin.name,
      startMs,
      endMs: Math.max(startMs, endMs),
      ...figures,
      microCents,
      usage: said === null ? "reserved" : "reported",
      outcome: answer.ok ? "ok" : (answer.problem.code as ModelCall["outcome"]),
      transcript: { $commit: commitment },
    },
    disclosures: { [commitment]: { salt, value: transcript } },
  };
}

/** M2. */
export function usageOf(
  { input, output }: SaidUsage,
  most: { readonly inputTokens: number; readonly outputTokens: number },
): { readonly inputTokens: number; readonly outputTokens: number } | null {
  const can = (count: unknown, limit: number): count is number =>
    typeof count === "number" && Number.isSafeInteger(count) && count >= 0 && count <= limit;
  return can(input, most.inputTokens) && can(output, most.outputTokens) && input > 0
    ? { inputTokens: input, outputTokens: output }
    : null;
}

const unsent = (why: Problem): Called => ({ answer: err(why), record: null, disclosures: {} });

/** What was asked and what was answered, as the record keeps it. */
export function transcriptOf(system: string, prompt: string, answer: Result<ModelAnswer>): string {
  const said = answer.ok
    ? [answer.value.text, ...answer.value.calls.map(({ name, args }) => `${name} ${JSON.stringify(args)}`)].join("\n")
    : answer.problem.code;
  return shortened(`[system]\n${system}\n\n[prompt]\n${prompt}\n\n[answer]\n${said}`);
}

/** What is too long loses its middle; a lone half of a character would not be canonical. */
function shortened(text: string): string {
  if (text.length <= LIMITS.transcriptChars) return text.toWellFormed();
  const half = Math.floor(LIMITS.transcriptChars / 2) - 20;
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`.toWellFormed();
}
