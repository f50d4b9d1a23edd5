/** Memory through the public interface, over the real control database and the real objects of namespaces. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { CanonicalItems } from "../../../intent-manager/memory/canonical.ts";
import { lexicalVector } from "../../../intent-manager/memory/lexical.ts";
import { subjectDigest } from "../../../intent-manager/dispatch/subjects.ts";
import type { VectorsRpc } from "../../../intent-manager/memory/vectors.ts";
import { ok } from "../../../shared/result.ts";
import { acme, answerWith, as, bindings, seedTenants, send } from "./world.ts";

beforeAll(seedTenants);

const put = (path: string, body: object, role: "app" | "operator" | "agent" | "auditor" = "operator") =>
  send(as(role), `/v1/memory/${path}`, { method: "PUT", body });
const get = async (path: string) => (await send(as("auditor"), `/v1/memory/${path}`)).body;
const search = async (namespace: string, body: object) =>
  (await send(as("app"), `/v1/memory/${namespace}/search`, { method: "POST", body })).body;
const keysOf = (body: { found: { key: string }[] }) => body.found.map(({ key }) => key);
const object = (name: string) => env.MEMORY_VECTORS.getByName(`${acme.tenant}/${name}`);
const vectors = (name: string) => object(name) as unknown as VectorsRpc;

it("a canonical item is written once for each version that the writer has seen, and its history stays", async () => {
  await put("glossary", { tier: "canonical" });
  const first = (await put("glossary/term", { text: "ledger = Hauptbuch", expect: 0 }, "app")).body;
  expect(first).toMatchObject({ key: "term", version: 1, source: "api", subjects: 0, expiresAt: null });
  expect((await put("glossary/term", { text: "x", expect: 0 })).body).toMatchObject({
    code: "memory-moved",
    facts: { version: 1 },
  });
  // Of many at once, with the same version in hand, one writes.
  const race = await Promise.all(
    Array.from({ length: 8 }, (_, i) => put("glossary/term", { text: `writer ${i}`, expect: 1 })),
  );
  expect(race.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
  const won = race.find(({ status }) => status === 200)!.body;
  expect(await get("glossary/term")).toEqual(won);
  expect(won).toMatchObject({ id: first.id, version: 2 });
  // Its repetition is the same write.
  expect((await put("glossary/term", { text: won.text, expect: 1 })).body).toEqual(won);
  const { versions } = await get("glossary/term/history");
  expect(versions.map(({ version, text }: { version: number; text: string }) => [version, text])).toEqual([
    [2, won.text],
    [1, "ledger = Hauptbuch"],
  ]);
  // A version is never used again, also not after a deletion.
  expect((await send(as("app"), "/v1/memory/glossary/term", { method: "DELETE" })).body).toEqual({ removed: true });
  expect((await get("glossary/term")).code).toBe("not-found");
  expect((await get("glossary/term/history")).code).toBe("not-found");
  const again = (await put("glossary/term", { text: "new", expect: 0 })).body;
  expect([again.version, again.id === first.id]).toEqual([3, false]);
  expect((await search("glossary", { text: "new" })).code).toBe("memory-not-searchable");
});

it("a full canonical namespace refuses what is new and takes what changes", async () => {
  await put("small", { tier: "canonical", maxItems: 1 });
  await put("small/a", { text: "one" });
  expect((await put("small/b", { text: "two" })).body.code).toBe("memory-full");
  expect((await put("small/a", { text: "three" })).status).toBe(200);
});

it("memory is counted in bytes: a canonical namespace refuses, a vector one gives up what is of least use", async () => {
  await put("counted", { tier: "canonical", maxBytes: 100 });
  expect((await put("counted/a", { text: "ä".repeat(40) })).status).toBe(200);
  expect((await put("counted/b", { text: "b".repeat(21) })).body).toMatchObject({
    code: "memory-full",
    facts: { bytes: 80 },
  });
  expect((await put("counted/a", { text: "b".repeat(20) })).status).toBe(200);
  const of = async (name: string) =>
    (await send(as("auditor"), "/v1/memory")).body.namespaces.find((one: { name: string }) => one.name === name).bytes;
  // Both versions are kept.
  expect(await of("counted")).toBe(100);
  await send(as("app"), "/v1/memory/counted/a", { method: "DELETE" });
  expect(await of("counted")).toBe(0);
  await put("brief", { tier: "vector", maxBytes: 100 });
  for (const key of ["a", "b", "c"]) await put(`brief/${key}`, { text: `${key}${"ä".repeat(20)}` });
  expect([(await get("brief")).items.map(({ key }: { key: string }) => key), await of("brief")]).toEqual([
    ["b", "c"],
    82,
  ]);
  expect((await put("brief/c", { text: "c" })).status).toBe(200);
  expect(await of("brief")).toBe(42);
  expect((await put("brief/d", { text: "d".repeat(101) })).body.code).toBe("memory-full");
  // What does not fit at all pushes nothing out.
  expect(await of("brief")).toBe(42);
});

it("a search finds the nearest letters, and what is deleted or changed is found no more", async () => {
  await put("past", { tier: "canonical", searchable: true });
  await put("past/spring", { text: "The spring newsletter was about invoices and refunds." });
  await put("past/autumn", { text: "Autumn: new warehouses in Lyon and Turin." });
  const found = await search("past", { text: "refund of an invoice" });
  expect([found.embedding, keysOf(found)]).toEqual(["lexical-ngrams-1/512", ["spring", "autumn"]]);
  expect(found.found[0].score).toBeGreaterThan(found.found[1].score);
  expect(keysOf(await search("past", { text: "refund of an invoice", minScore: found.found[0].score }))).toEqual([
    "spring",
  ]);
  await put("past/spring", { text: "Nothing of that kind." });
  await send(as("app"), "/v1/memory/past/autumn", { method: "DELETE" });
  expect(keysOf(await search("past", { text: "warehouses in Lyon" }))).toEqual(["spring"]);
});

it("items of tier vector end after their time, and a full namespace gives up what is of least use", async () => {
  await put("answers", { tier: "vector", maxItems: 3, ttlSeconds: 3_600 });
  for (const key of ["a", "b", "c"]) await put(`answers/${key}`, { text: `question ${key} about deliveries` });
  for (const text of ["question a about deliveries", "question c about deliveries"])
    expect((await search("answers", { text, top: 1 })).found).toHaveLength(1);
  await put("answers/d", { text: "something else" });
  expect((await get("answers")).items.map(({ key }: { key: string }) => key)).toEqual(["a", "c", "d"]);
  // In the object itself: what has expired is found by nobody, and then gone.
  const space = { embedding: "lexical-ngrams-1/512", dimensions: 512, maxItems: 3, maxBytes: 1_000_000, evicts: true };
  const vector = lexicalVector("short lived");
  const item = { key: "e", id: "mem_aaaaaaaaaaaaaaaaaaaaaaaaaa", text: "short lived", source: "api", by: "key_1" };
  const write = { ...item, contract: "1.0.0", version: 0, subjects: [], versions: "own", expect: null } as const;
  const now = Date.now();
  await vectors("answers").put(space, { ...write, atMs: now - 10, expiresMs: now - 1, vector });
  expect(keysOf(await search("answers", { text: "short lived", top: 3 }))).not.toContain("e");
  expect(await vectors("answers").get("e")).toBeNull();
  // It is due already, so it may have run by itself.
  await runDurableObjectAlarm(object("answers"));
  await expect.poll(() => vectors("answers").counts(space)).toMatchObject({ items: 2 });
  expect((await get("answers/d")).expiresAt).not.toBeNull();
});

it("an erasure reaches every namespace: items, history, vectors, and a write that began before it", async () => {
  const canary = "CANARY-4711";
  await put("facts", { tier: "canonical", searchable: true });
  await put("recent", { tier: "vector" });
  const about = { subjects: ["customer:ada_9"] };
  await put("facts/first", { text: `old ${canary}`, ...about });
  // No longer about her; the history still is.
  await put("facts/first", { text: "something harmless" });
  await put("facts/other", { text: "of nobody" });
  await put("recent/visit", { text: `she said ${canary}`, ...about });
  expect(keysOf(await search("recent", { text: canary }))).toEqual(["visit"]);
  expect(keysOf(await search("recent", { text: canary, subjects: ["customer:bob"] }))).toEqual([]);
  expect(keysOf(await search("recent", { text: canary, subjects: ["customer:ada_9", "customer:bob"] }))).toEqual([
    "visit",
  ]);
  answerWith({ subject: async () => ok({ held: false, tasks: 0, open: 0, consents: [], erasures: [] }) as never });
  expect((await send(as("auditor"), "/v1/subjects/customer:ada_9")).body).toMatchObject({ memory: 2 });

  const left = { actions: [], agents: [], readers: [] };
  answerWith({
    eraseSubject: async () => ok({ tasks: 0, remaining: 0, underWay: [], left, done: true }),
  });
  const began = Date.now();
  const { body } = await send(as("admin"), "/v1/subjects/customer:ada_9", { method: "DELETE" });
  expect(body).toMatchObject({ done: true, memory: 2 });
  const everything = async () => {
    const rows = await Promise.all(
      ["memory_items", "memory_history", "memory_subjects", "memory_namespaces"].map((table) =>
        bindings.CONTROL_DB.prepare(`SELECT * FROM ${table}`).all(),
      ),
    );
    const indexed = await Promise.all(["facts", "recent"].map((name) => vectors(name).page("", 100)));
    return JSON.stringify([rows.map(({ results }) => results), indexed]);
  };
  expect(await everything()).not.toContain(canary);
  expect(await everything()).not.toContain("ada_9");
  expect(keysOf(await search("facts", { text: "of nobody", top: 10 }))).toEqual(["other"]);
  // The object was told who was erased: what was on its way is refused.
  const digest = subjectDigest(bindings, acme.tenant, "customer:ada_9");
  const late = await vectors("recent").put(
    { embedding: "lexical-ngrams-1/512", dimensions: 512, maxItems: 10, maxBytes: 1_000_000, evicts: true },
    {
      key: "late",
      id: "mem_aaaaaaaaaaaaaaaaaaaaaaaaab",
      text: canary,
      source: "api",
      contract: "1.0.0",
      by: "key_1",
      version: 0,
      versions: "own",
      expect: null,
      expiresMs: null,
      atMs: began - 1,
      subjects: [digest],
      vector: lexicalVector(canary),
    },
  );
  expect(late).toMatchObject({ ok: false, problem: { code: "subject-erased" } });
  const facts = new CanonicalItems(bindings.CONTROL_DB, "acme", "facts", { maxItems: 100 });
  const write = {
    newId: "mem_aaaaaaaaaaaaaaaaaaaaaaaaac",
    text: canary,
    source: "api",
    contract: "1.0.0",
    by: "key_1",
  };
  const landing = (atMs: number) =>
    facts.put({ ...write, key: "late", subjects: [digest], atMs, expect: null, ttlMs: null });
  expect(await landing(began - 1)).toMatchObject({ ok: false, problem: { code: "subject-erased" } });
  expect(await everything()).not.toContain(canary);
  // What somebody writes of them afterwards is another matter.
  expect((await landing(Date.now() + 1_000)).ok).toBe(true);
});

it("reconciliation makes the index what the control database says, and new vectors for a new embedding", async () => {
  await put("kept", { tier: "canonical", searchable: true });
  for (const key of ["a", "b", "c"]) await put(`kept/${key}`, { text: `text of ${key}` });
  const space = {
    embedding: "lexical-ngrams-1/512",
    dimensions: 512,
    maxItems: 10,
    maxBytes: 1_000_000,
    evicts: false,
  };
  const item = (await vectors("kept").get("a"))!;
  const write = { ...item, vector: lexicalVector("x"), versions: "canonical", expect: null } as const;
  // One is lost, one is of an earlier text, and one should not be there.
  await vectors("kept").remove("a");
  await bindings.CONTROL_DB.prepare("UPDATE memory_items SET text = 'changed', version = 99 WHERE key = 'b'").run();
  await vectors("kept").put(space, { ...write, key: "ghost", id: "mem_ghost" });
  const run = async () => (await send(as("operator"), "/v1/jobs/memory/run", { method: "POST", body: {} })).body;
  await run();
  expect((await vectors("kept").page("", 10)).map(({ key, version, text }) => [key, version, text])).toMatchObject([
    ["a", 1, "text of a"],
    ["b", 99, "changed"],
    ["c", 3, "text of c"],
  ]);
  expect(await run()).toMatchObject({ found: 0, repaired: 0, named: [], error: null });
  // An embedding model that cannot be asked: nothing is lost, and what is left is named.
  const model = { kind: "model", name: "embed-1", dimensions: 8, inputCents: 1, timeoutMs: 100 };
  const day = { calls: 1, tokens: 1_000, microCents: 1_000 };
  const body = (await put("kept", { tier: "canonical", searchable: true, embedding: { ...model, day } })).body;
  expect(body).toMatchObject({ embedding: "embed-1/8", items: 3, stale: 3 });
  expect((await search("kept", { text: "text" })).code).toBe("model-not-configured");
  expect(await run()).toMatchObject({ repaired: 0, named: ["kept: 3 items without a current vector"] });
  expect((await put("kept/d", { text: "also without a model" })).status).toBe(200);
  await put("kept", { tier: "canonical", searchable: true });
  expect(await run()).toMatchObject({ found: 1, repaired: 1 });
});

it("where a namespace is searched no more, no text stays, and an erasure reaches what did", async () => {
  const space = {
    embedding: "lexical-ngrams-1/512",
    dimensions: 512,
    maxItems: 10,
    maxBytes: 1_000_000,
    evicts: false,
  };
  const about = { subjects: ["customer:eve_3"] };
  await put("moved", { tier: "canonical", searchable: true });
  await put("moved/note", { text: "a note about somebody", ...about });
  expect(await vectors("moved").counts(space)).toMatchObject({ items: 1 });
  await put("moved", { tier: "canonical" });
  expect(await vectors("moved").counts(space)).toMatchObject({ items: 0 });
  // A write that still knew the old settings.
  const item = { key: "note", id: "mem_aaaaaaaaaaaaaaaaaaaaaaaaac", text: "late", source: "api", by: "key_1" };
  const subjects = [subjectDigest(bindings, acme.tenant, "customer:eve_3")];
  const write = { ...item, contract: "1.0.0", version: 1, subjects, versions: "canonical", expect: null } as const;
  await vectors("moved").put(space, { ...write, atMs: Date.now(), expiresMs: null, vector: lexicalVector("late") });
  const left = { actions: [], agents: [], readers: [] };
  answerWith({ eraseSubject: async () => ok({ tasks: 0, remaining: 0, underWay: [], left, done: true }) });
  const { body } = await send(as("admin"), "/v1/subjects/customer:eve_3", { method: "DELETE" });
  expect(body).toMatchObject({ done: true, memory: 1 });
  expect(await vectors("moved").counts(space)).toMatchObject({ items: 0 });
});

it("agents neither write nor search memory, tenants do not meet, and a namespace keeps its tier", async () => {
  await put("mine", { tier: "canonical" });
  expect((await put("mine/a", { text: "x" }, "agent")).body.code).toBe("forbidden");
  expect((await put("mine/a", { text: "x" }, "auditor")).body.code).toBe("forbidden");
  expect((await put("mine", { tier: "vector" })).body.code).toBe("memory-settings");
  expect((await put("mine", { tier: "canonical", searchable: true, index: "vectorize" })).body.code).toBe(
    "memory-settings",
  );
  expect((await put("mine", { tier: "canonical", ttlSeconds: 60 })).body.code).toBe("invalid-request");
  expect((await get("nobodys/a")).code).toBe("not-found");
  expect((await send(as("admin"), "/v1/memory/mine", { method: "DELETE" })).body).toEqual({ removed: true });
  expect((await get("mine")).code).toBe("not-found");
});
