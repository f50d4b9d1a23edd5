/** A real browser against the stand-in server, and the rules that hold on every page: no console errors, nothing from elsewhere. */
import { execFileSync } from "node:child_process";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";
import { startConsoleMock } from "../support/console-mock.mjs";
import { DIST } from "./build.ts";

function find(): string | null {
  try {
    return execFileSync("sh", ["-c", "command -v chromium || command -v google-chrome"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

export const CHROMIUM = find();
if (CHROMIUM === null) console.warn("browser tests are skipped: there is no chromium here (apt-get install chromium)");

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });

export const startMock = () => startConsoleMock(0, DIST);
export type Mock = Awaited<ReturnType<typeof startMock>>;

/** A page in a profile of its own, with everything that it complained about. */
export type Visit = { readonly page: Page; readonly complaints: string[]; readonly close: () => Promise<void> };

/** Opens a path, signed in with `key` unless it is null. Answers of `expected` statuses, and messages that hold an
 * `expected` text, are not complaints: the browser logs every failed request. */
export async function visit(
  browser: Browser,
  mock: Mock,
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
    if (new URL(request.url()).origin !== mock.url) complaints.push(`asked elsewhere: ${request.url()}`);
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  if (key !== null)
    await page.addInitScript((value) => {
      if (sessionStorage.getItem("test.once") === null) sessionStorage.setItem("countersign.key", value);
      sessionStorage.setItem("test.once", "yes");
    }, key);
  await page.goto(mock.url + path);
  return {
    page,
    complaints,
    close: async () => {
      await context.close();
      expect(complaints).toEqual([]);
    },
  };
}

/** Makes the device key on this page, asks for its enrolment, and has the admin enrol it. Ends on the key page. */
export async function enrolledKey(page: Page, mock: Mock, roles: readonly string[]): Promise<string> {
  await page.goto(`${mock.url}/key`);
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("button", { name: "Ask for enrolment" }).click();
  await page.getByText("Waiting for an admin").waitFor();
  const kid = mock.requests[0]!.kid;
  await mock.enrol(kid, [...roles]);
  await page.getByText("Valid until").waitFor();
  return kid;
}
