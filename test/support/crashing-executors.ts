/** Bundles the executors Worker whose objects crash (test/workers/executors/crashing.ts) into a folder that the harness can start. */
import { buildSync } from "esbuild";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { inRoot } from "../../scripts/lib/project.ts";

/** @returns the folder; its `index.js` stands for executors/index.ts */
export function bundleCrashingExecutors(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-crashing-"));
  buildSync({
    entryPoints: [inRoot("test", "workers", "executors", "crashing.ts")],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  });
  return folder;
}
