/**
 * What `.ci/run` does once the tools are there: all checks, each to its end, then one closing line with the number of tests.
 * A check that is no test (types, the dry deployment) counts as one.
 *
 * Two lanes share the cores, and each takes the next piece of work when it is free. The longest come first: in one lane the end-to-end tests,
 * which keep somewhat more than one core busy, in the other the tests with a browser, which mostly wait; then what knows no time but its own.
 * Tests of a plane's own behaviour in time run after them, by themselves; so does what builds the page that end-to-end tests serve.
 *
 * The simulator knows no time but its own either, and takes whatever the others leave: it runs from the first moment to the last, behind the others, so
 * that none of them waits for it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./lib/project.ts";

type Count = { readonly passed: number; readonly failed: number; readonly skipped: number };
/** With this a check says that it could not run (EX_TEMPFAIL), and that nothing was proved. */
const SKIPPED = 75;
/** How a check's output is shown: as it comes, or as one piece when the check has ended, because another one writes meanwhile. */
type Shown = "live" | "afterwards";
/** Puts a command behind the others: it runs on what they leave, and on a tenth of a core where they leave nothing. */
const NICE = ["nice", "-n", "10"];

const folder = mkdtempSync(join(tmpdir(), "countersign-ci-"));
const work: (() => Promise<Count>)[] = [
  () => tests("e2e", ["e2e"], "live"),
  () => tests("browser", ["browser"], "afterwards"),
  () => tests("unit", ["unit"], "afterwards"),
  () => command("check", ["run", "check"], "afterwards"),
  () => command("interop", ["run", "interop"], "afterwards"),
];
const counts: Count[] = [];
const simulated = command(
  "simulate",
  ["run", "simulate", "--", "--seeds", "20000", "--threads", "2"],
  "afterwards",
  NICE,
);
const lane = async (): Promise<void> => {
  for (let next = work.shift(); next !== undefined; next = work.shift()) counts.push(await next());
};
await Promise.all([lane(), lane()]);
counts.push(
  await tests("workers", ["intent-manager", "executors", "ledger"], "live"),
  await command("deploy --dry-run", ["run", "deploy", "--", "--dry-run"], "live"),
  await simulated,
);
rmSync(folder, { recursive: true, force: true });

const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0);
console.log(
  `${sum("passed")} passed, ${sum("failed")} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
);
process.exitCode = sum("failed") > 0 ? 1 : 0;

/** Runs the tests of some projects and reads their numbers from the report; a run that fails without a failed test (a file that does not load) counts as one failure. */
async function tests(name: string, projects: readonly string[], shown: Shown): Promise<Count> {
  const report = join(folder, `${projects.join("-")}.json`);
  const code = await npm(
    `test: ${name}`,
    [
      "test",
      "--",
      ...projects.map((project) => `--project=${project}`),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ],
    shown,
    // Each run builds the console for itself.
    { COUNTERSIGN_TEST_CONSOLE: join(folder, `console-${projects.join("-")}`) },
  );
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
    const failed = code !== 0 && numFailedTests === 0 ? 1 : numFailedTests;
    const none = numPassedTests === 0 && failed === 0;
    return { passed: numPassedTests, failed: none ? 1 : failed, skipped: numPendingTests + numTodoTests };
  } catch {
    console.log(`ci: ${name} left no report`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function command(
  name: string,
  args: readonly string[],
  shown: Shown,
  before: readonly string[] = [],
): Promise<Count> {
  const code = await npm(name, args, shown, {}, before);
  if (code === SKIPPED) return { passed: 0, failed: 0, skipped: 1 };
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** Runs an npm script. @param before a command that runs it @returns its exit code */
async function npm(
  name: string,
  args: readonly string[],
  shown: Shown,
  env: NodeJS.ProcessEnv = {},
  before: readonly string[] = [],
): Promise<number> {
  console.log(`\nci: ${name}`);
  const startMs = Date.now();
  const pieces: Buffer[] = [];
  const code = await new Promise<number>((resolve) => {
    const out = shown === "live" ? "inherit" : "pipe";
    const [program, ...rest] = [...before, "npm", ...args];
    const child = spawn(program!, rest, {
      cwd: ROOT,
      stdio: ["ignore", out, out],
      env: { ...process.env, NO_COLOR: "1", ...env },
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (piece: Buffer) => void pieces.push(piece));
    child.on("error", () => resolve(127));
    child.on("close", (status) => resolve(status ?? 1));
  });
  if (pieces.length > 0) console.log(`\nci: ${name} said:\n${Buffer.concat(pieces).toString("utf8").trimEnd()}`);
  console.log(`ci: ${name} took ${Math.round((Date.now() - startMs) / 1_000)} s`);
  return code;
}
