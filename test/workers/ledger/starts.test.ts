import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { testKeys } from "../keys.ts";

it("the ledger Worker starts from its wrangler.toml with its migrated database", async () => {
  expect(await env.LEDGER_DB.prepare("SELECT count(*) AS n FROM d1_migrations").first("n")).toBeGreaterThan(0);
});

it("the keys of a test run stand in the Worker's bindings, whatever .dev.vars says", () => {
  expect(JSON.parse(env.CHECKPOINT_KEY)).toEqual(testKeys.workers.checkpointKey);
  expect(JSON.parse(env.TRUST)).toEqual(testKeys.trust);
});
