import { describe, expect, it } from "vitest";
import type { AutomationMetrics } from "../../../shared/api/metrics.ts";
import { reportOf } from "../../../shared/figures/report.ts";
import { runbookBody, runbookName } from "../../../console/src/lib/runbook.ts";
import { mainLevels, moreLevels, ranked } from "../../../console/src/lib/service-levels.ts";

const row = (name: string, label: string, n: number, fields: object = {}) =>
  ({ name, automation: "refunds", capability: "", region: "eu", label, n, total: 0, ...fields }) as never;
const figures = (...rows: never[]): AutomationMetrics => reportOf(rows, 24)[0]!;

describe("the figures of an automation", () => {
  it("say nothing where nothing was counted", () => {
    const levels = mainLevels(figures(row("opened", "", 3)));
    expect(levels.map(({ value }) => value)).toEqual(["0", "–", "–", "–", "–", "–"]);
  });

  it("count expired tasks among the failed, and name the rule that watches them", () => {
    const one = figures(
      row("opened", "", 10),
      row("settled", "succeeded", 7),
      row("settled", "failed", 1),
      row("settled", "expired", 2),
    );
    expect(mainLevels(one)[1]).toEqual({
      name: "Failed",
      value: "30 %",
      note: "1 failed, 2 expired",
      rule: "task-failures",
    });
  });

  it("retry by attempts over all capabilities", () => {
    const one = figures(
      row("attempts", "", 4, { capability: "a" }),
      row("attempts", "", 4, { capability: "b" }),
      row("retries", "target-unavailable", 2, { capability: "b" }),
    );
    expect(moreLevels(one).find(({ rule }) => rule === "retries")?.value).toBe("25 %");
  });

  it("stand with those that an alert is about before the busiest", () => {
    const [a, b] = [figures(row("opened", "", 9)), { ...figures(row("opened", "", 1)), region: "us" }];
    expect(ranked([a, b], new Set(["refunds:us"])).map(({ region }) => region)).toEqual(["us", "eu"]);
  });
});

describe("a runbook in the console", () => {
  it("goes without its name, and leads to the console's own page of another one", () => {
    expect(runbookName("docs/runbooks/outbox-age.md")).toBe("outbox-age");
    expect(runbookBody("# a\n\nsee [b](b.md#x) and [c](../c.md)")).toBe("see [b](/runbooks/b) and [c](../c.md)");
  });
});
