/**
 * Builds the console once before the browser tests, into a folder of their own, so that a page that is being served is left alone.
 * COUNTERSIGN_TEST_CONSOLE names another folder, where two runs of tests stand beside each other.
 */
import { join } from "node:path";
import { build } from "vite";
import { CHROMIUM } from "./find-chromium.ts";

const ROOT = join(import.meta.dirname, "..", "..");
export const DIST =
  process.env["COUNTERSIGN_TEST_CONSOLE"] ?? join(ROOT, "node_modules", ".cache", "countersign-console");

export default async function setup(): Promise<void> {
  if (CHROMIUM === null) return;
  // The test runner sets NODE_ENV to "test", which would build React's development form; what ships is tested.
  const kept = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  await build({ root: join(ROOT, "console"), logLevel: "warn", build: { outDir: DIST, emptyOutDir: true } });
  if (kept !== undefined) process.env["NODE_ENV"] = kept;
}
