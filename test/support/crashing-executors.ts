/**
 * Bundles the executors Worker whose objects crash (test/workers/executors/crashing.ts) into a folder that the harness can start: with the
 * shipped capabilities, or with the retail ones over HTTP.
 */
import { build, type Plugin } from "esbuild";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { inRoot } from "../../scripts/lib/project.ts";

const ENTRY = inRoot("test", "workers", "executors", "crashing.ts");
const OVER_HTTP = inRoot("test", "workers", "executors", "retail-over-http.ts");

/** The list of capabilities is another one; everything that uses the list is as it ships. */
const overHttp: Plugin = {
  name: "retail-over-http",
  setup: ({ onResolve }) =>
    onResolve({ filter: /capabilities\/(?:index|http)\.ts$/ }, ({ importer }) =>
      importer === OVER_HTTP ? undefined : { path: OVER_HTTP },
    ),
};

/** @returns the folder; its `index.js` stands for executors/index.ts */
export async function bundleCrashingExecutors(
  capabilities: "shipped" | "retail over HTTP" = "shipped",
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-crashing-"));
  await build({
    entryPoints: [ENTRY],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    plugins: capabilities === "shipped" ? [] : [overHttp],
    logLevel: "warning",
  });
  return folder;
}
