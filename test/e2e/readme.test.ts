/**
 * The README's first screen, run as it stands: each block marked `run:` is given to a shell beside a fresh system, and prints what the
 * block after it shows. Ids, digests, times and counts differ from run to run; `…` stands for anything.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enrolPeople } from "../../scripts/enrol-people.ts";
import { inRoot } from "../../scripts/lib/project.ts";
import { startCountersign, type Countersign } from "./harness.ts";
import { openShop } from "./people.ts";

type Example = { readonly name: string; readonly script: string; readonly output: string };

const examples: Example[] = [
  ...readFileSync(inRoot("README.md"), "utf8").matchAll(
    /<!-- run: (\w+) -->\n```sh\n([\s\S]*?)```\n```text\n([\s\S]*?)```/g,
  ),
].map(([, name, script, output]) => ({ name: name!, script: script!, output: output! }));

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

/** What differs from run to run, replaced by its kind. */
const plain = (line: string): string =>
  line
    .replace(/\b(?:tsk|rev)_[a-z]{2}_\d+_[a-z2-7]{26}/g, "ID")
    .replace(/key_[0-9a-f]{16}/g, "KEY")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")
    .replace(/dev\/(eu|us)\/\d/g, "dev/$1/N")
    .replace(/[A-Za-z0-9+/]{43}=/g, "HASH")
    .replace(/(?<=\s)\d+(?= entries)|(?<=  ok  \w+\s+)\d+/g, "N")
    .replaceAll(/\s+/g, " ")
    .trim();

/** A text as a pattern for itself. */
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** Whether the output has these lines in this order; a line `…` allows any number of lines, `…` inside a line any text. */
function missingLine(wanted: string, printed: string): string | null {
  const lines = printed.split("\n").map(plain);
  let at = 0;
  for (const line of wanted.trim().split("\n")) {
    if (line.trim() === "…") continue;
    const pattern = new RegExp(
      `^${plain(line)
        .split("…")
        .map((part) => literal(part.trim()))
        .join(".*")}$`,
    );
    const found = lines.findIndex((candidate, i) => i >= at && pattern.test(candidate));
    if (found < 0) return line;
    at = found + 1;
  }
  return null;
}

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
