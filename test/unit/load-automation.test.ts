import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AUTOMATIONS_FOLDER, automationNames, loadAutomation } from "../../scripts/load-automation.ts";
import { regionByHash, regionOf } from "../../shared/region.ts";
import { codeOf, value } from "../support/release.ts";

let folder: string;
const NAME = "order-cancellation";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "countersign-"));
  cpSync(path.join(AUTOMATIONS_FOLDER, NAME), path.join(folder, NAME), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (file?: string, text?: string) => {
  if (file !== undefined) writeFileSync(path.join(folder, NAME, file), text!);
  return loadAutomation(NAME, { folder });
};
const detailOf = (result: ReturnType<typeof load>) => (result.ok ? "" : result.problem.detail);

describe("loading an automation", () => {
  it("gives the same digest wherever its files stand", () => {
    expect(value(load()).digest).toBe(value(loadAutomation(NAME)).digest);
    expect(automationNames(folder)).toEqual([NAME]);
  });

  it("names the file that is missing", () => {
    rmSync(path.join(folder, NAME, "policy.yaml"));
    expect(codeOf(load())).toBe("invalid-request");
    expect(detailOf(load())).toContain("policy.yaml");
  });

  it("refuses YAML that repeats a key", () => {
    expect(detailOf(load("policy.yaml", "default: deny\ndefault: review\nrules: []\n"))).toContain("policy.yaml");
  });

  it("refuses a field that it does not know, and names it", () => {
    expect(detailOf(load("policy.yaml", "default: deny\nlimits: []\nrules: []\n"))).toContain("limits");
  });

  it("refuses a contract that repeats a key", () => {
    expect(codeOf(load("contract.json", '{"type": "object", "type": "array"}'))).toBe("invalid-request");
  });

  it("refuses a rule that does not compile", () => {
    expect(codeOf(load("policy.yaml", "default: deny\nrules:\n  - { id: a, when: nobody.knows, then: allow }\n"))).toBe(
      "policy-invalid",
    );
  });

  it("refuses a playbook beside another planner, and a missing one", () => {
    rmSync(path.join(folder, NAME, "playbook.yaml"));
    expect(detailOf(load())).toContain("playbook.yaml");
  });

  it("refuses a capability that does not exist", () => {
    expect(codeOf(loadAutomation(NAME, { folder, contracts: new Map() }))).toBe("capability-unknown");
  });

  it("trains a classifier from the file of examples, and says which line is none", () => {
    const yaml = readFileSync(path.join(AUTOMATIONS_FOLDER, NAME, "automation.yaml"), "utf8");
    const settings =
      "classifier: { examples: examples.jsonl, threshold: 0.9, reviewers: { role: lead, quorum: 1 }, fields: [{ field: /reason, as: category }] }";
    const line = (reason: string, label: string) => JSON.stringify({ input: { reason }, label });
    const examples = Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0 ? line("late", "slow") : line("wrong", "other"),
    );
    writeFileSync(path.join(folder, NAME, "examples.jsonl"), examples.join("\n"));
    const { bundle } = value(load("automation.yaml", `${yaml}\n${settings}\n`));
    expect(bundle.classifier).toMatchObject({ labels: ["other", "slow"], trained: { examples: 12 } });
    expect(detailOf(load("examples.jsonl", `${examples[0]}\n{"label": "slow"}`))).toContain("line 2");
    rmSync(path.join(folder, NAME, "examples.jsonl"));
    expect(detailOf(load())).toContain("examples.jsonl");
  });

  it("refuses a folder of another name", () => {
    cpSync(path.join(folder, NAME), path.join(folder, "copy"), { recursive: true });
    expect(codeOf(loadAutomation("copy", { folder }))).toBe("invalid-request");
  });
});

describe("the region of a task", () => {
  it("follows from the first four bytes of the field's SHA-256, and never changes", () => {
    expect(["ada_lund_1815", "grace_marsh_1906"].map((id) => regionByHash(id, ["eu", "us"]))).toEqual(["eu", "us"]);
    // SHA-256("abc") starts with ba7816bf.
    expect(regionByHash("abc", ["a", "b", "c"])).toBe(["a", "b", "c"][0xba7816bf % 3]);
  });

  it("is refused where the field holds no text", () => {
    expect(codeOf(regionOf({ rule: "hash", field: "/customerId", among: ["eu"] }, { customerId: 1 }))).toBe(
      "contract-violation",
    );
  });
});
