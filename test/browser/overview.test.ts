import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, launch, startMock, visit, type Mock } from "./chromium.ts";

describe.skipIf(CHROMIUM === null)("the overview", () => {
  let browser: Browser;
  let mock: Mock;
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  it("shows what waits, what runs and how far the ledger is, and when that was", async () => {
    const { page, close } = await visit(browser, mock, "/");
    await page.getByRole("link", { name: /Send order #W9911/ }).waitFor();
    const main = page.getByRole("main");
    for (const text of ["Open tasks", "3,207", "healthy", "dev/eu/2", "delivering"])
      await main.getByText(text, { exact: true }).first().waitFor();
    const before = await main.getByText(/^as of \d/).textContent();
    await expect.poll(() => main.getByText(/^as of \d/).textContent(), { timeout: 8_000 }).not.toBe(before);
    await close();
  });

  it("pages to older tasks and filters by status", async () => {
    const { page, close } = await visit(browser, mock, "/");
    const rows = page.getByRole("region", { name: "Recent tasks" }).getByRole("row");
    await rows.nth(12).waitFor();
    await page.getByRole("button", { name: "Show older tasks" }).click();
    await rows.nth(24).waitFor();
    await page.getByLabel("Status").selectOption("failed");
    await expect.poll(() => rows.count()).toBe(2);
    await close();
  });

  it("shows the feature toggles, who set them and why, and lets an operator change one after the version that is shown", async () => {
    const { page, close } = await visit(browser, mock, "/", { key: "cs_operator", expected: [409] });
    const panel = page.getByRole("region", { name: "Feature toggles" });
    await panel.getByText("version 2 by key_operator").waitFor();
    await panel.getByRole("button", { name: "Change models" }).click();
    await panel.getByLabel("Why?").fill("closing for the night");
    const [newest] = mock.state.toggles;
    mock.state.toggles.unshift({ ...newest, version: 3, reason: "another one" });
    await panel.getByRole("button", { name: "Set for all automations" }).click();
    await panel.getByRole("alert").getByText("toggle-moved").waitFor();
    await panel.getByText("version 3 by key_operator").waitFor();
    await panel.getByRole("button", { name: "Set for all automations" }).click();
    await panel.getByText("version 4 by key_operator").waitFor();
    expect(mock.state.toggles[0]).toMatchObject({ value: false, version: 4, reason: "closing for the night" });
    await close();
  });

  it("goes to a task by its pasted id", async () => {
    const { page, close } = await visit(browser, mock, "/");
    const [id] = [...mock.world.viewById.keys()];
    await page.getByLabel("Go to a task, a review or a record by its name").fill(` ${id} `);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/tasks/${id}`);
    await close();
  });

  it("says what is stopped and what fails", async () => {
    const now = new Date().toISOString();
    mock.state.stop = { stop: "stp_1", mode: "stop-all", by: "key_operator", reason: "strange refunds", at: now };
    mock.state.alerts = { alerts: [], stale: true, at: new Date(Date.now() - 600_000).toISOString() };
    mock.state.health = { status: "failing", reasons: ["No automation has a release in force."], now };
    const [task, other] = [...mock.world.viewById.keys()];
    const tool = {
      capability: "tickets.create",
      tool: "create_ticket",
      pinned: "sha256:1",
      found: "sha256:2",
      at: now,
    };
    const letter = { task: other, step: "tell", capability: "events.publish", action: "act_1", at: now };
    const outcomes = { counts: [], newest: [] };
    const executor = { open: 1, waiting: 0, head: 4, delivered: 4, alarms: [], quarantined: [tool], outcomes };
    mock.state.overview = {
      executors: [
        {
          ...executor,
          executor: "dev/eu/0",
          stuck: [{ task, why: "cannot-go-on" }],
          deadLetters: { count: 7, newest: [letter] },
        },
        { ...executor, executor: "dev/eu/1", stuck: [], deadLetters: { count: 0, newest: [] } },
      ],
    };
    const { page, close } = await visit(browser, mock, "/");
    await page.getByText("strange refunds").waitFor();
    await page.getByRole("alert").getByText("No automation has a release in force.").waitFor();
    const trouble = page.getByRole("alert");
    expect(await trouble.getByText("the tool create_ticket that it calls has changed").count()).toBe(1);
    await trouble.getByText("cannot go on").waitFor();
    await trouble.getByText("7 messages handed over to a queue").waitFor();
    await page.getByText("The rules were last checked 10 min ago, which is too long ago").waitFor();
    mock.state.alerts = {};
    mock.state.overview = {};
    mock.state.stop = null;
    mock.state.health = { status: "ok", reasons: [], now };
    await close();
  });

  it("keeps the last answer on screen, and says its age, while the server does not answer", async () => {
    const { page, close } = await visit(browser, mock, "/", { expected: [503] });
    await page.getByText("3,207", { exact: true }).waitFor();
    const outage = (_: unknown, response: { writeHead: (status: number) => { end: () => void } }) => {
      response.writeHead(503).end();
      return true;
    };
    mock.interceptors.push(outage);
    await page.getByRole("alert").first().waitFor();
    expect(await page.getByText("3,207", { exact: true }).isVisible()).toBe(true);
    mock.interceptors.splice(mock.interceptors.indexOf(outage), 1);
    await expect.poll(() => page.getByRole("alert").count(), { timeout: 8_000 }).toBe(0);
    await close();
  });

  it("says what is wrong, what to do about it and who is on it", async () => {
    const { page, close } = await visit(browser, mock, "/");
    const alerts = page.getByRole("region", { name: "Alerts" });
    await alerts.getByText("at 42 min, limit 30 min").waitFor();
    expect(await alerts.getByRole("listitem").first().innerText()).toContain("An effect has been in doubt for long");
    await alerts.getByText("at 31 %, limit 20 %").waitFor();
    await alerts.getByRole("button", { name: "I am on it: Many tasks fail" }).click();
    await alerts.getByText("ada is on it").waitFor();
    expect(mock.state.acknowledged).toEqual(["task-failures:support-desk:us"]);
    await alerts.getByRole("link", { name: "What to do about: An effect has been in doubt" }).click();
    await page.getByRole("heading", { name: "How to stop the damage", level: 2 }).waitFor();
    await page.getByRole("region", { name: "Raised now" }).getByText("at 42 min, limit 30 min").waitFor();
    await close();
  });

  it("shows the figures of each automation and region, and opens them by capability on a telephone", async () => {
    const { page, close } = await visit(browser, mock, "/", { viewport: { width: 390, height: 844 } });
    const levels = page.getByRole("table", { name: "Figures by automation and region" });
    // What an alert is about stands first and says so.
    const worst = levels.getByRole("row", { name: /^support-desk us/ });
    await worst.getByRole("cell", { name: "31 % (an alert is raised) 7 failed, 2 expired" }).waitFor();
    await levels.getByRole("button", { name: "support-desk us" }).click();
    await levels.getByRole("cell", { name: "4 effect-refused, 3 policy-denied" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.getByLabel("over").selectOption("1h");
    await page.getByText("No task was opened or ended in the last hour.").waitFor();
    await close();
  });

  it("asks for nothing that the key's role may not read", async () => {
    const { page, close } = await visit(browser, mock, "/", { key: "cs_app" });
    await page.getByText("An API key of the role app does not read reviews.").waitFor();
    expect(await page.getByRole("link", { name: "My key" }).count()).toBe(0);
    expect(await page.getByRole("region", { name: /Alerts|Service levels/ }).count()).toBe(0);
    await close();
  });
});
