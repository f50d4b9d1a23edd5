import { describe, expect, it } from "vitest";
import { CHECKS, verifyRecord } from "../../../shared/verify/index.ts";
import { honestRecord, TestRecord } from "../../support/record.ts";

describe("an honest record", () => {
  it("verifies, and the report counts what held", async () => {
    const { record } = await honestRecord();
    const report = await verifyRecord(await record.input());
    expect(report.checks.flatMap(({ findings }) => findings)).toEqual([]);
    expect(report.verified).toBe(true);
    const counted = Object.fromEntries(
      report.checks.map(({ check, verified, status }) => [check, `${status} ${verified}`]),
    );
    expect(counted).toEqual({
      checkpoint: "ok 1",
      tree: `ok ${record.entries.length}`,
      tiles: "not-run 0",
      entries: `ok ${record.entries.length}`,
      chains: `ok ${record.chains.values().reduce((sum, { seq }) => sum + seq, 0)}`,
      statements: "ok 4",
      promotions: "ok 2",
      restores: "ok 1",
      plans: "ok 5",
      attestations: "ok 2",
      actions: "ok 7",
      epochs: "ok 0",
      history: "ok 3",
      witnesses: "not-run 0",
      effects: "not-run 0",
    });
    expect(report.counts).toEqual({
      entries: record.entries.length,
      tasks: 5,
      settled: 5,
      applied: 7,
      mismatched: 0,
      erased: 0,
    });
    expect(report.notAuthenticated.length).toBeGreaterThan(0);
  });

  it("verifies while it is empty", async () => {
    const report = await verifyRecord(await new TestRecord().input());
    expect(report.verified).toBe(true);
    expect(report.checkpoint?.size).toBe(0);
  });

  it("is reported check by check, in one order", async () => {
    const report = await verifyRecord(await new TestRecord().input());
    expect(report.checks.map(({ check }) => check)).toEqual(Object.keys(CHECKS));
  });
});
