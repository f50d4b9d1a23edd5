/** Bundles the executors Worker, whole or with other capabilities than those that ship, into a folder that the harness can start. */
import { build, type Plugin } from "esbuild";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { inRoot } from "../../scripts/lib/project.ts";

export type BundledExecutors = {
  /** In place of executors/index.ts. */
  readonly entry?: string;
  /** A module in place of executors/capabilities/index.ts and http.ts: `capabilities`, `httpDefinitions`. Everything that uses them is as it ships. */
  readonly capabilities?: string;
};

/** @returns the folder; its `index.js` stands for executors/index.ts */
export async function bundleExecutors({ entry, capabilities }: BundledExecutors): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "countersign-executors-"));
  await build({
    entryPoints: [entry ?? inRoot("executors", "index.ts")],
    outfile: path.join(folder, "index.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*"],
    plugins: capabilities === undefined ? [] : [inPlaceOfShipped(capabilities)],
    logLevel: "warning",
  });
  return folder;
}

const inPlaceOfShipped = (capabilities: string): Plugin => ({
  name: "other-capabilities",
  setup: ({ onResolve }) =>
    onResolve({ filter: /capabilities\/(?:index|http)\.ts$/ }, ({ importer }) =>
      importer === capabilities ? undefined : { path: capabilities },
    ),
});
