/** A real browser, and the rules that hold on every page: no console errors, nothing from elsewhere. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";
import { CHROMIUM } from "./find-chromium.ts";

export { CHROMIUM };

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });

/** A page in a profile of its own, with everything that it complained about. */
export type Visit = { readonly page: Page; readonly complaints: string[]; readonly close: () => Promise<void> };

/** Opens a path, signed in with `key` unless it is null. Answers of `expected` statuses, and messages that hold an
 * `expected` text, are not complaints: the browser logs every failed request. */
export async function visit(
  browser: Browser,
  { url }: { readonly url: string },
  path: string,
  {
    key = "cs_approver",
    expected = [],
    ...options
  }: BrowserContextOptions & { key?: string | null; expected?: readonly (number | string)[] } = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const complaints: string[] = [];
  context.on("console", (message) => {
    const isExpected = expected.some((what) =>
      message.text().includes(typeof what === "number" ? `status of ${what}` : what),
    );
    if (["error", "warning"].includes(message.type()) && !isExpected) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== url) complaints.push(`asked elsewhere: ${request.url()}`);
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  if (key !== null)
    // Once for each tab: signing out must last.
    await page.addInitScript({
      content: `if (sessionStorage.getItem("test.once") === null) sessionStorage.setItem("countersign.key", ${JSON.stringify(key)});
        sessionStorage.setItem("test.once", "yes");`,
    });
  await page.goto(url + path);
  return {
    page,
    complaints,
    close: async () => {
      await context.close();
      expect(complaints).toEqual([]);
    },
  };
}
