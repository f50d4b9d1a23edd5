/**
 * What `.ci/run` does once the tools are there: all checks, each to its end, then one closing line with the number of tests.
 * A check that is no test (types, the dry deployment) counts as one.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./lib/project.ts";

type Count = { readonly passed: number; readonly failed: number; readonly skipped: number };

const folder = mkdtempSync(join(tmpdir(), "countersign-ci-"));
const report = join(folder, "vitest.json");
const counts: Count[] = [
  await tests("test", ["test", "--", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`], report),
  await command("check", ["run", "check"]),
  await command("simulate", ["run", "simulate", "--", "--seeds", "20000", "--seconds", "150"]),
  await command("deploy --dry-run", ["run", "deploy", "--", "--dry-run"]),
];
rmSync(folder, { recursive: true, force: true });

const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0);
console.log(
  `${sum("passed")} passed, ${sum("failed")} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
);
process.exitCode = sum("failed") > 0 ? 1 : 0;

/** Runs the tests and reads their numbers from the report; a run that fails without a failed test (a file that does not load) counts as one failure. */
async function tests(name: string, args: readonly string[], file: string): Promise<Count> {
  const code = await npm(name, args);
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(file, "utf8"));
    const failed = code !== 0 && numFailedTests === 0 ? 1 : numFailedTests;
    const none = numPassedTests === 0 && failed === 0;
    return { passed: numPassedTests, failed: none ? 1 : failed, skipped: numPendingTests + numTodoTests };
  } catch {
    console.log(`ci: ${name} left no report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function command(name: string, args: readonly string[]): Promise<Count> {
  const isOk = (await npm(name, args)) === 0;
  return { passed: isOk ? 1 : 0, failed: isOk ? 0 : 1, skipped: 0 };
}

/** Runs an npm script with its output shown. */
function npm(name: string, args: readonly string[]): Promise<number> {
  console.log(`\nci: ${name}`);
  return new Promise((resolve) => {
    const child = spawn("npm", [...args], {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    child.on("error", () => resolve(127));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
