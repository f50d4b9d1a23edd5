/** A person with a real browser against the three Workers: makes a key, has it enrolled, reads what waits, signs, and sees it happen. */
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO } from "../../scripts/demo-data.ts";
import { DIST } from "../browser/build.ts";
import { CHROMIUM, launch, visit } from "../browser/launch.ts";
import { enrol } from "../support/manager.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop, until } from "./people.ts";

const TYPES: { readonly [extension: string]: string } = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

describe.skipIf(CHROMIUM === null)("the console and the three Workers", () => {
  let system: Countersign;
  let browser: Browser;
  const dev = () => system.tenants["dev"]!;
  beforeAll(async () => {
    [system, browser] = await Promise.all([startCountersign(), launch()]);
    await openShop(system);
  });
  afterAll(() => Promise.all([browser?.close(), system?.stop()]));

  /** The freshly built page under the intent-manager's own address; `console/dist` may hold an older one. */
  const serveFreshly = (page: Page) =>
    page.route(
      (url) => !/^\/(?:v1|\.well-known|healthz)/.test(url.pathname),
      async (route) => {
        const { pathname } = new URL(route.request().url());
        const file = await readFile(join(DIST, pathname)).catch(() => null);
        const body = file ?? (await readFile(join(DIST, "index.html")));
        const contentType = file === null ? "text/html; charset=utf-8" : (TYPES[extname(pathname)] ?? "text/plain");
        await route.fulfill({ body, contentType });
      },
    );

  const signedIn = async (role: "approver" | "auditor") => {
    const open = await visit(browser, system, "/healthz", { key: dev().apiKeys[role] });
    await serveFreshly(open.page);
    return open;
  };

  const cancelLargeOrder = async () => {
    const { customerId, largeOrder } = DEMO.ada;
    const input = { customerId, orderId: largeOrder, reason: "no longer needed", confirmed: true };
    const { body } = await system.call(dev().apiKeys.app, "/v1/intents", {
      body: { automation: "order-cancellation", input, idempotencyKey: "browser" },
    });
    await until(
      async () => (await system.call(dev().apiKeys.app, `/v1/tasks/${body.task}`)).body,
      (view) => view.status === "waiting",
    );
    return body.task as string;
  };

  it("lets a person enrol a key, approve what waits, and verify what happened", async () => {
    const task = await cancelLargeOrder();
    const { page, close } = await signedIn("approver");
    await page.goto(`${system.url}/key`);
    await page.getByRole("button", { name: "Create the key" }).click();
    await page.getByRole("button", { name: "Ask for enrolment" }).click();
    await page.getByText("Waiting for an admin").waitFor();

    const waiting = (await system.call(dev().apiKeys.admin, "/v1/enrolments")).body.requests[0];
    const envelope = await enrol(dev().rootKey, "dev", waiting.member, waiting.key, ["support-lead"]);
    const enrolled = await system.call(dev().apiKeys.admin, "/v1/enrolments", { body: { envelope, chain: [] } });
    expect(enrolled.status).toBe(201);
    await page.getByText("Valid until").waitFor();

    await page.goto(`${system.url}/reviews`);
    await page.getByRole("heading", { name: new RegExp(DEMO.ada.largeOrder) }).waitFor();
    await page.getByText("digest recomputed here").waitFor();
    await page.getByText("Signed with this device's key as").waitFor();
    await page.keyboard.press("a");
    await page.getByRole("button", { name: "Sign approval" }).click();
    await page.getByRole("status").getByText("Approved", { exact: true }).waitFor();

    await page.getByRole("link", { name: "See the task" }).click();
    await page.waitForURL(`**/tasks/${task}`);
    // The plan, two receipts, and the person's decision along its enrolment to the root key.
    await expect.poll(() => page.getByText("verified here", { exact: true }).count()).toBe(4);
    await page.getByText("recorded", { exact: true }).waitFor();
    await page.getByText("the whole task in words").click();
    await page.getByRole("heading", { name: "In the record" }).waitFor();
    const rows = await system.sql("BUSINESS_EU", "SELECT status FROM orders WHERE id = ?", DEMO.ada.largeOrder);
    expect(rows).toEqual([{ status: "cancelled" }]);
    await close();
  });

  it("shows an auditor what the system is doing, and offers nothing to sign", async () => {
    const { page, close } = await signedIn("auditor");
    await page.goto(`${system.url}/`);
    await page.getByText("healthy", { exact: true }).waitFor();
    await page.getByRole("link", { name: /^order-cancellation/ }).waitFor();
    expect(await page.getByRole("link", { name: "My key" }).count()).toBe(0);
    await close();
  });
});
