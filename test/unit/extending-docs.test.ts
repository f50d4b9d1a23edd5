/** The examples of docs/automations.md and docs/capabilities.md: complete, what ships, and run. The automation runs whole in test/e2e. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { d1Capability } from "../../executors/adapters/d1.ts";
import { D1Databases } from "../../executors/adapters/d1-asker.ts";
import type { ActionContext } from "../../executors/adapters/types.ts";
import { AutomationSource, loadAutomation } from "../../scripts/load-automation.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import { CapabilityContract } from "../../shared/capability.ts";
import { KEYWORDS } from "../../shared/contract-fields.ts";
import { FanOut, Playbook, PlaybookEntry, SubPlaybook } from "../../shared/playbook-schema.ts";
import { Feature } from "../../shared/features.ts";
import { Policy } from "../../shared/policy/index.ts";
import { grantPoints } from "../examples/loyalty-grant.ts";
import { filesIn, writeAutomation } from "../support/docs.ts";
import { openBusinessDatabase } from "../support/sqlite-d1.ts";
import { value } from "../support/release.ts";
import { actionContext } from "../support/action-context.ts";

const text = (page: string) => readFileSync(inRoot(page), "utf8");
const unnamed = (page: string, keys: Iterable<string>) => [...keys].filter((key) => !text(page).includes(`\`${key}\``));

describe("docs/automations.md", () => {
  it("shows an automation that loads, and that a type checker has nothing against", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "countersign-docs-"));
    writeAutomation("docs/automations.md", folder, "order-note");
    const loaded = value(loadAutomation("order-note", { folder }));
    rmSync(folder, { recursive: true });
    expect([loaded.advice, [...filesIn("docs/automations.md").keys()]]).toEqual([
      [],
      ["automation.yaml", "contract.json", "policy.yaml", "playbook.yaml"],
    ]);
  });

  it("names every key that the files may hold", () => {
    const rule = ["id", "when", "then", "reviewers", "message"];
    const keys = [
      ...Object.keys(AutomationSource.shape),
      ...Object.keys(Policy.shape).filter((key) => key !== "defaultReviewers"),
      ...rule,
      ...Object.keys(Playbook.shape),
      ...Object.keys(PlaybookEntry.shape),
      ...Object.keys(FanOut.shape),
      ...Object.keys(SubPlaybook.shape),
      ...Object.keys(Feature.shape),
      ...KEYWORDS,
    ];
    expect(unnamed("docs/automations.md", keys)).toEqual([]);
  });
});

describe("docs/capabilities.md", () => {
  const page = "docs/capabilities.md";
  const files = filesIn(page);

  it("names every key of a contract, and every section that its table points to", () => {
    expect(unnamed(page, Object.keys(CapabilityContract.shape))).toEqual([]);
    const sections = text(page)
      .split("\n")
      .filter((line) => line.startsWith("## "))
      .map((line) => line.slice(3).toLowerCase().replaceAll(" ", "-"));
    for (const [, section] of text(page).matchAll(/\]\(#([a-z0-9-]+)\)/g)) expect(sections).toContain(section);
  });

  it("shows code that ships or is compiled and run here", () => {
    const shown = (file: string) => files.get(file);
    // What ships is run by test/workers/executors/resident.test.ts.
    expect(shown("executors/capabilities/flags.ts")).toBe(text("executors/capabilities/flags.ts"));
    expect(shown("executors/capabilities/loyalty-grant.ts")).toBe(
      text("test/examples/loyalty-grant.ts")
        .replaceAll("../../executors/adapters/", "../adapters/")
        .replaceAll("../../executors/capabilities/", "./"),
    );
    expect(files.size).toBe(3);
  });

  it("its example acts once, on the version that it read, and once for each grant", async () => {
    const { d1, sqlite } = openBusinessDatabase();
    sqlite.exec(files.get("migrations/business/loyalty.sql")!);
    sqlite.exec(
      "INSERT INTO loyalty_accounts VALUES ('acme', 'ada_lund_1815', 100, 1), ('other', 'ada_lund_1815', 7, 1)",
    );
    const capability = d1Capability(
      grantPoints,
      new D1Databases({
        databaseOf: () => d1,
        newNonce: () => crypto.randomUUID(),
        setTimer: (ms, fire) => {
          const timer = setTimeout(fire, ms);
          return () => clearTimeout(timer);
        },
      }),
    );
    if (capability.kind !== "external") throw new Error("external");
    const args = { customerId: "ada_lund_1815", grantId: "birthday-2026", points: 50 };
    const context = (action: string): ActionContext =>
      actionContext({
        tenant: "acme",
        task: `task of ${action}`,
        step: "grant",
        capability: "loyalty.grant",
        action,
        effectKey: "loyalty:birthday-2026",
        nowMs: 1,
      });
    const accounts = () =>
      sqlite
        .prepare("SELECT tenant, points FROM loyalty_accounts ORDER BY tenant")
        .all()
        .map((row) => ({ ...row }));

    const prepared = value(await capability.prepare!(args, context("act_1")));
    expect([prepared.preview, prepared.summary]).toEqual([
      { balance: 100, points: 50 },
      "Give the customer ada_lund_1815 50 points (birthday-2026).",
    ]);
    // The account moves between reading and acting: nothing changes.
    sqlite.exec("UPDATE loyalty_accounts SET version = 2 WHERE tenant = 'acme'");
    expect(await capability.apply(args, prepared, context("act_1"))).toMatchObject({
      kind: "refused",
      problem: { code: "premise-failed" },
    });
    const again = value(await capability.prepare!(args, { ...context("act_1"), attempt: 2 }));
    for (const replayed of [false, true])
      expect(await capability.apply(args, again, { ...context("act_1"), attempt: 2 })).toEqual({
        kind: "applied",
        result: { customerId: "ada_lund_1815", points: 150 },
        replayed,
      });
    const other = value(await capability.prepare!(args, context("act_2")));
    expect(await capability.apply(args, other, context("act_2"))).toMatchObject({
      kind: "refused",
      problem: { code: "effect-conflict" },
    });
    expect(accounts()).toEqual([
      { tenant: "acme", points: 150 },
      { tenant: "other", points: 7 },
    ]);
  });
});
