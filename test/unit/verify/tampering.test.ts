import { describe, expect, it } from "vitest";
import { utf8 } from "../../../shared/bytes.ts";
import { generateKeyPair, exportPrivateKey } from "../../../shared/keys.ts";
import { verifyRecord, type VerificationInput, type VerificationReport } from "../../../shared/verify/index.ts";
import { bytesOf, checkpointOf, EU, honestRecord, KEYS, TestRecord, trust, US } from "../../support/record.ts";

/** Every finding as `check code`. */
export const found = (report: VerificationReport): string[] => [
  ...new Set(report.checks.flatMap(({ findings }) => findings.map(({ check, code }) => `${check} ${code}`))),
];

/** The entries under a checkpoint that a thief of the ledger's key signed over them. */
const withStolenLedgerKey = async (entries: readonly string[], more: Partial<VerificationInput> = {}) =>
  verifyRecord({ trust: trust(), checkpoint: await checkpointOf(entries), entries: bytesOf(entries), ...more });

const newKey = async () => exportPrivateKey((await generateKeyPair({ extractable: true })).privateKey);

describe("without the ledger's key", () => {
  it.each([
    ["removed", (entries: string[]) => entries.toSpliced(3, 1)],
    ["added", (entries: string[]) => [...entries, entries.at(-1)!]],
    ["repeated in place of another", (entries: string[]) => entries.with(3, entries[2]!)],
    ["moved", (entries: string[]) => entries.with(3, entries[4]!).with(4, entries[3]!)],
    ["cut off", (entries: string[]) => entries.slice(0, -1)],
    ["changed", (entries: string[]) => entries.with(3, entries[3]!.replace(/"time":"2/, '"time":"3'))],
  ])("an entry that was %s shows in the tree", async (_, tamper) => {
    const { record } = await honestRecord();
    const report = await verifyRecord({ ...(await record.input()), entries: bytesOf(tamper(record.entries)) });
    expect(report.verified).toBe(false);
    expect(found(report)).toContain("tree proof-invalid");
  });

  it("a checkpoint by another key, of another log, or of other text is refused, and nothing is said about the entries", async () => {
    const { record } = await honestRecord();
    const input = await record.input();
    const refusals = await Promise.all(
      [
        await checkpointOf(record.entries, await newKey()),
        await checkpointOf(record.entries, KEYS.checkpoint, "countersign.local/other"),
        input.checkpoint.replace(/\n\d+\n/, "\n1\n"),
        "not a note",
      ].map((checkpoint) => verifyRecord({ ...input, checkpoint })),
    );
    expect(refusals.map(found)).toEqual([
      ["checkpoint key-unknown"],
      ["checkpoint key-unknown"],
      ["checkpoint signature-invalid"],
      ["checkpoint note-malformed"],
    ]);
    expect(refusals.every(({ verified, checkpoint }) => !verified && checkpoint === null)).toBe(true);
  });
});

describe("with the ledger's key stolen", () => {
  it("an entry that is removed leaves a gap in its executor's chain", async () => {
    const { record } = await honestRecord();
    expect(found(await withStolenLedgerKey(record.entries.toSpliced(1, 1)))).toContain("chains chain-gap");
  });

  it("an entry that is repeated is a second record at its position", async () => {
    const { record } = await honestRecord();
    expect(found(await withStolenLedgerKey([...record.entries, record.entries[1]!]))).toContain("chains chain-fork");
  });

  it("deliveries of two executors in another order contradict what the executors saw", async () => {
    const record = new TestRecord();
    await record.allowed(EU);
    await record.deliver(EU);
    const first = record.entries.length;
    await record.allowed(US);
    await record.deliver(US);
    await record.see(EU);
    await record.deliver(EU);
    const [eu, us, rest] = [
      record.entries.slice(0, first),
      record.entries.slice(first, first + 2),
      record.entries.slice(first + 2),
    ];
    expect(us.every((entry) => entry.includes(US))).toBe(true);
    expect(found(await withStolenLedgerKey([...us, ...eu, ...rest]))).toContain("history checkpoint-inconsistent");
  });

  it("a rewritten record breaks the link of the next one and the signature of its executor", async () => {
    const { record } = await honestRecord();
    const at = record.entries.findIndex((entry) => entry.includes("step-applied"));
    const rewritten = record.entries.with(at, record.entries[at]!.replace('"tags":["money"]', '"tags":["monez"]'));
    expect(rewritten[at]).not.toBe(record.entries[at]);
    const codes = found(await withStolenLedgerKey(rewritten));
    expect(codes).toContain("chains prev-mismatch");
  });

  it("the last record of a delivery cannot be rewritten either: the statement is over its hash", async () => {
    const record = new TestRecord();
    await record.allowed(EU);
    await record.deliver(EU);
    const rewritten = record.entries.with(
      0,
      record.entries[0]!.replace('"status":"succeeded"', '"status":"cancelled"'),
    );
    expect(found(await withStolenLedgerKey(rewritten))).toContain("statements statement-mismatch");
  });

  it("a statement by another key is not believed, nor what it covers", async () => {
    const record = new TestRecord();
    await record.allowed(EU);
    await record.deliver(EU);
    const chain = record.chain(EU);
    const forged = await chain.statement(chain.seq, chain.hash, await newKey());
    const report = await withStolenLedgerKey(record.entries.with(-1, forged));
    expect(found(report)).toEqual(["statements key-unknown", "statements statement-missing"]);
    expect(report.counts.tasks).toBe(0);
  });

  it("records after the last statement are nobody's word", async () => {
    const { record } = await honestRecord();
    expect(found(await withStolenLedgerKey(record.entries.slice(0, -1)))).toContain("statements statement-missing");
  });

  it("an entry that is spelled otherwise is not canonical", async () => {
    const { record } = await honestRecord();
    expect(found(await withStolenLedgerKey(record.entries.with(0, ` ${record.entries[0]}`)))).toContain(
      "entries entry-invalid",
    );
  });

  it("an executor that the tenant does not have is none", async () => {
    const record = new TestRecord();
    await record.allowed("dev/eu/9");
    await record.deliver("dev/eu/9");
    expect(found(await withStolenLedgerKey(record.entries))).toEqual(["entries audience-mismatch"]);
  });
});

describe("with the keys of ledger and executors stolen", () => {
  /** The same past up to the first delivery, then another one. */
  async function fork() {
    const record = new TestRecord();
    await record.allowed(EU);
    await record.deliver(EU);
    const common = record.entries.length;
    await record.allowed(EU);
    await record.deliver(EU);
    const seen = await checkpointOf(record.entries);
    const other = new TestRecord();
    other.entries.push(...record.entries.slice(0, common));
    other.chains.set(EU, record.chain(EU).forkAt(4));
    return { record, other, seen };
  }

  it("a fork contradicts the checkpoint in another executor's chain", async () => {
    const { record, other, seen } = await fork();
    await other.allowed(EU, "another:key");
    await other.deliver(EU);
    await other.allowed(EU);
    await other.deliver(EU);
    expect(other.entries.length).toBeGreaterThan(record.entries.length);
    other.chain(US).write(null, [{ type: "checkpoint-seen", note: seen }]);
    await other.deliver(US);
    expect(found(await withStolenLedgerKey(other.entries))).toContain("history checkpoint-inconsistent");
  });

  it("a log that is shorter than one seen is found", async () => {
    const { record, other, seen } = await fork();
    other.chain(US).write(null, [{ type: "checkpoint-seen", note: seen }]);
    await other.deliver(US);
    const short = other.entries.slice(2);
    expect(short.length).toBeLessThan(record.entries.length);
    expect(found(await withStolenLedgerKey(short))).toContain("history checkpoint-inconsistent");
  });

  it("a chain that was shortened is found by its own executor", async () => {
    const { record } = await honestRecord();
    const chain = record.chain(US);
    const witness = {
      executor: US,
      head: { seq: chain.seq, hash: chain.hash },
      checkpoint: await checkpointOf(record.entries),
      consistency: [],
    };
    const eu = {
      executor: EU,
      head: { seq: record.chain(EU).seq, hash: record.chain(EU).hash },
      checkpoint: null,
      consistency: null,
    };
    expect((await verifyRecord({ ...(await record.input()), witnesses: [eu, witness] })).verified).toBe(true);

    const lastDelivery = record.entries.length - 3;
    const shorter = await withStolenLedgerKey(record.entries.slice(0, lastDelivery), { witnesses: [eu, witness] });
    expect(found(shorter)).toEqual(["witnesses checkpoint-inconsistent"]);
    const rewound = { ...witness, head: { seq: chain.seq - 1, hash: chain.records.at(-2)!.hash } };
    expect(found(await verifyRecord({ ...(await record.input()), witnesses: [eu, rewound] }))).toEqual([
      "witnesses chain-shortened",
    ]);
    const other = { ...witness, head: { seq: chain.seq, hash: "0".repeat(64) } };
    expect(found(await verifyRecord({ ...(await record.input()), witnesses: [eu, other] }))).toEqual([
      "witnesses chain-fork",
    ]);
    expect(found(await verifyRecord({ ...(await record.input()), witnesses: [eu] }))).toEqual([
      "witnesses not-running",
    ]);
  });

  it("a witness that has seen a larger log needs a proof that this one is its past", async () => {
    const { record } = await honestRecord();
    const [before, all] = [record.entries.slice(0, -3), record.entries];
    const witness = {
      executor: EU,
      head: { seq: record.chain(EU).seq, hash: record.chain(EU).hash },
      checkpoint: await checkpointOf(all),
      consistency: null,
    };
    expect(found(await withStolenLedgerKey(before, { witnesses: [witness] }))).toContain(
      "witnesses checkpoint-inconsistent",
    );
  });
});

describe("what is not JSON", () => {
  it.each([
    ["no JSON", utf8("{"), "invalid-json"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "invalid-json"],
    ["a repeated key", utf8('{"a":1,"a":1}'), "invalid-json"],
    ["another shape", utf8('{"a":1}'), "entry-invalid"],
    ["too much", new Uint8Array(65_536), "entry-too-large"],
  ])("%s is a finding, and the rest goes on", async (_, bytes, code) => {
    const { record } = await honestRecord();
    const input = await record.input();
    const report = await verifyRecord({ ...input, entries: [...input.entries, bytes] });
    expect(found(report)).toContain(`entries ${code}`);
    expect(report.counts.tasks).toBe(5);
  });
});
