import type { Browser } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CHROMIUM, enrolledKey, launch, startMock, visit, type Mock, type Visit } from "./chromium.ts";

describe.skipIf(CHROMIUM === null)("reviewing", () => {
  let browser: Browser;
  let mock: Mock;
  let open: Visit;
  const review = (order: string) =>
    [...mock.world.reviewById.values()].find(({ parts }) => parts.shown.summary.includes(order))!;
  const [ADDRESS, REFUND, TAMPERED] = ["#W9911", "#W6304", "#W1157"];

  beforeEach(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
  });
  afterEach(async () => {
    await open.close();
    await Promise.all([browser.close(), mock.close()]);
  });

  const begin = async (
    order: string,
    roles = ["approver", "orders-lead", "billing-lead"],
    expected: (number | string)[] = [],
  ) => {
    open = await visit(browser, mock, "/key", { expected });
    const kid = await enrolledKey(open.page, mock, roles);
    await open.page.goto(`${mock.url}/reviews/${review(order).id}`);
    // Key and enrolment are known: from here on the panel says what can be done.
    await open.page
      .getByText(/Signed with this device's key as ada|nothing is signed|your key is enrolled as/)
      .first()
      .waitFor();
    return { page: open.page, kid };
  };
  const decisionsOn = (id: string) => (request: { method?: string; url?: string }) =>
    request.method === "POST" && request.url === `/v1/reviews/${id}/decision`;

  it("shows what will change, why, who asks and whose words each argument repeats", async () => {
    open = await visit(browser, mock, `/reviews/${review(REFUND).id}`);
    const { page } = open;
    await page.getByText("A refund above $500 needs two people from billing.").waitFor();
    await page.getByRole("heading", { name: /^Return 3 items/ }).waitFor();
    await page.getByText("$2,298.00 to gift_card_1725971").waitFor();
    expect(await page.locator(".untrusted blockquote").textContent()).toContain("[U+202E]");
    expect(await page.locator(".review .is-untrusted").allTextContents()).toEqual([
      expect.stringContaining("content"),
      expect.stringContaining("model"),
    ]);
    await page.getByText("digest recomputed here").waitFor();
    await page.getByText("replaced console code could show one thing and sign another").waitFor();
    // On a phone the bar covers nothing, wherever the page is scrolled to.
    await page.setViewportSize({ width: 390, height: 700 });
    const bottoms = () =>
      page
        .locator(".review > :not(.decision)")
        .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().bottom));
    const top = () => page.locator(".decision").evaluate((bar) => bar.getBoundingClientRect().top);
    expect(Math.max(...(await bottoms()))).toBeLessThanOrEqual(await top());
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });

  it("offers nothing to sign before the device has an enrolled key", async () => {
    open = await visit(browser, mock, `/reviews/${review(ADDRESS).id}`);
    await open.page.getByRole("region", { name: "Your decision" }).getByText("This device has no key yet.").waitFor();
    expect(await open.page.getByRole("button", { name: "Approve" }).isDisabled()).toBe(true);
    expect(await open.page.getByRole("button", { name: "Reject" }).isDisabled()).toBe(true);
  });

  it("approves with the device's own key, and the task goes on", async () => {
    const { page, kid } = await begin(ADDRESS);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: "Sign approval" }).click();
    await page.getByRole("status").getByText("Approved", { exact: true }).waitFor();
    expect(mock.decisions).toHaveLength(1);
    expect(JSON.parse(mock.decisions[0]!).signatures).toMatchObject([{ keyid: kid }]);
    await page.getByRole("link", { name: "See the task" }).click();
    await page.getByText("ada approved").waitFor();
    await expect.poll(() => page.getByText("verified here", { exact: true }).count()).toBe(3);
  });

  it("sends one decision however often it is clicked", async () => {
    const { page } = await begin(ADDRESS);
    const { id } = review(ADDRESS);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    mock.interceptors.push(async (request: { method?: string; url?: string }) => {
      if (decisionsOn(id)(request)) await held;
      return false;
    });
    await page.getByRole("button", { name: "Approve" }).click();
    const sign = page.getByRole("button", { name: "Sign approval" });
    await sign.evaluate((button) => {
      for (let i = 0; i < 5; i++) (button as HTMLButtonElement).click();
    });
    await page.getByText("Signing…").waitFor();
    expect(await page.getByRole("button", { name: "Reject" }).isDisabled()).toBe(true);
    for (const key of ["a", "r", "Escape", "Enter"]) await page.keyboard.press(key);
    release();
    await page.getByRole("status").getByText("Approved", { exact: true }).waitFor();
    expect(mock.decisions).toHaveLength(1);
  });

  it("repeats the very same signature when the answer was lost, also after a reload", async () => {
    const { page } = await begin(ADDRESS, undefined, [503]);
    const { id } = review(ADDRESS);
    let losing = true;
    const bodies: string[] = [];
    mock.interceptors.push(
      async (request: AsyncIterable<Buffer>, response: { writeHead: (s: number) => { end: () => void } }) => {
        if (!losing || !decisionsOn(id)(request as never)) return false;
        let body = "";
        for await (const chunk of request) body += String(chunk);
        bodies.push(JSON.stringify(JSON.parse(body).envelope));
        response.writeHead(503).end();
        return true;
      },
    );
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await page.getByText("It is not known whether your decision arrived").waitFor();
    await page.getByRole("button", { name: "Send the same decision again" }).click();
    await expect.poll(() => bodies.length).toBe(2);
    await page.reload();
    losing = false;
    await page.getByRole("button", { name: "Send the same one again" }).click();
    await page.getByRole("status").getByText("Approved", { exact: true }).waitFor();
    expect(new Set([...bodies, ...mock.decisions]).size).toBe(1);
  });

  it("rejects only with a reason, which is signed", async () => {
    const { page } = await begin(ADDRESS);
    await page.keyboard.press("r");
    const sign = page.getByRole("button", { name: "Sign rejection" });
    expect(await sign.isDisabled()).toBe(true);
    await page.getByLabel(/^Why not\?/).fill("The customer did not ask for this.");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("status").getByText("Rejected", { exact: true }).waitFor();
    const payload = JSON.parse(Buffer.from(JSON.parse(mock.decisions[0]!).payload, "base64").toString());
    expect(payload).toMatchObject({ decision: "reject", reason: "The customer did not ask for this." });
  });

  it("refuses to sign what is not what the executor asks about", async () => {
    const { page } = await begin(TAMPERED);
    await page.getByText("This review does not match what the executor asks about.").waitFor();
    expect(await page.getByRole("button", { name: "Approve" }).isDisabled()).toBe(true);
    for (const key of ["a", "Enter", "r", "Enter"]) await page.keyboard.press(key);
    expect(mock.decisions).toHaveLength(0);
  });

  it("says that one approval of two is recorded, and offers no second one", async () => {
    for (const one of review(REFUND).required) one.approvedBy = [];
    const { page } = await begin(REFUND);
    await page.keyboard.press("a");
    await page.getByRole("button", { name: "Sign approval" }).click();
    await page.getByText("Your approval is recorded").waitFor();
    await page.reload();
    await page.getByText("You have approved. It waits for somebody else.").waitFor();
    expect(await page.getByRole("button", { name: "Approve" }).isDisabled()).toBe(true);
  });

  it("says that the key lacks the role, before anything is signed", async () => {
    const { page } = await begin(ADDRESS, ["approver"]);
    await page.getByText("This asks for orders-lead; your key is enrolled as approver.").waitFor();
    expect(await page.getByRole("button", { name: "Reject" }).isDisabled()).toBe(true);
  });

  it("says when somebody else decided first", async () => {
    const { page } = await begin(ADDRESS, undefined, [409]);
    await page.keyboard.press("a");
    const { id } = review(ADDRESS);
    mock.interceptors.push((request: { method?: string; url?: string }) => {
      if (decisionsOn(id)(request)) review(ADDRESS).status = "rejected";
      return false;
    });
    await page.getByRole("button", { name: "Sign approval" }).click();
    await page.getByText("The review was rejected before your decision arrived; yours was not used.").waitFor();
  });

  it("shows an expired review as expired", async () => {
    review(ADDRESS).status = "expired";
    open = await visit(browser, mock, `/reviews/${review(ADDRESS).id}`);
    await open.page.getByText("The deadline passed before enough people approved.").waitFor();
    expect(await open.page.getByRole("button", { name: "Approve" }).count()).toBe(0);
  });

  it("moves through the inbox with j and k", async () => {
    open = await visit(browser, mock, "/reviews");
    const { page } = open;
    const title = page.locator("#review-title");
    await title.getByText(ADDRESS).waitFor();
    await page.keyboard.press("j");
    await title.getByText(REFUND).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await title.getByText(TAMPERED).waitFor();
    await page.keyboard.press("k");
    await title.getByText(REFUND).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
  });
});
