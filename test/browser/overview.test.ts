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

  it("goes to a task by its pasted id", async () => {
    const { page, close } = await visit(browser, mock, "/");
    const [id] = [...mock.world.viewById.keys()];
    await page.getByLabel("Go to a task or review by its id").fill(` ${id} `);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/tasks/${id}`);
    await close();
  });

  it("says what is stopped and what fails", async () => {
    const now = new Date().toISOString();
    mock.state.stop = { stop: "stp_1", mode: "stop-all", by: "key_operator", reason: "strange refunds", at: now };
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

  it("asks for nothing that the key's role may not read", async () => {
    const { page, close } = await visit(browser, mock, "/", { key: "cs_app" });
    await page.getByText("An API key of the role app does not read reviews.").waitFor();
    expect(await page.getByRole("link", { name: "My key" }).count()).toBe(0);
    await close();
  });
});
