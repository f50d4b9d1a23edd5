/** A log that went on from an earlier checkpoint: with two people's word it verifies and says so; with less it does not. */
import { describe, expect, it } from "vitest";
import { epochEntryText, type Epoch, type SignedEpoch } from "../../../shared/epoch.ts";
import { PAYLOAD_TYPES } from "../../../shared/payload-types.ts";
import { signEnvelope } from "../../../shared/signing.ts";
import { verifyRecord } from "../../../shared/verify/index.ts";
import {
  checkpointOf,
  enrolled,
  EU,
  learning,
  NOW_MS,
  TENANT,
  TestRecord,
  US,
  type TestPerson,
} from "../../support/record.ts";

const ID = `epo_${"a".repeat(26)}`;

async function epochOf(
  by: readonly TestPerson[],
  heads: { readonly old: string; readonly next: string },
  change: Partial<Epoch> = {},
): Promise<SignedEpoch> {
  const payload: Epoch = {
    version: 1,
    tenant: TENANT,
    epoch: ID,
    old: heads.old,
    new: heads.next,
    reason: "restored",
    atMs: NOW_MS,
    expiresMs: NOW_MS + 3_600_000,
    ...change,
  };
  const envelope = await signEnvelope({
    payloadType: PAYLOAD_TYPES.epoch,
    payload,
    signers: by.map(({ signer }) => signer),
  });
  return { envelope, chains: by.map(({ chain }) => [...chain]) };
}

/** An executor saw a checkpoint of a log that ended; the entry of an epoch by these people, and the event in the executor's chain. */
async function restored(
  epoch: (heads: { readonly old: string; readonly next: string }) => Promise<SignedEpoch>,
  { inLog = true, inChain = true } = {},
) {
  const record = new TestRecord();
  for (const executor of [EU, US]) record.chain(executor).write(null, [await learning()]);
  await record.allowed(EU);
  await record.deliver(EU);
  const next = await checkpointOf(record.entries);
  // What the restored log has lost: another executor's delivery, whose checkpoint the first one saw.
  const old = await checkpointOf([...record.entries, "an entry", "that is gone"]);
  record.chain(EU).write(null, [{ type: "checkpoint-seen", note: old }]);
  record.chain(EU).write(null, [{ type: "alarm-raised", code: "checkpoint-inconsistent", detail: "smaller" }]);
  const signed = await epoch({ old, next });
  if (inLog) record.entries.push(epochEntryText(TENANT, ID, signed, NOW_MS));
  if (inChain) record.chain(EU).write(null, [{ type: "epoch-accepted", epoch: ID, ...signed }]);
  await record.allowed(EU);
  await record.deliver(EU);
  await record.allowed(US);
  await record.deliver(US);
  return verifyRecord(await record.input());
}

const readSize = (note: string) => ({ size: Number(note.split("\n")[1]) });

const codes = (report: Awaited<ReturnType<typeof restored>>) => [
  ...new Set(report.checks.flatMap(({ findings }) => findings.map(({ check, code }) => `${check} ${code}`))),
];
const admins = async () => [await enrolled("grace", ["admin"]), await enrolled("joan", ["admin"])];

describe("a log with an epoch", () => {
  it("verifies where two admins signed it, and the report says so", async () => {
    const by = await admins();
    const report = await restored((heads) => epochOf(by, heads));
    expect(codes(report)).toEqual([]);
    expect(report.epochs).toMatchObject([{ epoch: ID, members: ["grace", "joan"], reason: "restored" }]);
    expect(report.epochs[0]!.oldSize).toBe(report.epochs[0]!.newSize + 2);
    expect(report.alarms).toHaveLength(1);
  });

  it("without it does not: the executor saw what is not there", async () => {
    const report = await restored(async (heads) => epochOf(await admins(), heads), { inLog: false, inChain: false });
    expect(codes(report)).toEqual(["history checkpoint-inconsistent"]);
  });

  it("is no excuse for an executor that did not accept it, nor where it does not stand in the log", async () => {
    const by = await admins();
    for (const where of [{ inChain: false }, { inLog: false }])
      expect(codes(await restored((heads) => epochOf(by, heads), where))).toContain("history checkpoint-inconsistent");
  });

  const refused = async (epoch: Parameters<typeof restored>[0]) => {
    const report = await restored(epoch);
    expect(report.verified).toBe(false);
    expect(codes(report)).toContain("history checkpoint-inconsistent");
    return codes(report).filter((code) => code.startsWith("epochs"));
  };
  it("is refused with one signature, and with two keys of one member", async () => {
    const [grace] = await admins();
    const again = await enrolled("grace", ["admin"]);
    expect(await refused((heads) => epochOf([grace!], heads))).toEqual(["epochs epoch-unsigned"]);
    expect(await refused((heads) => epochOf([grace!, again], heads))).toEqual(["epochs epoch-unsigned"]);
  });
  it("is refused from a signer without the role, and from one who is not enrolled", async () => {
    const [grace, joan] = await admins();
    const lead = await enrolled("ada", ["lead"], grace);
    expect(await refused((heads) => epochOf([grace!, lead], heads))).toEqual(["epochs role-missing"]);
    expect(await refused((heads) => epochOf([grace!, { ...joan!, chain: [] }], heads))).toEqual([
      "epochs chain-broken",
    ]);
  });
  it("is refused with a head that this log does not have", async () => {
    const by = await admins();
    expect(await refused(async ({ old }) => epochOf(by, { old, next: await checkpointOf(["another log"]) }))).toEqual([
      "epochs checkpoint-inconsistent",
    ]);
    // The log that is said to have ended was smaller than what the executor saw.
    const small = await restored((heads) => epochOf(by, { ...heads, old: heads.next }));
    expect(codes(small)).toEqual(["history checkpoint-inconsistent"]);
  });
  it("lets go of one log and not of a fork: another root at the very size of the log that ended stays a contradiction", async () => {
    const by = await admins();
    const ended = await refused(async ({ old, next }) => {
      const { size } = readSize(old);
      return epochOf(by, { old: await checkpointOf(Array.from({ length: size }, () => "a third log")), next });
    });
    expect(ended).toEqual([]);
  });
  it("is refused for another tenant, before its time and after it", async () => {
    const by = await admins();
    const with_ = (change: Partial<Epoch>) => refused((heads) => epochOf(by, heads, change));
    expect(await with_({ tenant: "acme" })).toEqual(["epochs audience-mismatch"]);
    expect(await with_({ atMs: NOW_MS + 86_400_000 })).toEqual(["epochs not-yet-valid"]);
    expect(await with_({ expiresMs: NOW_MS - 86_400_000 })).toEqual(["epochs expired"]);
  });
});
