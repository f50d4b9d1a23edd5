/**
 * Memory: what a tenant keeps beyond one task, in namespaces, and what an automation's planners may read of it. A text that comes out of memory
 * is somebody's text: it stands fenced in a prompt, what repeats it has provenance `content` or `model`, and policy sees of it only its quality.
 */
import * as z from "zod";
import { ContractVersion } from "./capability.ts";
import type { Field } from "./contract-fields.ts";
import type { Contract } from "./contracts.ts";
import { LIMITS } from "./limits.ts";
import { ModelBudget, ModelName } from "./model.ts";
import { parsePointer } from "./pointer.ts";

export const MemoryNamespace = z.string().regex(/^[a-z][a-z0-9-]{0,59}$/);
/** The tenant's own name for an item inside its namespace. Take one that says nothing about a person. */
export const MemoryKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._~@+#=:-]{0,119}$/);
/** `mem_` and 26 characters of base32: random, so that it may stand in the record for ever. */
export const MemoryId = z.string().regex(/^mem_[a-z2-7]{26}$/);
/** Who or what says the text: an identifier that stands in the record in the clear. */
export const MemorySource = z.string().regex(/^[a-z][a-z0-9._/-]{0,59}$/);
export const MemoryText = z.string().min(1).max(LIMITS.memoryTextChars);

/** How texts become vectors. `lexical` is computed here: hashed character n-grams, which find the same letters and know no meaning. */
export const MemoryEmbedding = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("lexical") }),
  z.strictObject({
    kind: z.literal("model"),
    name: ModelName,
    /** Length of its vectors; an answer of another length is refused. */
    dimensions: z.int().min(8).max(LIMITS.memoryDimensions),
    /** Cents per million tokens. */
    inputCents: z.int().min(0).max(1_000_000),
    timeoutMs: z.int().min(100).max(LIMITS.modelTimeoutMs),
    /** What writing to this namespace, and refreshing it, may cost in a day (UTC). Recalling for a task is paid from the task's budget. */
    day: ModelBudget,
  }),
]);
export type MemoryEmbedding = z.infer<typeof MemoryEmbedding>;

/**
 * `vector`: text and embedding together in an object of the namespace, with time to live and eviction.
 * `canonical`: versions in the control database, with history; found by meaning where it is `searchable`.
 */
export const MemorySettings = z
  .strictObject({
    tier: z.enum(["vector", "canonical"]),
    embedding: MemoryEmbedding.default({ kind: "lexical" }),
    /** Of tier `canonical`. */
    searchable: z.boolean().optional(),
    /** Where the vectors of a searchable canonical namespace are kept; `vectorize` needs the binding MEMORY_INDEX. */
    index: z.enum(["object", "vectorize"]).optional(),
    /** Of tier `vector`: an item that nobody writes again ends after this. */
    ttlSeconds: z
      .int()
      .min(60)
      .max(366 * 86_400)
      .optional(),
    /** More push out the least useful (`vector`) or are refused (`canonical`). */
    maxItems: z.int().min(1).max(LIMITS.memoryItems).default(1_000),
    /** Bytes of its texts, with kept versions; 20 MB without. More push out the least useful (`vector`) or are refused (`canonical`). */
    maxBytes: z.int().min(1).max(LIMITS.memoryNamespaceBytes).optional(),
    /** Version of the form that texts of this namespace have: stamped on each item when it is written, and a fact for policy. */
    contractVersion: ContractVersion.default("1.0.0"),
  })
  .refine(
    ({ tier, searchable, index, ttlSeconds }) =>
      tier === "canonical" ? ttlSeconds === undefined : searchable === undefined && index === undefined,
    "`ttlSeconds` is of tier `vector`; `searchable` and `index` are of tier `canonical`",
  )
  .refine(({ searchable, index }) => index === undefined || searchable === true, "`index` needs `searchable`")
  .refine(
    ({ embedding, maxItems }) => dimensionsOf(embedding) * maxItems <= LIMITS.memoryFloats,
    `\`maxItems\` times the vectors' length is at most ${LIMITS.memoryFloats}`,
  );
export type MemorySettings = z.infer<typeof MemorySettings>;

