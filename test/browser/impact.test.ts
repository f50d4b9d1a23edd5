import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, launch, startMock, visit, type Mock } from "./chromium.ts";

describe.skipIf(CHROMIUM === null)("the impact page", () => {
  let browser: Browser;
  let mock: Mock;
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  it("leads from a task's record to what touched it, why, and what depended on it", async () => {
    const [cancelled] = [...mock.world.viewById.values()];
    const { page, close } = await visit(browser, mock, `/tasks/${cancelled!.id}`);
    await page.getByRole("link", { name: "order #W4219" }).last().click();
    await page.getByRole("heading", { name: "order #W4219", level: 1 }).waitFor();
    const back = page.getByRole("region", { name: "What touched it" });
    await back.getByText("order-changes changed it, asked by sofia.davis, countersigned by ada.").waitFor();
    await back.getByText("order-changes only read it, asked by sofia.davis.").waitFor();
    await back.getByText("Why it was done").first().click();
    await back.getByText("approved it").getByText("“The customer called.”").waitFor();
    await back.getByRole("button", { name: "Show older actions" }).click();
    await back.getByText("It was taken back later, because somebody asked for it.").waitFor();
    const forward = page.getByRole("region", { name: "What depended on it" });
    await forward.getByRole("heading", { name: "Through customer sofia_davis_2103" }).waitFor();
    await forward.getByText("Nobody knows yet whether it happened.").waitFor();
    expect(await forward.getByRole("heading", { name: "On the record itself" }).count()).toBe(1);
    await back.getByRole("button", { name: "what followed" }).first().click();
    await forward.getByRole("button", { name: "from its beginning" }).waitFor();
    await expect.poll(() => forward.getByRole("heading", { name: "On the record itself" }).count()).toBe(0);
    await back.getByRole("link", { name: "its task" }).first().click();
    await page.waitForURL(`**/tasks/${cancelled!.id}#step-cancel`);
    await close();
  });

  it("is asked for by a record's name, and says that nothing touched one", async () => {
    const { page, close } = await visit(browser, mock, "/impact", { viewport: { width: 390, height: 844 } });
    await page.getByRole("button", { name: "order", exact: true }).click();
    await page.keyboard.type("#W1");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/impact/order%3A%23W1");
    await page.getByText("Nothing that the ledger knows of has touched it.").waitFor();
    await close();
  });
});
