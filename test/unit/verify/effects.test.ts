import { describe, expect, it } from "vitest";
import { actionId } from "../../../shared/ids.ts";
import { verifyRecord, type EffectRow } from "../../../shared/verify/index.ts";
import { EU, learning, TestRecord } from "../../support/record.ts";

async function recordOfOne() {
  const record = new TestRecord();
  record.chain(EU).write(null, [await learning()]);
  const task = await record.allowed(EU);
  await record.deliver(EU);
  const row: EffectRow = { action: actionId(task, 1, 0), task, step: "one", status: "applied" };
  const codes = async (before: readonly EffectRow[], after: readonly EffectRow[]) => {
    const report = await verifyRecord({
      ...(await record.input()),
      effects: { before: { eu: before }, after: { eu: after } },
    });
    return report.checks.flatMap(({ findings }) =>
      findings.map(({ code, where }) => `${code} ${where.task === task ? "known" : "other"}`),
    );
  };
  return { record, row, codes };
}

describe("the databases' own rows", () => {
  it("agree with the log where both name the same effects", async () => {
    const { row, codes } = await recordOfOne();
    expect(await codes([row], [row])).toEqual([]);
  });

  it("may be newer than the first reading, and older than the second", async () => {
    const { row, codes } = await recordOfOne();
    const later = { ...row, action: "act_later", task: "tsk_later" };
    expect(await codes([], [row, later])).toEqual([]);
  });

  it("name an effect that nobody proposed", async () => {
    const { row, codes } = await recordOfOne();
    const unknown = { ...row, action: "act_unknown", task: "tsk_unknown" };
    expect(await codes([row, unknown], [row, unknown])).toEqual(["effect-unproposed other"]);
  });

  it("do not accept another task's name on a known action", async () => {
    const { row, codes } = await recordOfOne();
    expect(await codes([{ ...row, task: "tsk_unknown" }], [row])).toEqual(["effect-unproposed other"]);
  });

  it("miss an effect that the log says was applied", async () => {
    const { row, codes } = await recordOfOne();
    expect(await codes([], [])).toEqual(["effect-missing known"]);
    expect(await codes([], [{ ...row, status: "refused" }])).toEqual(["effect-missing known"]);
  });

  it("are not asked about effects on systems of others", async () => {
    const record = new TestRecord();
    record.chain(EU).write(null, [await learning()]);
    await record.allowed(EU, null, "idempotent");
    await record.deliver(EU);
    const report = await verifyRecord({
      ...(await record.input()),
      effects: { before: { eu: [] }, after: { eu: [] } },
    });
    expect(report.verified).toBe(true);
  });

  it("are not asked about regions that were not read", async () => {
    const { record } = await recordOfOne();
    const report = await verifyRecord({ ...(await record.input()), effects: { before: {}, after: {} } });
    expect(report.verified).toBe(true);
  });

  it("may hold tombstones: effects that were given up are not in the log as applied", async () => {
    const { row, codes } = await recordOfOne();
    expect(await codes([row, { action: "act_x", task: "t", step: "s", status: "refused" }], [row])).toEqual([]);
  });
});
