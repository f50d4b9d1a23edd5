/**
 * `npm run deploy [-- --dry-run] [--tenant NAME]`: the three Workers, in the order that their bindings need.
 * A dry run needs no account: it bundles the three, lists what would be created in order, and fails where a binding has no step that creates it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { binary, inRoot, WORKERS, workerByName, wranglerEnvironment } from "../lib/project.ts";
import { reasonIn, run } from "../lib/run.ts";
import { readWorkerConfigs } from "../lib/worker-configs.ts";
import { buildConsole } from "../start/console.ts";
import { deploy, DeployFailure, type Wrangler } from "./deploy.ts";
import { describePlan, PLAN, uncovered } from "./plan.ts";
import { PRODUCTION_FILE, productionState } from "./production-state.ts";

const log = (line: string): void => console.log(`  ${line}`);
const wrangler: Wrangler = (args) => run(binary("wrangler"), args, { env: { ...wranglerEnvironment(), CI: "1" } });

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { "dry-run": { type: "boolean" }, tenant: { type: "string", default: "main" } },
  });
  const missing = readWorkerConfigs(WORKERS.map((worker) => inRoot(worker.config))).flatMap((worker) =>
    uncovered(worker, PLAN),
  );
  if (missing.length > 0) throw new DeployFailure(missing.join("\ncountersign: "));
  await buildConsole(log);
  if (values["dry-run"] === true) return dryRun();
  await deploy(PLAN, productionState(values.tenant), wrangler, log);
  console.log(
    `Deployed. Keys: ${PRODUCTION_FILE}. Next: enrol people and publish automations with its root key, then keep that key elsewhere.`,
  );
}

async function dryRun(): Promise<void> {
  console.log("What a deployment creates, in order:");
  for (const line of describePlan(PLAN)) console.log(line);
  const folder = mkdtempSync(join(tmpdir(), "countersign-"));
  try {
    for (const { name } of PLAN.workers) {
      const { code, output } = await wrangler([
        "deploy",
        "--dry-run",
        "-c",
        inRoot(workerByName(name).config),
        "--outdir",
        join(folder, name),
      ]);
      if (code !== 0) throw new DeployFailure(`${name} does not bundle: ${reasonIn(output)}`);
      log(`bundles: ${name} (${/Total Upload: .*$/m.exec(output)?.[0] ?? "size unknown"})`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`countersign: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
