import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";

it("the intent-manager starts from its wrangler.toml and answers /healthz", async () => {
  const response = await exports.default.fetch("http://countersign.test/healthz");
  expect(response.headers.get("content-type")).toMatch(/json/);
});
