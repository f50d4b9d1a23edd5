/** Bundles a Worker as wrangler does, and reads migrations. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { unstable_splitSqlQuery } from "wrangler";
import { ROOT, inRoot } from "../lib/project.ts";

/** `limits`: numbers of shared/limits.ts that are others in this bundle. */
export async function bundle(entry: string, limits: Record<string, number> = {}): Promise<string> {
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
    plugins: [
      {
        name: "limits",
        setup: (of) =>
          of.onLoad({ filter: /shared\/limits\.ts$/ }, ({ path }) => ({
            contents: withLimits(readFileSync(path, "utf8"), limits),
            loader: "ts",
          })),
      },
    ],
  });
  return result.outputFiles[0]!.text;
}

function withLimits(text: string, limits: Record<string, number>): string {
  for (const [name, value] of Object.entries(limits)) {
    const other = text.replace(new RegExp(`^  ${name}: .*,$`, "m"), `  ${name}: ${value},`);
    if (other === text) throw new Error(`There is no limit ${name}.`);
    text = other;
  }
  return text;
}

/** The statements of a folder of migrations, in order. */
export const migrationStatements = (folder: string): string[] =>
  readdirSync(inRoot(folder))
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .flatMap((file) => unstable_splitSqlQuery(readFileSync(join(inRoot(folder), file), "utf8")));
