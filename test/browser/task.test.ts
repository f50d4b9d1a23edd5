import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, launch, startMock, visit, type Mock } from "./chromium.ts";

describe.skipIf(CHROMIUM === null)("a task", () => {
  let browser: Browser;
  let mock: Mock;
  const task = (status: string) => [...mock.world.viewById.values()].find((view) => view.status === status)!;
  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  it("verifies the plan, the person's decision and every receipt in the browser", async () => {
    const { page, close } = await visit(browser, mock, `/tasks/${task("succeeded").id}`);
    // One plan, one decision along its enrolments to the root key, three receipts.
    await expect.poll(() => page.getByText("verified here", { exact: true }).count()).toBe(5);
    await page.getByText("ada approved").waitFor();
    await close();
  });

  it("says of an altered receipt that it does not verify", async () => {
    const [step] = task("succeeded").steps;
    const genuine = step!.receipt!;
    const { sig, keyid } = genuine.signatures[0]!;
    const altered = sig.replace(/^./, (first: string) => (first === "A" ? "B" : "A"));
    step!.receipt = { ...genuine, signatures: [{ keyid, sig: altered }] };
    const { page, close } = await visit(browser, mock, `/tasks/${task("succeeded").id}`);
    await page.getByText("does not verify", { exact: true }).waitFor();
    await expect.poll(() => page.getByText("verified here", { exact: true }).count()).toBe(4);
    step!.receipt = genuine;
    await close();
  });

  it("says of a genuine receipt that it belongs to another step", async () => {
    const [first, second] = task("succeeded").steps;
    const genuine = first!.receipt;
    first!.receipt = second!.receipt;
    const { page, close } = await visit(browser, mock, `/tasks/${task("succeeded").id}`);
    await page.getByText("over another task or step").waitFor();
    first!.receipt = genuine;
    await close();
  });

  it("marks what the planner and documents wrote, and shows hidden characters", async () => {
    const { page, close } = await visit(browser, mock, `/tasks/${task("failed").id}`);
    const refund = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: /^refund/ }) });
    await refund.getByText("content", { exact: false }).first().waitFor();
    expect(await refund.locator(".is-untrusted").count()).toBe(2);
    await page.getByText("gift_card_1[U+202E]").waitFor();
    await close();
  });

  it("follows the task live and goes on behind the last event after a broken stream", async () => {
    const view = task("waiting");
    const asked: string[] = [];
    mock.interceptors.push((request: { url?: string; headers: Record<string, unknown> }) => {
      if (request.url?.endsWith("/events") === true) asked.push(String(request.headers["last-event-id"]));
      return false;
    });
    const { page, close } = await visit(browser, mock, `/tasks/${view.id}`, {
      expected: ["ERR_INCOMPLETE_CHUNKED_ENCODING"],
    });
    await page.getByText("live", { exact: true }).waitFor();
    const reached = view.seq;
    mock.breakStreams();
    await expect.poll(() => asked.length).toBe(2);
    expect(asked).toEqual(["0", String(reached - 1)]);
    view.status = "cancelled";
    Object.assign(view, { settled: true, why: "cancelled" });
    mock.emit(view.id, { type: "cancel-requested", by: "key_operator" });
    mock.emit(view.id, { type: "task-settled", status: "cancelled", why: "cancelled" });
    await page.getByRole("main").getByText("cancelled", { exact: true }).first().waitFor();
    await page.getByText("settled", { exact: true }).waitFor();
    expect(await page.getByText("task opened").count()).toBe(1);
    await close();
  });

  it("shows its trace as a timeline when asked to, readable on a telephone", async () => {
    const { page, close } = await visit(browser, mock, `/tasks/${task("succeeded").id}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByText("where the time went").click();
    const spans = page.getByRole("list", { name: "Spans of the trace" }).getByRole("listitem");
    await spans.first().waitFor();
    expect(await spans.count()).toBe(3);
    await page.getByText("target-unavailable").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await close();
  });

  it("explains itself in words when asked to", async () => {
    const { page, close } = await visit(browser, mock, `/tasks/${task("succeeded").id}`);
    await page.getByText("the whole task in words").click();
    await page.getByRole("heading", { name: "What came in", level: 4 }).waitFor();
    expect(await page.getByRole("region", { name: "Table" }).getByRole("row").count()).toBe(4);
    await close();
  });

  it("offers to take an action back, after it has shown what depends on it", async () => {
    const view = task("succeeded");
    const step = view.steps.at(-1)!;
    Object.assign(step, { reversibleUntil: new Date(Date.now() + 3_600_000).toISOString() });
    const asked: unknown[] = [];
    mock.interceptors.push(async (request: any, response: any, url: URL) => {
      if (!url.pathname.endsWith("/reverse")) return false;
      let body = "";
      for await (const chunk of request) body += chunk;
      response.writeHead(200, { "content-type": "application/json" });
      if (request.method === "GET") {
        const later = { task: view.id, step: "later", action: "act_later", at: view.updatedAt, tags: ["order:#W1"] };
        const { reversibleUntil } = step;
        response.end(JSON.stringify({ status: "applied", reversibleUntil, undo: null, dependents: [later] }));
        return true;
      }
      asked.push(JSON.parse(body));
      Object.assign(step, { status: "reversed", undo: `${step.id}~undo`, reversibleUntil: null });
      response.end(JSON.stringify({ status: "reversed", undo: step.undo, cascaded: [], task: null }));
      return true;
    });
    const { page, close } = await visit(browser, mock, `/tasks/${view.id}`, { key: "cs_admin" });
    await page.getByText("Can be reversed until").waitFor();
    await page.getByRole("button", { name: "Reverse…" }).click();
    await page.getByText("1 later action touched the same things").waitFor();
    await page.getByLabel("Why (recorded as written)").fill("a mistake");
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.getByRole("button", { name: "Reverse all 2" }).click();
    await page.getByText("Was taken back by").waitFor();
    expect(asked).toEqual([{ reason: "a mistake", cascade: true }]);
    mock.interceptors.pop();
    Object.assign(step, { status: "applied", undo: null });
    await close();
  });

  it("hands its evidence to auditors as a file, and says so", async () => {
    const { id } = task("succeeded");
    const { page, close } = await visit(browser, mock, `/tasks/${id}`, { key: "cs_auditor" });
    const kept = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download evidence" }).click();
    expect((await kept).suggestedFilename()).toBe(`evidence-${id}.html`);
    await page.getByText("It verifies itself when it is opened.").waitFor();
    await close();
  });

  it("says that there is no such task", async () => {
    const { page, close } = await visit(browser, mock, `/tasks/${task("succeeded").id.replace(/.$/, "x")}`, {
      expected: [404],
    });
    await page.getByRole("alert").getByText("not-found").waitFor();
    await close();
  });
});
