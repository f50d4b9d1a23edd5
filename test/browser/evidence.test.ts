/** The evidence file in a real browser, opened from the disk with the network off. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundledPage } from "../../cli/evidence/html.ts";
import { makeEvidence } from "../../shared/evidence/index.ts";
import { keyId } from "../../shared/keys.ts";
import { bytesOf, checkpointOf, honestRecord, KEYS, NOW_MS, TENANT, trustConfig } from "../support/record.ts";
import { CHROMIUM, launch } from "./launch.ts";

describe.skipIf(CHROMIUM === null)("an evidence file", () => {
  let browser: Browser;
  let folder: string;
  let honest: string;
  let page: Page;
  let requests: string[];
  let messages: string[];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "countersign-evidence-"));
    const { record } = await honestRecord();
    const made = await makeEvidence({
      tenant: TENANT,
      trust: trustConfig,
      checkpoint: await checkpointOf(record.entries),
      entries: bytesOf(record.entries),
      scope: { kind: "task", task: JSON.parse(record.entries.find((entry) => entry.includes('"attested"'))!).subject },
      nowMs: NOW_MS,
    });
    if (!made.ok) throw new Error(made.problem.detail);
    [honest, browser] = await Promise.all([bundledPage(made.value), launch()]);
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, offline: true });
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => messages.push(message.text()));
  });
  afterAll(async () => {
    await browser?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** Opens a page from the disk; answers what its head says. */
  async function open(
    html: string,
  ): Promise<{ readonly state: string; readonly text: string; readonly changed: string[] }> {
    const file = path.join(folder, "evidence.html");
    writeFileSync(file, html);
    requests = [];
    messages = [];
    await page.goto(`file://${file}`);
    const verdict = page.locator("#verdict:not([data-state=verifying])");
    const state = (await verdict.getAttribute("data-state"))!;
    const changed = await page
      .locator("[data-changed]")
      .evaluateAll((all) => all.map((one) => (one as any).dataset.changed));
    expect(requests).toEqual([`file://${file}`]);
    return { state, text: await verdict.innerText(), changed };
  }

  /** The file with one byte changed, `at` bytes behind a text that stands in it once. */
  function flipped(after: string, at = 0): string {
    const place = honest.indexOf(after) + after.length + at;
    expect(honest.indexOf(after)).toBeGreaterThan(0);
    return honest.slice(0, place) + String.fromCharCode(honest.charCodeAt(place) ^ 1) + honest.slice(place + 1);
  }
  const dataPart = (name: string): string => `<script type="application/json" data-part="${name}">`;

  it("verifies itself, says what happened and who countersigned, and asks to compare the root key", async () => {
    expect(await open(honest)).toMatchObject({ state: "verified", changed: [] });
    expect(messages).toEqual([]);
    await page.getByText("ada countersigned one").waitFor();
    expect(await page.locator("#root-key").innerText()).toBe(keyId(KEYS.root));
    await page.getByText("This page cannot vouch for itself").waitFor();
    expect(
      await page.locator("[data-check]").evaluateAll((all) => all.map((one) => (one as any).dataset.status)),
    ).toEqual(Array.from({ length: 13 }, () => "ok"));
    await page
      .getByRole("link", { name: /^entry/ })
      .first()
      .click();
    await page.locator("details[open] pre").first().waitFor();
    // Nothing is wider than a telephone.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  it.each(["about", "trust", "checkpoint", "entries", "proofs"])(
    "shows a byte that was changed in %s",
    async (part) => {
      for (const at of [0, 70]) {
        const { state, changed } = await open(flipped(dataPart(part), at));
        expect([part, at, state]).toEqual([part, at, "failed"]);
        expect(changed).toContain(part);
      }
    },
  );

  it("shows a byte that was changed in its looks, in its list of digests and around the parts", async () => {
    expect(await open(flipped('<style data-part="style">', 30))).toMatchObject({ state: "failed", changed: ["style"] });
    expect((await open(flipped(dataPart("integrity"), 40))).state).toBe("failed");
    expect(await open(flipped("<title>", 2))).toMatchObject({ state: "failed", changed: ["page"] });
  });

  it("says that it has not verified itself where its verifier was changed", async () => {
    for (const changed of [flipped('<script data-part="verifier">', 500), flipped("script-src 'sha256-", 5)]) {
      const { state, text } = await open(changed);
      expect([state, text.split("\n")[0]]).toEqual(["unable", "Not verified"]);
    }
  });

  it("does not verify with a change for which all digests were written anew", async () => {
    const rita = honest.replaceAll(String.raw`\"member\":\"rita\"`, String.raw`\"member\":\"nina\"`);
    expect(rita).not.toBe(honest);
    const digest = (html: string) =>
      createHash("sha256")
        .update(new RegExp(`${dataPart("entries")}([^<]*)<`).exec(html)![1]!)
        .digest("hex");
    const { state, changed, text } = await open(rita.replace(digest(honest), digest(rita)));
    expect([state, changed]).toEqual(["failed", []]);
    expect(text).toContain("It fails at: inclusion");
  });
});
