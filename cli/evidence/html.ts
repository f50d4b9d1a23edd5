/** The page of an evidence file, with its verifier bundled from this version's sources. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Evidence } from "../../shared/evidence/index.ts";
import { evidencePage } from "../../shared/evidence/page.ts";
import { VERIFIER_BUNDLE } from "../../shared/evidence/verifier-bundle.ts";

const FOLDER = path.join(import.meta.dirname, "page");

/** The page for this evidence. The verifier is bundled each time; esbuild takes a fifth of a second. */
export async function bundledPage(evidence: Evidence): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({ ...VERIFIER_BUNDLE, entryPoints: [path.join(FOLDER, "main.ts")] });
  const style = readFileSync(path.join(FOLDER, "style.css"), "utf8");
  return evidencePage(evidence, { verifier: outputFiles[0]!.text.trim(), style });
}
