/** Texts that a writing planner finds again: what is taken from a namespace that others may write to, and what is put there. */
import { describe, expect, it } from "vitest";
import { keptTexts, type Kept } from "../../../intent-manager/planning/writing/kept-texts.ts";
import type { Opened } from "../../../intent-manager/memory/memory.ts";
import { LIMITS } from "../../../shared/limits.ts";

const KEPT: Kept = {
  passage: { heading: "Return policy", text: "Goods go back within 30 days." },
  by: { tier: "small", model: "writer-1", atMs: 1_000, microCents: 20 },
};
const FROM = { outline: "returns", language: "en" };

/** A namespace that holds texts by key; `put` overwrites. */
function newNamespace() {
  const textByKey = new Map<string, string>();
  const opened = {
    namespace: { settings: { contractVersion: 1 } },
    memory: {
      get: async (key: string) => (textByKey.has(key) ? { text: textByKey.get(key)! } : null),
      put: async ({ key, text }: { key: string; text: string }) => void textByKey.set(key, text),
    },
  } as unknown as Opened;
  const open = (name: string) =>
    keptTexts({ open: async () => ({ ok: true, value: opened }) }, name, "content", () => 5);
  return { textByKey, open };
}

it("what was kept is found under what it was written from, and under nothing else", async () => {
  const kept = await newNamespace().open("texts");
  await kept.keep(FROM, KEPT);
  expect(await kept.find({ language: "en", outline: "returns" })).toEqual(KEPT);
  expect(await kept.find({ ...FROM, language: "de" })).toBeNull();
});

const { passage, by } = KEPT;
describe("what somebody else put there in its place is not found where it is", () => {
  it.each<[what: string, text: string]>([
    ["no JSON", "Return policy"],
    [
      "JSON with a name twice",
      `{"passage":${JSON.stringify(passage)},"by":${JSON.stringify(by)},"by":${JSON.stringify(by)}}`,
    ],
    ["without who wrote it", JSON.stringify({ passage })],
    ["with more than that", JSON.stringify({ ...KEPT, approved: true })],
    ["an empty heading", JSON.stringify({ by, passage: { ...passage, heading: "" } })],
    [
      "a heading of more than 200 characters",
      JSON.stringify({ by, passage: { ...passage, heading: "x".repeat(201) } }),
    ],
    ["a text of more than 4,000", JSON.stringify({ by, passage: { ...passage, text: "x".repeat(4_001) } })],
    ["a price below nothing", JSON.stringify({ passage, by: { ...by, microCents: -1 } })],
    ["a price beyond any call", JSON.stringify({ passage, by: { ...by, microCents: 1_000_000_000_001 } })],
    ["a tier that there is not", JSON.stringify({ passage, by: { ...by, tier: "human" } })],
  ])("%s", async (_what, text) => {
    const namespace = newNamespace();
    const kept = await namespace.open("texts");
    await kept.keep(FROM, KEPT);
    const [key] = namespace.textByKey.keys();
    namespace.textByKey.set(key!, text);
    expect(await kept.find(FROM)).toBeNull();
  });
});

it("a text longer than the memory takes is not kept, and the one before it stays", async () => {
  const kept = await newNamespace().open("texts");
  await kept.keep(FROM, KEPT);
  await kept.keep(FROM, { by, passage: { ...passage, text: "x".repeat(LIMITS.memoryTextChars) } });
  expect(await kept.find(FROM)).toEqual(KEPT);
});

it("without a namespace, or with one that does not open, nothing is kept and nothing found", async () => {
  const shut = { open: async () => ({ ok: false, problem: {} }) as never };
  for (const name of [undefined, "texts"]) {
    const kept = await keptTexts(shut, name, "content", () => 5);
    await kept.keep(FROM, KEPT);
    expect(await kept.find(FROM)).toBeNull();
  }
});
