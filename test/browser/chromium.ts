/** The browser against the stand-in server. */
import type { Page } from "playwright-core";
import { startConsoleMock } from "../support/console-mock.mjs";
import { DIST } from "./build.ts";

export { CHROMIUM, launch, visit, type Visit } from "./launch.ts";

export const startMock = () => startConsoleMock(0, DIST);
export type Mock = Awaited<ReturnType<typeof startMock>>;

/** Makes the device key on this page, asks for its enrolment, and has the admin enrol it. Ends on the key page. */
export async function enrolledKey(page: Page, mock: Mock, roles: readonly string[]): Promise<string> {
  await page.goto(`${mock.url}/key`);
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("button", { name: "Ask for enrolment" }).click();
  await page.getByText("Waiting for an admin").waitFor();
  const kid = mock.requests[0]!.kid;
  await mock.enrol(kid, [...roles]);
  // The page would ask by itself after some seconds.
  await page.reload();
  await page.getByText("Valid until").waitFor();
  return kid;
}
