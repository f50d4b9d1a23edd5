/** The pure parts of memory: the lexical embedding, exact search, what policy sees, and what a planner is shown. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lexicalVector } from "../../../intent-manager/memory/lexical.ts";
import { Matrix } from "../../../intent-manager/memory/matrix.ts";
import { resultsShown } from "../../../intent-manager/memory/observations.ts";
import { EphemeralTier } from "../../../intent-manager/memory/tiers.ts";
import { VectorizeIndex, type VectorizeBinding } from "../../../intent-manager/memory/vectorize.ts";
import { memoryFacts, type MemoryShown } from "../../../shared/memory.ts";
import { ALL_AVAILABLE, compilePolicy, evaluatePolicy, type Policy } from "../../../shared/policy/index.ts";
import { facts, SHOP, value } from "../../support/release.ts";

const cosine = (a: string, b: string): number => {
  const [x, y] = [lexicalVector(a), lexicalVector(b)];
  return x.reduce((sum, one, i) => sum + one * y[i]!, 0);
};
const shown = (change: Partial<MemoryShown> = {}): MemoryShown => ({
  id: "mem_aaaaaaaaaaaaaaaaaaaaaaaaaa",
  namespace: "glossary",
  tier: "canonical",
  version: 1,
  score: null,
  atMs: 1_000,
  ageMs: 10,
  source: "editor",
  contract: "1.0.0",
  ...change,
});

describe("the lexical embedding", () => {
  it("finds letters and not meaning", () => {
    expect(cosine("Refund the invoice", "refund, the INVOICE!")).toBeCloseTo(1, 5);
    expect(cosine("refunds for invoices", "refund the invoice")).toBeGreaterThan(0.4);
    expect(cosine("money back", "refund the invoice")).toBeLessThan(0.2);
    expect([...lexicalVector("… !")].every((x) => x === 0)).toBe(true);
  });
  it("is the same vector for ever: stored vectors are compared with it", () => {
    const vector = lexicalVector("ledger");
    const places = [...vector.keys()].filter((i) => vector[i] !== 0);
    expect(places.map((i) => [i, Math.round(vector[i]! * 1e4)])).toEqual([
      [17, -3169],
      [34, -2535],
      [45, 3169],
      [53, -1267],
      [65, 1267],
      [125, 1267],
      [171, -3169],
      [184, 1267],
      [201, 2535],
      [255, -2535],
      [278, -1267],
      [298, -2535],
      [305, 1267],
      [316, -3169],
      [336, 2535],
      [339, -1267],
      [370, -2535],
      [428, 3169],
    ]);
  });
});

describe("search", () => {
  it("is exact: what it finds is what sorting all cosines finds, also after deletions", () => {
    const vector = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(vector, { minLength: 1, maxLength: 40 }), vector, fc.nat(39), (rows, asked, gone) => {
        const matrix = new Matrix(7);
        const query = Float32Array.from(asked);
        for (const [slot, row] of rows.entries()) matrix.set(slot, Float32Array.from(row));
        matrix.delete(gone);
        const dot = (row: readonly number[]) => row.reduce((sum, x, i) => sum + x * asked[i]!, 0);
        const wanted = rows
          .map((row, slot) => ({ slot, score: dot(row) }))
          .filter(({ slot, score }) => slot !== gone && score >= 0)
          .toSorted((a, b) => b.score - a.score || a.slot - b.slot)
          .slice(0, 3);
        expect(matrix.nearest(query, 3, 0, () => true)).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });
});

describe("policy", () => {
  const POLICY: Policy = {
    default: "deny",
    rules: [
      { id: "all", when: "true", then: "allow" },
      { id: "blind", when: "memory.count == 0", then: "deny" },
      { id: "stale", when: "memory.maxAgeMs > 60000", then: "deny" },
      { id: "strangers", when: 'memory.sources.exists(source, source != "editor")', then: "deny" },
      { id: "old-form", when: '!("glossary@1.0.0" in memory.contracts)', then: "deny" },
    ],
    unguarded: [{ id: "wide", when: "true", roles: ["amount", "target"] }],
  };
  const compiled = value(compilePolicy(POLICY, SHOP));
  const rulesOf = (list: readonly MemoryShown[], nowMs = 2_000) =>
    evaluatePolicy(compiled, facts({ memory: memoryFacts(list, nowMs) }), { available: ALL_AVAILABLE }).rules.map(
      ({ id }) => id,
    );

  it("can demand that memory was shown, is fresh, and comes from somebody, in a form", () => {
    expect(compiled.asksMemory).toBe(true);
    expect(rulesOf([shown()])).toEqual(["all"]);
    expect(rulesOf([])).toEqual(["blind", "old-form"]);
    expect(rulesOf([shown()], 61_001)).toEqual(["stale"]);
    expect(rulesOf([shown(), shown({ source: "mail" })])).toEqual(["strangers"]);
    expect(rulesOf([shown({ contract: "0.9.0" })])).toEqual(["old-form"]);
  });
});

describe("the ephemeral tier", () => {
  const write = (key: string, text: string, change = {}) => ({
    key,
    text,
    newId: key,
    source: "task",
    contract: "1.0.0",
    by: "task",
    atMs: 0,
    subjects: [],
    expect: null,
    ttlMs: null,
    ...change,
  });
  it("has versions, times and subjects as the others have", async () => {
    const tier = new EphemeralTier();
    await tier.put(write("a", "refunds", { subjects: ["x"] }));
    await tier.put(write("b", "refund", { ttlMs: 10 }));
    expect(await tier.put(write("a", "changed", { expect: 5 }))).toMatchObject({ problem: { code: "memory-moved" } });
    const asked = { text: "refunds", top: 5, minScore: 0.1, notBeforeMs: null };
    const keys = async (subjects: readonly string[] | null, nowMs: number) => {
      const found = await tier.recall({ ...asked, subjects }, nowMs);
      return found.ok ? found.value.map(({ item }) => item.key) : [];
    };
    expect(await keys(null, 0)).toEqual(["a", "b"]);
    expect(await keys([], 0)).toEqual(["b"]);
    expect(await keys(null, 10)).toEqual(["a"]);
    expect([await tier.erase("x"), await keys(null, 0)]).toEqual([1, ["b"]]);
  });
  it("keeps of long results the newest, and of the older ones what is near to the request", async () => {
    const ids = Array.from({ length: 8 }, (_, i) => `s${i}`);
    const results = Object.fromEntries(ids.map((id) => [id, `${id} ${"weather ".repeat(20)}`]));
    results["s1"] = `all about invoices ${"invoice ".repeat(20)}`;
    const all = JSON.stringify(results).length;
    expect((await resultsShown(ids, results, "invoice", all)).size).toBe(8);
    expect([...(await resultsShown(ids, results, "invoice", 900))]).toEqual(["s4", "s5", "s6", "s7", "s1"]);
  });
});

it("Vectorize holds no texts, and finds only what is of this embedding and for these subjects", async () => {
  const stored = new Map<string, VectorizeVector>();
  const binding = {
    upsert: async (vectors: VectorizeVector[]) => void vectors.forEach((one) => stored.set(one.id, one)),
    query: async (_: unknown, { namespace }: VectorizeQueryOptions) => ({
      matches: [...stored.values()].filter((one) => one.namespace === namespace).map((one) => ({ ...one, score: 0.5 })),
      count: stored.size,
    }),
    deleteByIds: async (ids: string[]) => void ids.forEach((id) => stored.delete(id)),
    getByIds: async (ids: string[]) => ids.flatMap((id) => stored.get(id) ?? []),
  } as unknown as VectorizeBinding;
  const index = new VectorizeIndex(binding, "acme", "facts", { name: "lexical-ngrams-1/512" });
  const item = (key: string, subjects: string[]) => ({
    id: `mem_${key}`,
    key,
    text: "SECRET",
    version: 3,
    atMs: 5,
    source: "api",
    contract: "1.0.0",
    by: "k",
    subjects,
    expiresMs: null,
  });
  await index.put(item("a", []), lexicalVector("a text"));
  await index.put(item("b", ["digest"]), lexicalVector("b text"));
  expect(JSON.stringify([...stored])).not.toContain("SECRET");
  const asked = { vector: lexicalVector("text"), top: 5, minScore: 0, notBeforeMs: null };
  expect(await index.nearest({ ...asked, subjects: [] })).toMatchObject({ ok: true, value: [{ key: "a" }] });
  expect(await index.nearest({ ...asked, subjects: ["digest"] })).toMatchObject({
    value: [{ key: "a" }, { key: "b" }],
  });
  expect(await index.lookup(["a", "c"])).toMatchObject([{ key: "a", version: 3 }]);
  const other = new VectorizeIndex(binding, "acme", "facts", { name: "other/512" });
  expect(await other.nearest({ ...asked, subjects: null })).toMatchObject({ value: [] });
  await index.remove(["a", "b"]);
  expect(stored.size).toBe(0);
});
