import { beforeAll, describe, expect, it } from "vitest";
import { Evidence, makeEvidence, verifyEvidence, type Scope } from "../../../shared/evidence/index.ts";
import { generateKeyPair } from "../../../shared/keys.ts";
import { verifierTrust } from "../../../shared/verify/index.ts";
import {
  bytesOf,
  checkpointOf,
  enrolled,
  EU,
  honestRecord,
  learning,
  NOW_MS,
  TENANT,
  TestRecord,
  trust,
  trustConfig,
} from "../../support/record.ts";

const ALWAYS: Scope = { kind: "period", fromMs: 0, toMs: NOW_MS * 2 };

async function evidenceOf(record: TestRecord, scope: Scope, wholeChain?: number): Promise<Evidence> {
  const made = await makeEvidence({
    tenant: TENANT,
    trust: trustConfig,
    checkpoint: await checkpointOf(record.entries),
    entries: bytesOf(record.entries),
    scope,
    nowMs: NOW_MS,
    ...(wholeChain === undefined ? {} : { wholeChain }),
  });
  if (!made.ok) throw new Error(made.problem.detail);
  return Evidence.parse(JSON.parse(JSON.stringify(made.value)));
}

const failuresOf = async (evidence: Evidence): Promise<string[]> => {
  const report = await verifyEvidence(evidence, trust());
  const failures = report.checks.flatMap(({ findings }) => findings.map(({ check, code }) => `${check}: ${code}`));
  expect(report.verified).toBe(failures.length === 0);
  return [...new Set(failures)];
};

/** Without the entries at some places, with the proofs of the others. */
const without = (evidence: Evidence, drop: (place: number) => boolean): Evidence => ({
  ...evidence,
  entries: evidence.entries.filter((_, i) => !drop(i)),
  proofs: { ...evidence.proofs, inclusion: evidence.proofs.inclusion.filter((_, i) => !drop(i)) },
});

let record: TestRecord;
let reviewed: string;
beforeAll(async () => {
  ({ record } = await honestRecord());
  reviewed = JSON.parse(record.entries.find((entry) => entry.includes('"attested"'))!).subject;
});

describe("evidence of honest work", () => {
  it("of a task verifies, and shows its records and who signed", async () => {
    const evidence = await evidenceOf(record, { kind: "task", task: reviewed });
    const report = await verifyEvidence(evidence, trust());
    expect(await failuresOf(evidence)).toEqual([]);
    expect(report.tasks.map(({ task }) => task)).toEqual([reviewed]);
    const events = report.tasks[0]!.records.flatMap(({ record: { events: all } }) => all.map(({ type }) => type));
    expect(events).toContain("attested");
    expect(events.at(-1)).toBe("task-settled");
    expect(evidence.entries.length).toBeLessThan(record.entries.length);
  });

  it("of a period holds every task that was opened in it", async () => {
    const evidence = await evidenceOf(record, ALWAYS);
    const report = await verifyEvidence(evidence, trust());
    expect(report.tasks.length).toBe(5);
    expect(await failuresOf(evidence)).toEqual([]);
  });

  it("of nothing is refused", async () => {
    const scope: Scope = { kind: "period", fromMs: 0, toMs: 1 };
    const made = await makeEvidence({
      tenant: TENANT,
      trust: trustConfig,
      checkpoint: await checkpointOf(record.entries),
      entries: bytesOf(record.entries),
      scope,
      nowMs: NOW_MS,
    });
    expect(made.ok ? null : made.problem.code).toBe("not-found");
  });
});

describe("a part of a long chain", () => {
  it("takes what the task rests on from before and nothing else, and says what is left out", async () => {
    const long = new TestRecord();
    const lead = await enrolled("ada", ["lead"]);
    long.chain(EU).write(null, [await learning()]);
    await long.deliver(EU);
    for (let i = 0; i < 6; i++) {
      await long.allowed(EU, `refund:${i}`);
      await long.deliver(EU);
    }
    const task = await long.reviewed(EU, lead);
    await long.deliver(EU);
    await long.allowed(EU, "refund:later");
    await long.deliver(EU);
    const evidence = await evidenceOf(long, { kind: "task", task }, 0);
    expect(await failuresOf(evidence)).toEqual([]);
    // The release and its statement, the statement before the task, the task and its statement.
    expect(evidence.entries.map(({ index }) => index)).toEqual([0, 1, 13, 14, 15]);
    const { chains } = await verifyEvidence(evidence, trust());
    expect(chains).toMatchObject([{ executor: EU, gaps: [{ from: 2, to: 25 }] }]);
  });
});

