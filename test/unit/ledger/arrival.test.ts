import { beforeAll, expect, it } from "vitest";
import { arrive } from "../../../ledger/arrival.ts";
import { canonicalize } from "../../../shared/canonical.ts";
import { entryText } from "../../../shared/entry.ts";
import type { TaskEvent } from "../../../shared/events.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { keyId, type PublicJwk } from "../../../shared/keys.ts";
import { LIMITS } from "../../../shared/limits.ts";
import type { AppendCommand } from "../../../shared/rpc/ledger.ts";
import { Trust } from "../../../shared/trust.ts";
import { newPrivateKey, newTenantKeys, newWorkerKeys, trustOf } from "../../../scripts/lib/keys.ts";
import { admitted, opened, TestChain, testTask } from "../../support/chain.ts";

const keys = newWorkerKeys();
const config = {
  trust: Trust.parse(trustOf(keys, [newTenantKeys("acme"), newTenantKeys("other")])),
  receiptKeys: new Map<string, PublicJwk>([[keyId(keys.receiptKey), keys.receiptKey]]),
};
const EXECUTOR = "acme/eu/0";
const newChain = () => new TestChain(EXECUTOR, keys.receiptKey);

/** Two tasks whose records alternate, and records of the executor itself between them. */
const chain = newChain();
let good: AppendCommand;
beforeAll(async () => {
  for (const n of [1, 2, 1, 2]) chain.write(testTask(EXECUTOR, n), [{ type: "cancel-requested", by: "ada" }]);
  chain.write(null, [{ type: "checkpoint-seen", note: "note" }]);
  chain.writeTask(testTask(EXECUTOR, 3));
  good = await chain.deliver();
});

const codeOf = async (command: unknown) => {
  const result = await arrive(command, config);
  return result.ok ? "accepted" : result.problem.code;
};
const ruleOf = async (command: unknown) => {
  const result = await arrive(command, config);
  return result.ok
    ? "accepted"
    : [result.problem.code, result.problem.facts?.rule, result.problem.facts?.entry].join(" ");
};
/** The good delivery with one entry changed as text. */
const withEntry = (at: number, change: (text: string) => string): AppendCommand => ({
  ...good,
  entries: good.entries.map((text, i) =>
    i === (at + good.entries.length) % good.entries.length ? change(text) : text,
  ),
});
/** The good delivery with one entry changed as a value, and canonical again. */
const withValue = (at: number, change: (value: any) => JsonObject): AppendCommand =>
  withEntry(at, (text) => canonicalize(change(JSON.parse(text))));

it("a sound delivery gives its entries in order, with what the log needs to place them", async () => {
  const result = await arrive(good, config);
  if (!result.ok) throw new Error(result.problem.detail);
  const { entries, leaves, ...rest } = result.value;
  expect(rest).toMatchObject({
    from: 1,
    to: 10,
    prev: "0".repeat(64),
    head: chain.hash,
    tenant: "acme",
    executor: EXECUTOR,
  });
  expect(entries.map(({ fromSeq, toSeq, task }) => [fromSeq, toSeq, task])).toEqual([
    [1, 3, testTask(EXECUTOR, 1)],
    [2, 4, testTask(EXECUTOR, 2)],
    [5, 5, null],
    [6, 10, testTask(EXECUTOR, 3)],
    [10, 10, null],
  ]);
  expect(entries.map(({ body }) => body)).toEqual(good.entries);
  expect(leaves.length).toBe(5 * 32);
});

it("a record whose keys look like numbers is taken in canonical order all the same", async () => {
  const odd = newChain();
  const event = admitted(["s1"]) as Extract<TaskEvent, { type: "plan-admitted" }>;
  odd.write(testTask(EXECUTOR, 1), [
    opened(EXECUTOR),
    { ...event, provenance: { s1: { "9": "principal", "10": "model", a: "content" } } },
  ]);
  expect(await codeOf(await odd.deliver())).toBe("accepted");
});

it("a delivery of another shape, tenant or executor is refused before anything in it is read", async () => {
  expect(await codeOf(null)).toBe("invalid-request");
  expect(await codeOf({ ...good, extra: 1 })).toBe("invalid-request");
  expect(await codeOf({ ...good, entries: [] })).toBe("invalid-request");
  expect(await codeOf({ ...good, from: 11 })).toBe("invalid-request");
  expect(await codeOf({ ...good, tenant: "nobody" })).toBe("not-found");
  expect(await codeOf({ ...good, tenant: "constructor" })).toBe("not-found");
  expect(await codeOf({ ...good, tenant: "other" })).toBe("audience-mismatch");
  expect(await codeOf({ ...good, executor: "acme/eu/4" })).toBe("audience-mismatch");
  expect(await codeOf({ ...good, executor: "acme/ap/0" })).toBe("audience-mismatch");
});

it("limits hold for one entry, all entries and all records", async () => {
  const at = (bytes: number) => "é".repeat(Math.floor(bytes / 2)) + "x".repeat(bytes % 2);
  expect(await codeOf(withEntry(0, () => at(LIMITS.entryBytes + 1)))).toBe("entry-too-large");
  expect(await codeOf(withEntry(0, () => at(LIMITS.entryBytes)))).toBe("invalid-json");
  expect(await codeOf({ ...good, to: LIMITS.deliveryRecords + 1 })).toBe("body-too-large");
  const many = Array.from({ length: 70 }, () => "x".repeat(LIMITS.entryBytes));
  expect(await codeOf({ ...good, entries: many })).toBe("body-too-large");
});

