import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, launch, startMock, visit, type Mock } from "./chromium.ts";

describe.skipIf(CHROMIUM === null)("signing in", () => {
  let browser: Browser;
  let mock: Mock;
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  it("says which role and tenant the key stands for", async () => {
    const { page, close } = await visit(browser, mock, "/", { key: null });
    await page.getByLabel("API key").fill("cs_approver");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("approver · dev").waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Overview");
    await close();
  });

  it("keeps the key in the tab's session and nowhere else", async () => {
    const { page, close } = await visit(browser, mock, "/", { key: null });
    await page.getByLabel("API key").fill("cs_approver");
    await page.keyboard.press("Enter");
    await page.getByText("approver · dev").waitFor();
    expect(
      await page.evaluate(() => [sessionStorage.getItem("countersign.key"), localStorage.length, document.cookie]),
    ).toEqual(["cs_approver", 0, ""]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("API key").waitFor();
    expect(await page.evaluate(() => sessionStorage.getItem("countersign.key"))).toBeNull();
    await close();
  });

  it("says that the server does not know a wrong key, and forgets it", async () => {
    const { page, close } = await visit(browser, mock, "/reviews", { key: null, expected: [401] });
    await page.getByLabel("API key").fill("cs_nobody");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("does not know this key").waitFor();
    expect(await page.evaluate(() => sessionStorage.getItem("countersign.key"))).toBeNull();
    await close();
  });

  it("returns to the sign-in when the key stops working while the page is open", async () => {
    const { page, close } = await visit(browser, mock, "/", { expected: [401] });
    await page.getByText("approver · dev").waitFor();
    const revoked = (request: { headers: { authorization?: string } }) => {
      if (request.headers.authorization !== undefined) request.headers.authorization = "Bearer cs_revoked";
      return false;
    };
    mock.interceptors.push(revoked);
    await page.getByRole("alert").getByText("does not know this key").waitFor();
    mock.interceptors.splice(mock.interceptors.indexOf(revoked), 1);
    await close();
  });

  it("offers to try again when the server cannot be reached", async () => {
    const { page, close } = await visit(browser, mock, "/", { key: null, expected: [503] });
    let down = true;
    const outage = (_: unknown, response: { writeHead: (status: number) => { end: () => void } }) => {
      if (down) response.writeHead(503).end();
      return down;
    };
    mock.interceptors.push(outage);
    await page.getByLabel("API key").fill("cs_approver");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Try again" }).waitFor();
    down = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("approver · dev").waitFor();
    mock.interceptors.splice(mock.interceptors.indexOf(outage), 1);
    await close();
  });
});
