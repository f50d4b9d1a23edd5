import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, launch, startMock, visit, type Mock } from "./chromium.ts";

/** Where screenshots go; none are taken without it. */
const SHOTS = process.env["COUNTERSIGN_SHOTS"];

/** Each width and each scheme once; all of them where somebody wants to look. */
const FORMATS = (
  SHOTS === undefined
    ? [
        [360, "light"],
        [390, "dark"],
        [768, "light"],
        [1280, "dark"],
      ]
    : [390, 1280].flatMap((width) => [
        [width, "light"],
        [width, "dark"],
      ])
) as readonly (readonly [number, "light" | "dark"])[];

describe.skipIf(CHROMIUM === null)("every page", () => {
  let browser: Browser;
  let mock: Mock;
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
    if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  const paths = (): Readonly<Record<string, string>> => {
    const views = [...mock.world.viewById.values()];
    const reviews = [...mock.world.reviewById.values()];
    return {
      overview: "/",
      "task-done": `/tasks/${views[0]!.id}`,
      "task-denied": `/tasks/${views[1]!.id}`,
      "task-in-doubt": `/tasks/${[...mock.world.doubtByAction.values()][0]!.task}`,
      reviews: "/reviews",
      review: `/reviews/${reviews[1]!.id}`,
      "review-tampered": `/reviews/${reviews[2]!.id}`,
      key: "/key",
      trust: "/trust",
      impact: "/impact/order%3A%23W4219",
      runbook: "/runbooks/in-doubt",
      unknown: "/nowhere",
    };
  };

  for (const [width, colorScheme] of FORMATS)
    it(`fits ${width} px, names its controls and complains of nothing (${colorScheme})`, async () => {
      const viewport = { width, height: width < 600 ? 844 : 860 };
      const { page, close } = await visit(browser, mock, "/", { key: null, colorScheme, viewport });
      const look = async (name: string): Promise<void> => {
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForFunction(() => document.querySelector(".skeleton") === null);
        const found = await page.evaluate(() => ({
          tooWide: document.documentElement.scrollWidth - innerWidth,
          nameless: [...document.querySelectorAll("button, a, input, select, textarea")]
            .filter((control) => {
              const labels = (control as HTMLInputElement).labels?.length ?? 0;
              const named = control.getAttribute("aria-label") ?? control.textContent ?? "";
              return labels === 0 && named.trim() === "";
            })
            .map((control) => control.outerHTML),
          headings: document.querySelectorAll("h1").length,
        }));
        expect({ name, ...found }).toEqual({ name, tooWide: 0, nameless: [], headings: 1 });
        if (SHOTS === undefined) return;
        // Signatures are verified a moment after the page stands.
        await page.waitForTimeout(400);
        await page.screenshot({ path: `${SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      };
      await look("sign-in");
      await page.getByLabel("API key").fill("cs_admin");
      await page.keyboard.press("Enter");
      await page.getByText("admin · dev").waitFor();
      for (const [name, path] of Object.entries(paths())) {
        await page.goto(mock.url + path);
        await look(name);
      }
      await page.goto(`${mock.url}/key`);
      await page.getByRole("button", { name: "Create the key" }).click();
      await page.getByRole("button", { name: "Ask for enrolment" }).waitFor();
      await look("key-new");
      await page.getByLabel("Your member id").fill("grace");
      await page.getByRole("button", { name: "Ask for enrolment" }).click();
      await page.getByText("Waiting for an admin").waitFor();
      await look("key-requested");
      await close();
    });
});
