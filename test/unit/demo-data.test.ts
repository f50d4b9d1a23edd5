import { describe, expect, it } from "vitest";
import { DEMO, demoSql, homeRegion } from "../../scripts/demo-data.ts";
import { openBusinessDatabase } from "../support/sqlite-d1.ts";

function filled(region: "eu" | "us") {
  const { sqlite } = openBusinessDatabase();
  for (const statement of demoSql(region)) sqlite.exec(statement);
  const count = (what: string) => sqlite.prepare(`SELECT count(*) AS n FROM ${what}`).get()!.n as number;
  const total = (order: string) =>
    sqlite.prepare("SELECT sum(price_cents) AS cents FROM order_items WHERE order_id = ?").get(order)!.cents;
  const statusOf = (order: string) =>
    sqlite.prepare("SELECT status FROM orders WHERE id = ? AND tenant = 'dev'").get(order)?.status;
  return { sqlite, count, total, statusOf };
}

describe("the demonstration data", () => {
  it("is the same at every start", () => {
    expect(demoSql("eu")).toEqual(demoSql("eu"));
  });

  it("is a shop of a useful size, with each customer in exactly one region", () => {
    const [eu, us] = [filled("eu"), filled("us")];
    expect(eu.count("products")).toBeGreaterThanOrEqual(40);
    expect(us.count("products")).toBe(eu.count("products"));
    expect(eu.count("customers") + us.count("customers")).toBe(322);
    expect(eu.count("orders") + us.count("orders")).toBeGreaterThan(600);
    for (const [region, { sqlite }] of [
      ["eu", eu],
      ["us", us],
    ] as const)
      for (const { id } of sqlite.prepare("SELECT id FROM customers").all())
        expect(homeRegion(id as string)).toBe(region);
  });

  it("can be loaded twice without a second copy", () => {
    const { sqlite, count } = filled("us");
    const before = count("orders");
    for (const statement of demoSql("us")) sqlite.exec(statement);
    expect(count("orders")).toBe(before);
  });

  it.each([
    ["eu", DEMO.ada],
    ["us", DEMO.grace],
  ] as const)("has in %s a customer with a small, a large and a delivered order", (region, fixture) => {
    expect(homeRegion(fixture.customerId)).toBe(region);
    const { total, statusOf } = filled(region);
    expect([statusOf(fixture.smallOrder), total(fixture.smallOrder)]).toEqual(["pending", 12_850]);
    expect([statusOf(fixture.largeOrder), total(fixture.largeOrder)]).toEqual(["pending", 214_900]);
    expect([statusOf(fixture.deliveredOrder), total(fixture.deliveredOrder)]).toEqual(["delivered", 8_600]);
  });
});
