import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import { dueRuns } from "../../shared/triggers/catch-up.ts";
import { compileSchedule, localTime, type Schedule } from "../../shared/triggers/cron.ts";
import { Triggers } from "../../shared/triggers/schema.ts";
import { compileTriggers, scheduledInput } from "../../shared/triggers/triggers.ts";
import { codeOf, contract, value } from "../support/release.ts";

const BERLIN = "Europe/Berlin";
const schedule = (cron: string, zone = BERLIN) => compileSchedule(cron, zone) as Schedule;
const due = (cron: string, from: string, to: string, zone = BERLIN) =>
  schedule(cron, zone)
    .due(Date.parse(from), Date.parse(to), 1_000)
    .map((at) => new Date(at).toISOString().slice(5, 16));

describe("a schedule", () => {
  it("is due at the zone's own hour, in summer and in winter", () => {
    expect(due("0 9 * * MON", "2026-10-19T00:00Z", "2026-10-27T00:00Z")).toEqual(["10-19T07:00", "10-26T08:00"]);
  });

  it("runs a skipped time once, at the first minute after the gap", () => {
    expect(due("30 2 * * *", "2026-03-28T00:00Z", "2026-03-30T12:00Z")).toEqual([
      "03-28T01:30",
      "03-29T01:00",
      "03-30T00:30",
    ]);
  });

  it("runs a doubled time once, the first time", () => {
    expect(due("30 2 * * *", "2026-10-24T12:00Z", "2026-10-26T12:00Z")).toEqual(["10-25T00:30", "10-26T01:30"]);
  });

  it("follows the clock that runs where it says every hour or a part of it", () => {
    expect(due("0 * * * *", "2026-10-24T23:30Z", "2026-10-25T02:30Z")).toEqual([
      "10-25T00:00",
      "10-25T01:00",
      "10-25T02:00",
    ]);
    expect(due("*/30 * * * *", "2026-03-29T00:10Z", "2026-03-29T01:40Z")).toEqual([
      "03-29T00:30",
      "03-29T01:00",
      "03-29T01:30",
    ]);
  });

  it.each([
    ["* * * *", BERLIN],
    ["0 0 9 * * MON", BERLIN],
    ["61 * * * *", BERLIN],
    ["0 0 31 2 *", BERLIN],
    ["0 9 * * MON", "Europe/Atlantis"],
    ["0 9 * * MON", "../etc"],
  ])("is not made of %s in %s", (cron, zone) => {
    expect(compileSchedule(cron, zone)).toEqual(expect.any(String));
  });

  it("finds the same minutes however the time is cut, each one once, also where clocks are changed", () => {
    const zones = fc.constantFrom(BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC");
    const crons = fc.constantFrom("30 2 * * *", "*/20 * * * *", "15 1,2 * * *", "0 3 * * SUN", "45 * * * *");
    const start = fc.constantFrom("2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31");
    const cuts = fc.array(fc.integer({ min: 0, max: 2_880 }), { maxLength: 12 });
    fc.assert(
      fc.property(zones, crons, start, cuts, (zone, cron, day, minutes) => {
        const from = Date.parse(day);
        const to = from + 2_880 * 60_000;
        const whole = schedule(cron, zone).due(from, to, 1_000);
        const edges = [from, ...minutes.toSorted((a, b) => a - b).map((m) => from + m * 60_000), to];
        const parts = edges.slice(1).flatMap((edge, i) => schedule(cron, zone).due(edges[i]!, edge, 1_000));
        expect(parts).toEqual(whole);
        expect(new Set(whole).size).toBe(whole.length);
      }),
      { numRuns: 60 },
    );
  });

  it("makes up for the newest of what was missed, as many as it says, and never twice for what is on time", () => {
    const hourly = schedule("0 * * * *", "UTC");
    const now = Date.parse("2026-11-20T12:05Z");
    const runs = (afterMs: number, catchUp: number) => {
      const { run, ...rest } = dueRuns(hourly, afterMs, now, catchUp);
      return { run: run.map((at) => new Date(at).getUTCHours()), ...rest };
    };
    const before = Date.parse("2026-11-20T06:30Z");
    expect(runs(before, 0)).toEqual({ run: [12], late: 0, missed: 5 });
    expect(runs(before, 2)).toEqual({ run: [10, 11, 12], late: 2, missed: 3 });
    expect(runs(before, 10)).toEqual({ run: [7, 8, 9, 10, 11, 12], late: 5, missed: 0 });
    expect(runs(now, 10)).toEqual({ run: [], late: 0, missed: 0 });
    expect(runs(0, 10).missed).toBe(LIMITS.cronBackMs / 3_600_000 - 11);
  });

  it("gives an intent what the zone's clocks show", () => {
    expect(localTime(Date.parse("2026-10-25T23:30Z"), BERLIN)).toEqual({ date: "2026-10-26", time: "00:30" });
    const triggers = [
      { id: "monday", cron: "0 9 * * MON", timeZone: BERLIN, input: { week: { $cel: "schedule.date" } } },
    ];
    const input = contract({ week: { type: "string" } });
    const compiled = value(compileTriggers(Triggers.parse(triggers), input));
    expect(scheduledInput(compiled.crons[0]!, Date.parse("2026-11-23T08:00Z"))).toEqual({ week: "2026-11-23" });
    const wrong = (change: object) => codeOf(compileTriggers(Triggers.parse([{ ...triggers[0]!, ...change }]), input));
    expect([
      wrong({ cron: "0 9 * * XYZ" }),
      wrong({ timeZone: "Nowhere" }),
      wrong({ input: { week: { $cel: "event.id" } } }),
    ]).toEqual(Array(3).fill("triggers-invalid"));
  });
});