describe("what a task is judged by from before", () => {
  it("holds the words of data subjects too: a withdrawal long before the task is seen", async () => {
    const long = new TestRecord();
    long.chain(EU).write(null, [await learning()]);
    await long.deliver(EU);
    const said = { key: `sbk_${"a".repeat(26)}`, purpose: "service", given: false, evidence: null, by: "key_a" };
    long.chain(EU).write(null, [{ type: "consent-recorded", ...said }]);
    await long.deliver(EU);
    for (let i = 0; i < 3; i++) {
      await long.allowed(EU, `refund:${i}`);
      await long.deliver(EU);
    }
    const task = await long.allowed(EU, "refund:last");
    await long.deliver(EU);
    const evidence = await evidenceOf(long, { kind: "task", task }, 0);
    expect(await failuresOf(evidence)).toEqual([]);
    expect(evidence.entries.some(({ body }) => body.includes("consent-recorded"))).toBe(true);
  });
});

describe("evidence that somebody changed", () => {
  it("does not verify with a bit of any entry, proof or of the checkpoint flipped", async () => {
    const evidence = await evidenceOf(record, { kind: "task", task: reviewed });
    for (const [i, { index, body }] of evidence.entries.entries()) {
      const at = Math.floor(body.length / 2);
      const flipped = body.slice(0, at) + String.fromCharCode(body.charCodeAt(at) ^ 1) + body.slice(at + 1);
      const entries = evidence.entries.with(i, { index, body: flipped });
      expect(await failuresOf({ ...evidence, entries })).toContain("inclusion: proof-invalid");
      const proof = evidence.proofs.inclusion[i]!;
      const inclusion = evidence.proofs.inclusion.with(i, proof.with(0, `A${proof[0]!.slice(1)}`));
      if (proof[0]!.startsWith("A")) continue;
      expect(await failuresOf({ ...evidence, proofs: { ...evidence.proofs, inclusion } })).toContain(
        "inclusion: proof-invalid",
      );
    }
    const checkpoint = evidence.checkpoint.replace("\n13\n", "\n12\n");
    expect(await failuresOf({ ...evidence, checkpoint })).toEqual(["checkpoint: signature-invalid"]);
  });

  it("does not verify under other keys than those that it was made under", async () => {
    const evidence = await evidenceOf(record, { kind: "task", task: reviewed });
    const { publicJwk } = await generateKeyPair({ extractable: false });
    const tenants = { [TENANT]: { ...trustConfig.tenants[TENANT]!, rootKey: publicJwk } };
    const report = await verifyEvidence(evidence, verifierTrust({ ...trustConfig, tenants }, TENANT)!);
    expect(report.verified).toBe(false);
    expect(report.checks.filter(({ status }) => status === "failed").map(({ check }) => check)).toContain("promotions");
  });

  it("cannot leave a record of a shown task out, whole deliveries and beginnings included", async () => {
    const slow = new TestRecord();
    const lead = await enrolled("ada", ["lead"]);
    slow.chain(EU).write(null, [await learning()]);
    const task = await slow.reviewed(EU, lead);
    await slow.deliver(EU);
    // The same executor's later work, as if the task went on.
    await slow.allowed(EU);
    await slow.deliver(EU);
    const evidence = await evidenceOf(slow, { kind: "task", task });
    expect(await failuresOf(evidence)).toEqual([]);
    for (const [place, { body }] of evidence.entries.entries()) {
      if (body.includes("statement.v1") && place === evidence.entries.length - 1) continue;
      expect(await failuresOf(without(evidence, (i) => i === place))).not.toEqual([]);
    }
    expect(await failuresOf(without(evidence, (i) => i < evidence.entries.length - 1))).toContain(
      "complete: not-found",
    );
  });

  it("cannot leave out the proof that the log continues what an executor saw", async () => {
    const seen = new TestRecord();
    seen.chain(EU).write(null, [await learning()]);
    await seen.deliver(EU);
    await seen.see(EU);
    await seen.allowed(EU);
    await seen.deliver(EU);
    const evidence = await evidenceOf(seen, ALWAYS);
    expect(await failuresOf(evidence)).toEqual([]);
    const unproved = { ...evidence, proofs: { ...evidence.proofs, consistency: {} } };
    expect(await failuresOf(unproved)).toEqual(["history: checkpoint-inconsistent"]);
  });

  it("cannot leave out what happened between two deliveries of a shown task", async () => {
    const slow = new TestRecord();
    slow.chain(EU).write(null, [await learning()]);
    const open = slow.newTask(EU);
    const { opening, settling } = await import("../../support/record.ts");
    slow.chain(EU).write(open, [opening("eu")]);
    await slow.deliver(EU);
    await slow.allowed(EU);
    await slow.deliver(EU);
    slow.chain(EU).write(open, [settling("failed")]);
    await slow.deliver(EU);
    const evidence = await evidenceOf(slow, { kind: "task", task: open });
    expect(await failuresOf(evidence)).toEqual([]);
    const between = evidence.entries.findIndex(({ body }) => body.includes("plan-admitted"));
    expect(await failuresOf(without(evidence, (i) => i === between))).toEqual(["complete: chain-gap"]);
  });
});
