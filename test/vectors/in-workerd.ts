/**
 * Runs a module in workerd, bundled with the conditions that wrangler uses, so that vectors get their verdict in the engine
 * that serves them. The module's default export is a Worker that answers one POST of JSON with JSON.
 */
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const root = join(import.meta.dirname, "../..");

/** The text of a bundle for one of the engines that the `imports` map of package.json knows. */
export async function bundle(entry: string, conditions: readonly string[]): Promise<string> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: [...conditions],
    external: ["node:*"],
    target: "es2024",
    write: false,
  });
  return result.outputFiles[0]!.text;
}

export const WRANGLER_CONDITIONS = ["workerd", "worker", "browser"] as const;
export const BROWSER_CONDITIONS = ["browser"] as const;

/** Sends one question to a Worker made of `entry`, and returns its answer. */
export async function askWorkerd<Answer>(
  entry: string,
  question: unknown,
  conditions = WRANGLER_CONDITIONS as readonly string[],
): Promise<Answer> {
  const contents = await bundle(entry, conditions);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: "ESModule", path: "index.mjs", contents }],
      compatibilityDate: "2026-09-01",
      compatibilityFlags: ["nodejs_compat"],
    }),
  );
  try {
    const response = await miniflare.dispatchFetch("http://worker/", {
      method: "POST",
      body: JSON.stringify(question),
    });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Answer;
  } finally {
    await miniflare.dispose();
  }
}