it("the last entry must be this executor's statement, by a trusted key, over exactly these records", async () => {
  const withStatement = (text: string) => withEntry(-1, () => text);
  expect(await ruleOf({ ...good, entries: good.entries.slice(0, -1) })).toBe("entry-invalid form 3");
  expect(await codeOf(withStatement(await chain.statement(10, chain.hash, newPrivateKey())))).toBe("key-unknown");
  expect(await codeOf(withStatement(await chain.statement(9, chain.records[8]!.hash)))).toBe("entry-invalid");
  expect(await codeOf(withStatement(await chain.statement(10, chain.records[8]!.hash)))).toBe("statement-mismatch");
  const forged = withValue(-1, (value) => {
    const { signatures } = value.data.statement;
    signatures[0].sig = Buffer.alloc(64, 1).toString("base64");
    return value;
  });
  expect(await codeOf(forged)).toBe("signature-invalid");
});

it("the statement of a neighbour says nothing about this executor", async () => {
  const neighbour = new TestChain("acme/eu/1", keys.receiptKey);
  for (let i = 0; i < 10; i++) neighbour.write(null, [{ type: "checkpoint-seen", note: "n" }]);
  const text = (await neighbour.deliver()).entries.at(-1)!;
  expect(await codeOf(withEntry(-1, () => text))).toBe("entry-invalid");
  const relabelled = withValue(-1, (value) => ({ ...value, data: { statement: JSON.parse(text).data.statement } }));
  expect(await codeOf(relabelled)).toBe("audience-mismatch");
});

it("an entry has one text: another spelling, order, id, source, time or field is refused", async () => {
  expect(await ruleOf(withEntry(0, (text) => text.replace(":", ": ")))).toBe("entry-invalid canonical 0");
  expect(await ruleOf(withEntry(0, (text) => `${text}\n`))).toBe("entry-invalid canonical 0");
  expect(await ruleOf(withEntry(0, (text) => text.replace('"ada"', '"\\u0061da"')))).toBe("entry-invalid canonical 0");
  expect(await ruleOf(withEntry(0, (text) => text.replace('"version":1', '"version":1.0')))).toBe(
    "entry-invalid canonical 0",
  );
  expect(await ruleOf(withValue(0, (value) => ({ ...value, id: `evt_${"a".repeat(26)}` })))).toBe(
    "entry-invalid canonical 0",
  );
  expect(await ruleOf(withValue(0, (value) => ({ ...value, source: "/executors/acme/eu/1" })))).toBe(
    "entry-invalid canonical 0",
  );
  expect(await ruleOf(withValue(0, (value) => ({ ...value, extra: 1 })))).toBe("entry-invalid canonical 0");
  expect(await ruleOf(withValue(0, (value) => ({ ...value, time: "2026-01-01T00:00:00Z" })))).toBe(
    "entry-invalid form 0",
  );
  expect(await ruleOf(withValue(0, (value) => ({ ...value, time: "2026-13-01T00:00:00.000Z" })))).toBe(
    "entry-invalid form 0",
  );
  expect(await ruleOf(withValue(0, (value) => ({ ...value, type: "countersign.other.v1" })))).toBe(
    "entry-invalid form 0",
  );
  expect(await codeOf(withEntry(0, (text) => text.replace('"version":1', '"version":1,"version":1')))).toBe(
    "invalid-json",
  );
  expect(await codeOf(withEntry(0, (text) => text.replace('"ada"', '"\\ud800"')))).toBe("invalid-json");
});

it("a record has its documented shape, and belongs to the entry's task and executor", async () => {
  const changed = (change: (record: any) => void) =>
    withValue(0, (value) => {
      change(value.data.records[0]);
      return value;
    });
  expect(await ruleOf(changed((record) => (record.extra = 1)))).toBe("entry-invalid record 0");
  expect(await ruleOf(changed((record) => (record.events[0].type = "unheard-of")))).toBe("entry-invalid record 0");
  expect(await codeOf(changed((record) => (record.executor = "acme/eu/1")))).toBe("audience-mismatch");
  expect(await codeOf(changed((record) => (record.task = testTask(EXECUTOR, 9))))).toBe("audience-mismatch");
  expect(await codeOf(changed((record) => (record.task = null)))).toBe("audience-mismatch");
  const elsewhere = testTask("acme/us/0", 1);
  expect(await codeOf(withValue(0, (value) => ({ ...value, subject: elsewhere })))).toBe("audience-mismatch");
});

it("each record stands exactly once and follows the one before it", async () => {
  const texts = (seqs: readonly number[]) => seqs.map((seq) => chain.records[seq - 1]!.text);
  const entry = (n: number, seqs: readonly number[]) =>
    entryText("task", EXECUTOR, testTask(EXECUTOR, n), texts(seqs), seqs[0]!, 0);
  const cut = (...entries: string[]) => ({ ...good, entries: [...entries, ...good.entries.slice(2)] });
  expect(await codeOf(cut(entry(1, [1, 3]), entry(2, [2, 4])))).toBe("accepted");
  expect(await codeOf(cut(entry(2, [2]), entry(1, [1]), entry(2, [4]), entry(1, [3])))).toBe("accepted");
  expect(await ruleOf(cut(entry(1, [1, 3]), entry(2, [2])))).toBe("entry-invalid records 4");
  expect(await ruleOf(cut(entry(1, [1, 3]), entry(2, [2, 4]), entry(2, [4])))).toBe("entry-invalid records 2");
  expect(await ruleOf(cut(entry(1, [3, 1]), entry(2, [2, 4])))).toBe("entry-invalid records 0");
  expect(await ruleOf({ ...good, from: 2 })).toBe("entry-invalid records 0");
  expect(await ruleOf(withEntry(1, (text) => text.replace('"ada"', '"eve"')))).toBe("entry-invalid prev 0");
});
