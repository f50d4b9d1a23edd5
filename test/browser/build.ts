/** Builds the console once for all browser tests, into a folder of their own, so that a page that is being served is left alone. */
import { fileURLToPath } from "node:url";
import { build } from "vite";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
export const DIST = path("../../node_modules/.cache/countersign-console");

export default async function setup(): Promise<void> {
  // The test runner sets NODE_ENV to "test", which would build React's development form; what ships is tested.
  const kept = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  await build({ root: path("../../console"), logLevel: "warn", build: { outDir: DIST, emptyOutDir: true } });
  if (kept !== undefined) process.env["NODE_ENV"] = kept;
}
