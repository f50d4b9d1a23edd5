import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, enrolledKey, launch, startMock, visit, type Mock } from "./chromium.ts";

describe.skipIf(CHROMIUM === null)("the device's key", () => {
  let browser: Browser;
  let mock: Mock;
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  it("is asked for, enrolled by an admin, and survives a reload", async () => {
    const { page, close } = await visit(browser, mock, "/key");
    const kid = await enrolledKey(page, mock, ["approver"]);
    await page.reload();
    await page.getByText(kid).waitFor();
    await page.getByText("enrolled", { exact: true }).waitFor();
    await close();
  });

  it("cannot be exported, by the page itself either", async () => {
    const { page, close } = await visit(browser, mock, "/key");
    await page.getByRole("button", { name: "Create the key" }).click();
    await page.getByText("not enrolled").waitFor();
    const outcome = await page.evaluate(async () => {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open("countersign");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const { privateKey } = await new Promise<{ privateKey: CryptoKey }>((resolve) => {
        const get = database.transaction("kept").objectStore("kept").get("device-key:dev");
        get.onsuccess = () => resolve(get.result);
      });
      const formats = ["jwk", "pkcs8", "raw"] as const;
      const exports = await Promise.allSettled(formats.map((format) => crypto.subtle.exportKey(format, privateKey)));
      return [privateKey.extractable, ...exports.map(({ status }) => status)];
    });
    expect(outcome).toEqual([false, "rejected", "rejected", "rejected"]);
    await close();
  });

  it("is one key when two tabs create it at once", async () => {
    const { page, close } = await visit(browser, mock, "/key");
    const other = await page.context().newPage();
    await other.addInitScript(() => sessionStorage.setItem("countersign.key", "cs_approver"));
    await other.goto(`${mock.url}/key`);
    const create = "button:text('Create the key')";
    await Promise.all([page.waitForSelector(create), other.waitForSelector(create)]);
    await Promise.all([page.click(create), other.click(create)]);
    const kids = await Promise.all([page, other].map((tab) => tab.locator(".facts code").first().textContent()));
    expect(kids[0]).toBe(kids[1]);
    await close();
  });

  it("shows an admin the command that enrols a request, and no button that could not work", async () => {
    const asking = await visit(browser, mock, "/key");
    await asking.page.getByRole("button", { name: "Create the key" }).click();
    await asking.page.getByRole("button", { name: "Ask for enrolment" }).click();
    await asking.page.getByText("Waiting for an admin").waitFor();
    await asking.close();
    const { page, close } = await visit(browser, mock, "/key", { key: "cs_admin" });
    const kid = mock.requests.at(-1)!.kid;
    await page.getByText(`npx countersign keys enrol ${kid}`).waitFor();
    await close();
  });
});
