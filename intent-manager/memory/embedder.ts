/** From texts to vectors, as the settings of a namespace say: lexical here, or by a model that somebody pays for. */
import type { Disclosure } from "../../shared/commitments.ts";
import { embeddingName, dimensionsOf, type MemorySettings } from "../../shared/memory.ts";
import type { ModelCall } from "../../shared/model.ts";
import { ok, type Result } from "../../shared/result.ts";
import { callEmbedding } from "../planning/model/call-embedding.ts";
import type { CallDeps, CallFor } from "../planning/model/call-model.ts";
import { dayOf } from "../planning/model/budget-book.ts";
import { lexicalVector, unit } from "./lexical.ts";

export type Embedder = {
  /** Vectors of different names are not compared. */
  readonly name: string;
  readonly dimensions: number;
  /** One vector of length 1 for each text. Refuses with what `callEmbedding` refuses with. */
  readonly embed: (texts: readonly string[]) => Promise<Result<readonly Float32Array[]>>;
};
/** Calls that were made, and what opens their transcripts; a plan signs them. */
export type EmbedLog = { readonly calls: ModelCall[]; readonly disclosures: Record<string, Disclosure> };

/** `payer` says whose budget a model's call comes from; without one it is the namespace's own. */
export function embedderOf(
  deps: CallDeps,
  namespace: string,
  { embedding }: MemorySettings,
  payer?: CallFor & { readonly log: EmbedLog },
): Embedder {
  const shape = { name: embeddingName(embedding), dimensions: dimensionsOf(embedding) };
  if (embedding.kind === "lexical") return { ...shape, embed: async (texts) => ok(texts.map(lexicalVector)) };
  return {
    ...shape,
    embed: async (texts) => {
      const { vectors, record, disclosures } = await callEmbedding(deps, {
        model: embedding,
        texts,
        ...(payer ?? ownBudget(namespace, embedding, deps.nowMs())),
      });
      if (payer !== undefined && record !== null) {
        payer.log.calls.push(record);
        Object.assign(payer.log.disclosures, disclosures);
      }
      return vectors.ok ? ok(vectors.value.map(unit)) : vectors;
    },
  };
}

/** A slash stands in no automation's name: nobody shares this budget. */
function ownBudget(
  namespace: string,
  { day, timeoutMs }: Extract<MemorySettings["embedding"], { kind: "model" }>,
  nowMs: number,
): CallFor {
  const automation = `memory/${namespace}`;
  return {
    task: `${automation}/${dayOf(nowMs)}`,
    automation,
    budget: { run: day, day },
    deadlineMs: nowMs + timeoutMs,
  };
}
