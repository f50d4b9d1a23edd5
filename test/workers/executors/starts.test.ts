import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { testKeys } from "../keys.ts";

it("the executors Worker starts from its wrangler.toml with both regional databases migrated", async () => {
  for (const database of [env.BUSINESS_EU, env.BUSINESS_US])
    expect(await database.prepare("SELECT count(*) AS n FROM d1_migrations").first("n")).toBeGreaterThan(0);
});

it("the keys of a test run stand in the Worker's bindings, whatever .dev.vars says", () => {
  expect(JSON.parse(env.RECEIPT_KEY)).toEqual(testKeys.workers.receiptKey);
  expect(JSON.parse(env.TRUST)).toEqual(testKeys.trust);
});
