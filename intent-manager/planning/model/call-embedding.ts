/**
 * The one way to an embedding model: the budget is reserved, the time bounded, figures and vectors are checked, the budget is settled. As with
 * `callModel`, every call that was sent gives a record and its transcript (M1 to M3 hold here too).
 */
import { utf8 } from "../../../shared/bytes.ts";
import { commit } from "../../../shared/commitments.ts";
import type { ModelCall } from "../../../shared/model.ts";
import { problem, type Problem } from "../../../shared/problems.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { MemoryEmbedding } from "../../../shared/memory.ts";
import { usageOf, type CallDeps, type Called, type CallFor } from "./call-model.ts";

export type EmbeddingAsk = CallFor & {
  readonly model: Extract<MemoryEmbedding, { kind: "model" }>;
  readonly texts: readonly string[];
};
export type Embedded = Pick<Called, "record" | "disclosures"> & {
  /** One for each text, in their order, as long as the model is said to make them, not yet of length 1. */
  readonly vectors: Result<readonly Float32Array[]>;
};

/** Tokens that a provider puts around one text, at most. */
const OVERHEAD_TOKENS = 16;

/** Refuses with model-not-configured, budget-exceeded, model-unavailable, model-timeout or model-answer-invalid. */
export async function callEmbedding(deps: CallDeps, ask: EmbeddingAsk): Promise<Embedded> {
  const { model, texts } = ask;
  const startMs = deps.nowMs();
  const timeoutMs = Math.min(model.timeoutMs, ask.deadlineMs - startMs);
  if (deps.client === null)
    return unsent(
      problem("model-not-configured", "Set OPENAI_API_KEY, and OPENAI_BASE_URL for another endpoint than OpenAI's."),
    );
  if (texts.length > LIMITS.memoryEmbedTexts)
    return unsent(problem("budget-exceeded", `One call takes ${LIMITS.memoryEmbedTexts} texts.`));
  if (timeoutMs <= 0) return unsent(problem("model-timeout", "There is no time left to ask a model."));
  // A token is at least a byte.
  const most = {
    inputTokens: texts.reduce((sum, text) => sum + utf8(text).length + OVERHEAD_TOKENS, 0),
    outputTokens: 0,
  };
  const id = deps.newId();
  const reserved = await deps.budgets.reserve({
    id,
    automation: ask.automation,
    model: model.name,
    runs: [{ task: ask.task, tokens: most.inputTokens, microCents: most.inputTokens * model.inputCents }],
    ...ask.budget,
    tenantDay: deps.tenantDay,
  });
  if (!reserved.ok) return unsent(reserved.problem);
  const answer = await deps.client.embed({ model: model.name, texts, timeoutMs });
  const endMs = deps.nowMs();
  const said = answer.ok ? usageOf(answer.value.usage, most) : null;
  const { inputTokens } = said ?? most;
  const microCents = inputTokens * model.inputCents;
  await deps.budgets.settle({
    id,
    used: said === null ? null : [{ tokens: inputTokens, microCents }],
    answered: answer.ok || answer.problem.code === "model-answer-invalid",
  });
  const vectors = answer.ok ? checked(answer.value.vectors, ask) : answer;
  const transcript = `[embed]\n${texts.join("\n")}`.slice(0, LIMITS.transcriptChars).toWellFormed();
  const salt = deps.newSalt();
  const commitment = commit(salt, transcript);
  const record: ModelCall = {
    purpose: "embed",
    tier: "small",
    model: model.name,
    startMs,
    endMs: Math.max(startMs, endMs),
    inputTokens,
    outputTokens: 0,
    microCents,
    usage: said === null ? "reserved" : "reported",
    outcome: vectors.ok ? "ok" : (vectors.problem.code as ModelCall["outcome"]),
    transcript: { $commit: commitment },
  };
  return { vectors, record, disclosures: { [commitment]: { salt, value: transcript } } };
}

/** As many vectors as texts, each as long as it should be, of finite numbers. */
function checked(
  vectors: readonly (readonly number[])[],
  { model, texts }: EmbeddingAsk,
): Result<readonly Float32Array[]> {
  const good =
    vectors.length === texts.length &&
    vectors.every(
      (vector) =>
        vector.length === model.dimensions && vector.every((x) => typeof x === "number" && Number.isFinite(x)),
    );
  return good
    ? ok(vectors.map((vector) => Float32Array.from(vector)))
    : err(problem("model-answer-invalid", "The embedding is not of the length that is declared."));
}

const unsent = (why: Problem): Embedded => ({ vectors: err(why), record: null, disclosures: {} });
