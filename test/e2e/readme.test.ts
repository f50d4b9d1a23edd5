/**
 * The README's first screen, run as it stands: each block marked `run:` is given to a shell beside a fresh system, and prints what the
 * block after it shows. Ids, digests, times and counts differ from run to run; `…` stands for anything.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { examplesIn, missingLine } from "../support/printed.ts";
import { openShop } from "./people.ts";

const examples = examplesIn("README.md");

let system: Countersign;
let folder: string;
beforeAll(async () => {
  system = await startCountersign();
  await openShop(system);
  const dev = { ...system.tenants["dev"]!, url: system.url, trust: system.trust };
  await enrolPeople({ url: system.url, keys: dev, log: () => {} });
  folder = mkdtempSync(path.join(tmpdir(), "countersign-readme-"));
  mkdirSync(path.join(folder, ".countersign"));
  writeFileSync(path.join(folder, ".countersign", "dev.json"), JSON.stringify(dev));
  // `npx countersign` finds the command as it does in the repository.
  symlinkSync(inRoot("node_modules"), path.join(folder, "node_modules"));
});
afterAll(async () => {
  await system?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

it("has the examples of the first screen", () => {
  expect(examples.map(({ name }) => name)).toEqual(["intent", "http", "approve", "verify"]);
});

for (const { name, script, output } of examples)
  it(`the example '${name}' of the README prints what it says`, () => {
    const commands = script
      .replaceAll("http://localhost:8787", system.url)
      .replaceAll("npx countersign", `node ${inRoot("cli", "countersign.mjs")}`);
    // A terminal shows both streams.
    const run = spawnSync("bash", ["-ec", `exec 2>&1\n${commands}`], {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, NO_COLOR: "1", COLUMNS: "200" },
    });
    expect(run.status, run.stderr).toBe(0);
    expect(missingLine(output, run.stdout), run.stdout).toBe(null);
  });
