/** Bundles a Worker as wrangler does, and reads migrations. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { unstable_splitSqlQuery } from "wrangler";
import { ROOT, inRoot } from "../lib/project.ts";

export async function bundle(entry: string): Promise<string> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    target: "es2024",
    keepNames: false,
    write: false,
    logLevel: "error",
  });
  return result.outputFiles[0]!.text;
}

/** The statements of a folder of migrations, in order. */
export const migrationStatements = (folder: string): string[] =>
  readdirSync(inRoot(folder))
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .flatMap((file) => unstable_splitSqlQuery(readFileSync(join(inRoot(folder), file), "utf8")));
