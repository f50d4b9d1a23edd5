import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, enrolledKey, launch, startMock, visit, type Mock, type Visit } from "./chromium.ts";

/** Where screenshots go; none are taken without it. */
const SHOTS = process.env["COUNTERSIGN_SHOTS"];

/** One person says what became of one refund: what comes later in this file finds what came before. */
describe.skipIf(CHROMIUM === null)("an effect in doubt", () => {
  let browser: Browser;
  let mock: Mock;
  let open: Visit;
  const doubt = () => [...mock.world.doubtByAction.values()][0]!;
  const shoot = async (name: string): Promise<void> => {
    if (SHOTS === undefined) return;
    mkdirSync(SHOTS, { recursive: true });
    await open.page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  };
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
    open = await visit(browser, mock, "/reviews", { expected: [409, 422] });
  });
  afterAll(async () => {
    await open?.close();
    await Promise.all([browser?.close(), mock?.close()]);
  });

  it("says what was asked, where to look and who may answer, and offers nothing without a key", async () => {
    const { page } = open;
    const panel = page.getByRole("region", { name: "In doubt: refund" });
    await panel.getByText("someone must check").waitFor();
    for (const text of ["2 attempts", "asked 8 times", "operator or billing-lead", "not mei.patel"])
      await panel.getByText(text).waitFor();
    expect(await panel.getByTitle(doubt().idempotencyKey).count()).toBe(1);
    await panel.getByText("This device has no key yet.").waitFor();
    expect(await panel.getByRole("button", { name: "Say what you found…" }).isDisabled()).toBe(true);
  });

  it("says that the role is missing, and that the target is still being asked", async () => {
    const { page } = open;
    await enrolledKey(page, mock, ["approver"]);
    await page.goto(`${mock.url}/reviews`);
    await page.getByText("This asks for operator or billing-lead; your key is enrolled as approver.").waitFor();
    mock.enrolments[0].roles = ["billing-lead"];
    doubt().nextAskAt = new Date(Date.now() + 60_000).toISOString();
    await page.reload();
    await page.getByText("The target is still being asked.").waitFor();
    doubt().nextAskAt = null;
  });

  it("shows the exact words, signs them with their result, and fits 390 px all the way", async () => {
    const { page } = open;
    const { task, action, attempt } = doubt();
    await page.setViewportSize({ width: 390, height: 844 });
    const fits = async (name: string): Promise<void> => {
      await shoot(`doubt-${name}-390`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    };
    await page.goto(`${mock.url}/tasks/${task}`);
    await page.getByRole("button", { name: "Say what you found…" }).click();
    await page.getByLabel("It happened").check();
    await page.getByText("The contract promises").waitFor();
    await page.getByRole("button", { name: "Fill in the names" }).click();
    await fits("form");
    const result = page.getByLabel("What did it answer?");
    await result.fill("{refundId: 1}");
    await page.getByLabel(/^How do you know\?/).fill("Refund rf_77 is in the provider's dashboard.");
    await page.getByRole("button", { name: "Read what you sign" }).click();
    await page.getByRole("alert").getByText("invalid-json").waitFor();
    await result.fill('{"refundId": 7}');
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Read what you sign" }).click();
    const words = page.getByRole("group", { name: "What you sign" });
    await words.getByText("You sign that this happened:").waitFor();
    await fits("words");
    await words.getByRole("button", { name: "Sign that it happened" }).click();
    await page.getByText("The result is not taken").waitFor();
    await page.getByText("contract-violation").waitFor();
    await fits("refused");
    await page.getByRole("button", { name: "Back to the form" }).click();
    await result.fill('{"refundId": "rf_77", "amountCents": 22980}');
    await page.getByRole("button", { name: "Read what you sign" }).click();
    await page.getByRole("button", { name: "Sign that it happened" }).click();
    await page.getByText("Your word is recorded").waitFor();
    await page.getByText("signed that it was").waitFor();
    await fits("recorded");
    const { envelope, result: sent } = JSON.parse(mock.resolutions.at(-1)!);
    expect(sent.value).toEqual({ refundId: "rf_77", amountCents: 22_980 });
    expect(JSON.parse(Buffer.from(envelope.payload, "base64").toString())).toMatchObject({
      tenant: "dev",
      task,
      step: "refund",
      action,
      attempt,
      outcome: "applied",
      retry: false,
      reason: "Refund rf_77 is in the provider's dashboard.",
    });
  });

  it("says when somebody else was faster, and keeps the form until then", async () => {
    const { page } = open;
    const again = await startMock();
    await again.close();
    const view = [...mock.world.viewById.values()].find(({ steps }) => steps[0]?.id === "refund")!;
    const step = view.steps[0]!;
    Object.assign(view, { settled: false, status: "waiting" });
    Object.assign(step, { status: "in_doubt", resolved: null, waitsFor: { what: "person", name: null, until: null } });
    const [before] = [...again.world.doubtByAction.values()];
    mock.world.doubtByAction.set(step.action, { ...before, task: view.id, action: step.action });
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.goto(`${mock.url}/reviews`);
    await page.getByRole("button", { name: "Say what you found…" }).click();
    await page.getByLabel("It did not happen").check();
    await page.getByLabel("Try it again").check();
    await page.getByLabel(/^How do you know\?/).fill("The provider knows no such key.");
    await shoot("doubt-form-1280");
    await page.getByRole("button", { name: "Read what you sign" }).click();
    await page.getByText("You sign that this did not happen, and that it is tried again:").waitFor();
    await shoot("doubt-words-1280");
    mock.world.doubtByAction.clear();
    await page.getByRole("button", { name: "Sign that it did not happen" }).click();
    await page.getByText("Nothing is in doubt any more").waitFor();
    await page.getByText("not-in-doubt").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await expect.poll(() => page.getByRole("heading", { name: "In doubt" }).count()).toBe(0);
  });
});
