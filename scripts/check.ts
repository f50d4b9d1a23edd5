/**
 * `npm run check`: types of every part, lint, format, and the generated types of the bindings. Everything runs, then the exit code says whether
 * anything failed.
 */
import { existsSync } from "node:fs";
import { binary, inRoot } from "./lib/project.ts";
import { run } from "./lib/run.ts";

/** One compiler configuration for each runtime: what is global differs. */
const PROJECTS = [".", "intent-manager", "executors", "ledger", "console", "cli/evidence/page"].filter((folder) =>
  existsSync(inRoot(folder, "tsconfig.json")),
);

const CHECKS: readonly (readonly [string, string, readonly string[]])[] = [
  ...PROJECTS.map((folder) => [`types: ${folder}`, binary("tsc"), ["-p", folder]] as const),
  ["lint", binary("oxlint"), ["--deny-warnings"]],
  ["format", binary("oxfmt"), ["--list-different"]],
  ["bindings", process.execPath, [inRoot("scripts", "types.ts"), "--check"]],
];

for (const [name, command, args] of CHECKS) {
  const { code, output } = await run(command, args, { env: { ...process.env, NO_COLOR: "1" } });
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${name}`);
  if (code === 0) continue;
  console.log(output.trimEnd());
  process.exitCode = 1;
}
