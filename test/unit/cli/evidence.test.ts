/** docs/evidence.md, run as it stands, and what the two commands refuse. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../../../cli/exits.ts";
import { generateKeyPair } from "../../../shared/keys.ts";
import { commandLine, type CommandLine } from "../../support/cli.ts";
import { examplesIn, missingLine } from "../../support/printed.ts";
import { checkpointOf, honestRecord, TENANT, trustConfig } from "../../support/record.ts";

let cli: CommandLine;
let task: string;
const at = (...names: string[]) => path.join(cli.folder, ...names);

beforeAll(async () => {
  cli = commandLine(null);
  const { record } = await honestRecord();
  task = JSON.parse(record.entries.find((entry) => entry.includes('"attested"'))!).subject;
  mkdirSync(at("record"));
  writeFileSync(at("record", "checkpoint"), await checkpointOf(record.entries));
  writeFileSync(at("record", "entries.jsonl"), record.entries.map((entry) => `${entry}\n`).join(""));
  writeFileSync(at("record", "about.json"), JSON.stringify({ tenant: TENANT }));
  writeFileSync(at("trust.json"), JSON.stringify(trustConfig));
});
afterAll(() => cli.remove());

/** A command line as words; file names of the page are those of the test's folder. */
const run = (line: string) =>
  cli.run(...line.split(" ").map((word) => (word === "trust.json" || word === "other.json" ? at(word) : word)));

describe("docs/evidence.md", () => {
  it("prints what it says, in the order of the page", async () => {
    const examples = examplesIn("docs/evidence.md");
    expect(examples.map(({ name }) => name)).toEqual(["make", "check"]);
    for (const { script, output } of examples) {
      const ran = await run(script.trim().replace(/^countersign /, ""));
      expect(ran.exit, ran.err).toBe(EXIT.ok);
      expect(missingLine(output, ran.out), ran.out).toBe(null);
    }
  });
});

describe("an evidence file", () => {
  it("of one task names it, and tells programs what it holds", async () => {
    const { json } = await run(`evidence ${task} --dir record --trust trust.json --out one.html --json`);
    expect(json).toMatchObject({ verified: true, failed: [], tasks: [task], file: at("one.html") });
  });

  it("does not verify after a change in the file, nor under other keys; its own verifier is not asked", async () => {
    await run(`evidence ${task} --dir record --trust trust.json --out one.html`);
    const { publicJwk } = await generateKeyPair({ extractable: false });
    const tenants = { [TENANT]: { ...trustConfig.tenants[TENANT]!, rootKey: publicJwk } };
    writeFileSync(at("other.json"), JSON.stringify({ ...trustConfig, tenants }));
    const other = await run("verify --evidence one.html --trust other.json --json");
    expect([other.exit, other.json.trust.sameRootKey]).toEqual([EXIT.verification, false]);
    const changed = readFileSync(at("one.html"), "utf8").replaceAll(
      String.raw`\"member\":\"rita\"`,
      String.raw`\"member\":\"nina\"`,
    );
    writeFileSync(at("changed.html"), changed);
    const { exit, json } = await run("verify --evidence changed.html --trust trust.json --json");
    const failed = json.checks.filter(({ status }: any) => status === "failed").map(({ check }: any) => check);
    expect([exit, failed]).toEqual([EXIT.verification, expect.arrayContaining(["inclusion"])]);
  });

  it("is refused where it is none, where nothing is pinned and where the scope says nothing", async () => {
    writeFileSync(at("none.html"), "<html></html>");
    for (const line of [
      "verify --evidence none.html --trust trust.json",
      "verify --evidence absent.html --trust trust.json",
      `evidence ${task} --dir record`,
      "evidence --dir record --trust trust.json",
      "evidence --from 2026-09-01 --dir record --trust trust.json",
      "evidence --from yesterday --to 2026-09-01 --dir record --trust trust.json",
      "evidence --from 2026-09-02 --to 2026-09-01 --dir record --trust trust.json",
    ])
      expect([line, (await run(line)).exit]).toEqual([line, EXIT.usage]);
    const nothing = await run("evidence --from 2020-01-01 --to 2020-02-01 --dir record --trust trust.json --json");
    expect(nothing.exit).toBe(EXIT.problem);
  });
});