/** Length of the built-in lexical vectors. */
export const LEXICAL_DIMENSIONS = 512;
export const dimensionsOf = (embedding: MemoryEmbedding): number =>
  embedding.kind === "lexical" ? LEXICAL_DIMENSIONS : embedding.dimensions;
/** Names what made a vector: vectors of two names are not compared. */
export const embeddingName = (embedding: MemoryEmbedding): string =>
  embedding.kind === "lexical" ? `lexical-ngrams-1/${LEXICAL_DIMENSIONS}` : `${embedding.name}/${embedding.dimensions}`;

/** One reading of memory that an automation's planners get: items by their keys, or those nearest to a field of the input. */
export const MemoryRead = z
  .strictObject({
    namespace: MemoryNamespace,
    keys: z.array(MemoryKey).min(1).max(LIMITS.memoryRecalled).optional(),
    search: z
      .strictObject({
        /** JSON pointer to a string of the input. */
        field: z.string().startsWith("/").max(200),
        top: z.int().min(1).max(LIMITS.memoryRecalled),
        /** Cosine; further away is left out. */
        minScore: z.number().min(0).max(1).optional(),
      })
      .optional(),
    /** Older items are left out. */
    maxAgeSeconds: z.int().min(1).optional(),
  })
  .refine(({ keys, search }) => (keys === undefined) !== (search === undefined), "either `keys` or `search`");
export type MemoryRead = z.infer<typeof MemoryRead>;
/** `memory` of a release, of the planners `model` and `loop`. */
export const MemoryReads = z.array(MemoryRead).min(1).max(LIMITS.memoryReads);

/** What is wrong with an automation's readings; null where nothing is. */
export function wrongReads(reads: readonly MemoryRead[], plansByModel: boolean, input: Contract): string | null {
  if (!plansByModel) return "`memory` stands only where the planner is `model` or `loop`.";
  const wrong = reads.find(({ search }) => search !== undefined && !isString(search.field, input));
  return wrong === undefined ? null : `\`memory\`: the input contract has no string at ${wrong.search!.field}.`;
}

function isString(pointer: string, input: Contract): boolean {
  let field: Field | undefined = input.root;
  for (const segment of parsePointer(pointer) ?? [""]) field = field?.properties.get(segment);
  return field !== undefined && field.types.has("string");
}

/** One item that a planner was shown, as the signed plan and the run log have it: no text and no key of the tenant's, which may be personal. */
export const MemoryShown = z.strictObject({
  id: MemoryId,
  namespace: MemoryNamespace,
  tier: z.enum(["vector", "canonical"]),
  version: z.int().min(1),
  /** Cosine; null where it was asked for by its key. */
  score: z.number().min(-1).max(1).nullable(),
  /** When it was written, ms since the epoch, and how old it was when it was shown. */
  atMs: z.int().min(0),
  ageMs: z.int().min(0),
  source: MemorySource,
  contract: ContractVersion,
});
export type MemoryShown = z.infer<typeof MemoryShown>;
export const MemoryShownList = z.array(MemoryShown).max(LIMITS.memoryShown);

/** The quality of what the planner was shown, as policy sees it. Like `evidence`, but by the word of the plane that planned. */
export type MemoryFacts = {
  readonly count: number;
  /** Age of the oldest, in milliseconds, at the moment of the decision. */
  readonly maxAgeMs: number;
  /** Sorted, each once. */
  readonly sources: readonly string[];
  /** `namespace@1.0.0`, sorted, each once. */
  readonly contracts: readonly string[];
};
export const NO_MEMORY: MemoryFacts = { count: 0, maxAgeMs: 0, sources: [], contracts: [] };

export function memoryFacts(shown: readonly MemoryShown[] | undefined, nowMs: number): MemoryFacts {
  if (shown === undefined || shown.length === 0) return NO_MEMORY;
  return {
    count: shown.length,
    maxAgeMs: Math.max(0, ...shown.map(({ atMs }) => nowMs - atMs)),
    sources: [...new Set(shown.map(({ source }) => source))].toSorted(),
    contracts: [...new Set(shown.map(({ namespace, contract }) => `${namespace}@${contract}`))].toSorted(),
  };
}
