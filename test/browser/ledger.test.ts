/** A task's place in the log and the pages of the record, over a real log that a stand-in server gives out. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toBase64, utf8 } from "../../shared/bytes.ts";
import { hashAtLeaves, inclusionProof, leafHash } from "../../shared/tlog/tree.ts";
import { checkpointOf, honestRecord, TENANT, trustConfig } from "../support/record.ts";
import { CHROMIUM, launch, startMock, visit, type Mock } from "./chromium.ts";

const SHOTS = process.env["COUNTERSIGN_SHOTS"];

describe.skipIf(CHROMIUM === null)("the log in the console", () => {
  let browser: Browser;
  let mock: Mock;
  let entries: string[];
  let task: string;
  let size: number;
  /** Changes what the server gives out as an entry. */
  let forge: (body: string) => string = (body) => body;

  beforeAll(async () => {
    [browser, mock] = await Promise.all([launch(), startMock()]);
    entries = (await honestRecord()).record.entries;
    size = entries.length;
    task = JSON.parse(entries.find((entry) => entry.includes('"attested"'))!).subject;
    const [view] = mock.world.viewById.values();
    mock.world.viewById.set(task, { ...view!, id: task });
    const checkpoint = await checkpointOf(entries);
    const hashAt = hashAtLeaves(entries.map((entry) => leafHash(utf8(entry))));
    const proof = (index: number) => ({
      index,
      size,
      leafHash: toBase64(hashAt(0, index)),
      proof: inclusionProof(index, size, hashAt).map(toBase64),
      checkpoint,
    });
    const indexes = [...entries.keys()];
    const ofTask = (wanted: string) => indexes.filter((index) => JSON.parse(entries[index]!).subject === wanted);
    const answerTo = ({ pathname, searchParams }: URL): unknown => {
      const [from, limit, index, of] = ["from", "limit", "index", "task"].map((name) => searchParams.get(name));
      if (pathname === "/v1/trust") {
        const { tenants, logOrigin, ...keys } = trustConfig;
        return { tenant: TENANT, ...tenants[TENANT], ...keys, logOrigin: `${logOrigin}/${TENANT}` };
      }
      if (pathname === "/v1/ledger/proof")
        return of === null ? proof(Number(index)) : { task: of, proofs: ofTask(of!).map(proof) };
      if (pathname !== "/v1/ledger/entries") return null;
      const chosen = of === null ? indexes.slice(Number(from), Number(from) + Number(limit)) : ofTask(of!);
      return { entries: chosen.map((at) => ({ index: at, body: forge(entries[at]!) })), next: null };
    };
    mock.interceptors.push((_request: unknown, response: any, url: URL) => {
      if (url.pathname === `/log/${TENANT}/checkpoint`) {
        response.writeHead(200, { "content-type": "text/plain" });
        response.end(checkpoint);
        return true;
      }
      const answer = answerTo(url);
      if (answer === null) return false;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
      return true;
    });
  });
  afterAll(() => Promise.all([browser?.close(), mock?.close()]));

  const shot = async (page: Awaited<ReturnType<typeof visit>>["page"], name: string): Promise<void> => {
    if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  };

  it("a task's place is verified when somebody asks, by the entries themselves", async () => {
    const { page, close } = await visit(browser, mock, `/tasks/${task}`, { key: "cs_admin" });
    const section = page.getByRole("region", { name: "Place in the log" });
    await section.getByRole("button", { name: "Verify here" }).click();
    await section.getByText("verified here", { exact: true }).waitFor();
    await section.getByText(`tree of ${size}`).waitFor();
    await section.getByText(`signed by countersign.local/${TENANT}`).waitFor();
    await shot(page, "place-in-log");
    await close();
  });

  it("an entry that the server changed does not verify", async () => {
    forge = (body) => body.replace('"member":"rita"', '"member":"nina"');
    const { page, close } = await visit(browser, mock, `/tasks/${task}`, { key: "cs_admin" });
    await page.getByRole("button", { name: "Verify here" }).click();
    await page.getByText("The leaf is not the hash of this entry.").waitFor();
    forge = (body) => body;
    await close();
  });

  it("an operator, who reads no entries, is told whose word the leaf is; an approver sees none of it", async () => {
    const operator = await visit(browser, mock, `/tasks/${task}`, { key: "cs_operator" });
    await operator.page.getByRole("button", { name: "Verify here" }).click();
    await operator.page.getByText("its hash is the server's word").waitFor();
    expect(await operator.page.getByRole("link", { name: "Ledger" }).count()).toBe(0);
    await operator.close();
    const approver = await visit(browser, mock, `/tasks/${task}`, { key: "cs_approver" });
    await approver.page.getByRole("heading", { level: 1 }).waitFor();
    expect(await approver.page.getByRole("button", { name: "Verify here" }).count()).toBe(0);
    await approver.close();
  });

  it("entries are listed newest first, filtered by task, and each is verified on its own page", async () => {
    const { page, close } = await visit(browser, mock, "/ledger", {
      key: "cs_admin",
      viewport: { width: 390, height: 844 },
    });
    const rows = page.getByRole("main").locator("ol.entries > li");
    await expect.poll(() => rows.count()).toBe(size);
    expect(await rows.first().getByRole("link").first().innerText()).toBe(String(size - 1));
    await shot(page, "ledger");
    await page.getByRole("searchbox").fill(task);
    await expect.poll(() => rows.count()).toBe(1);
    await rows
      .first()
      .getByRole("link", { name: /^Entry/ })
      .click();
    await page.getByText("verified here", { exact: true }).waitFor();
    await page.getByRole("link", { name: task }).waitFor();
    await shot(page, "ledger-entry");
    await close();
  });
});
