import { describe, expect, it } from "vitest";
import { utf8 } from "../../../shared/bytes.ts";
import { pack, unpack, verifyResumably, type SavedRun } from "../../../shared/verify/index.ts";
import { bytesOf, checkpointOf, EU, honestRecord, learning, TestRecord, trust } from "../../support/record.ts";

const upTo = async (record: TestRecord, size: number, more: object = {}) => {
  const entries = record.entries.slice(0, size);
  return verifyResumably({
    trust: trust(),
    checkpoint: await checkpointOf(entries),
    entries: bytesOf(entries),
    ...more,
  });
};
const findings = ({ report }: Awaited<ReturnType<typeof upTo>>) =>
  report.checks.flatMap(({ findings: all }) => all.map(({ check, code }) => `${check}: ${code}`));
/** As it comes back from a file. */
const kept = (saved: SavedRun | null): SavedRun => unpack(pack(saved)) as SavedRun;

describe("a verification that goes on where another one ended", () => {
  it("says what one over the whole record says, from every point at which a record verifies", async () => {
    const { record } = await honestRecord();
    const whole = await upTo(record, record.entries.length);
    let points = 0;
    for (let size = 0; size <= record.entries.length; size++) {
      const first = await upTo(record, size);
      if (first.saved === null) continue;
      points += 1;
      const rest = await upTo(record, record.entries.length, { resume: kept(first.saved) });
      const counts = ({ report }: typeof whole) =>
        report.checks.filter(({ check }) => check !== "history").map(({ check, verified }) => [check, verified]);
      expect(counts(rest)).toEqual(counts(whole));
      expect({ ...rest.report, checks: [] }).toEqual({ ...whole.report, checks: [] });
      expect(findings(rest)).toEqual([]);
    }
    // Before the first entry and after each delivery.
    expect(points).toBe(5);
  });

  it("finds what is wrong with later entries by what it kept: an effect key that was used before", async () => {
    const record = new TestRecord();
    record.chain(EU).write(null, [await learning()]);
    await record.allowed(EU, "refund:W1");
    await record.deliver(EU);
    const first = await upTo(record, record.entries.length);
    await record.allowed(EU, "refund:W1");
    await record.deliver(EU);
    const rest = await upTo(record, record.entries.length, { resume: kept(first.saved) });
    expect(findings(rest)).toEqual(["actions: effect-key-repeated"]);
    expect(rest.saved).toBe(null);
  });

  it("is refused by a log that does not continue the one that was verified: rewritten, or shorter", async () => {
    const { record } = await honestRecord();
    const other = await honestRecord();
    const first = await upTo(record, record.entries.length);
    const forked = await upTo(other.record, other.record.entries.length, { resume: kept(first.saved) });
    expect(findings(forked)).toContain("history: checkpoint-inconsistent");
    // Also where the other log is honest in itself.
    const { saved: earlier } = first;
    const again = await upTo(other.record, other.record.entries.length, { earlier });
    expect(findings(again)).toEqual(["history: checkpoint-inconsistent"]);
    const size = record.entries.findLastIndex((entry, i) => i < 8 && entry.includes("statement.v1")) + 1;
    expect(findings(await upTo(record, size, { earlier }))).toEqual(["history: checkpoint-inconsistent"]);
  });

  it("finds a change in what was verified before", async () => {
    const { record } = await honestRecord();
    const first = await upTo(record, record.entries.length);
    const entries = bytesOf(record.entries).with(1, utf8(`${record.entries[1]} `));
    const checkpoint = await checkpointOf(record.entries);
    const { report } = await verifyResumably({ trust: trust(), checkpoint, entries, resume: kept(first.saved) });
    expect(report.checks.filter(({ status }) => status === "failed").map(({ check }) => check)).toEqual([
      "tree",
      "history",
    ]);
  });
});
