/**
 * The three Workers bundled once for a run of tests: wrangler's own harness bundles them at every start, which takes longer than most of
 * what is then tested. That wrangler bundles them as they are is what `npm start` (test/e2e/start.test.ts) and a dry deployment show.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundle } from "../../scripts/bench/bundle.ts";
import { WORKERS } from "../../scripts/lib/project.ts";

let bundled: Promise<Readonly<Record<string, string>>> | null = null;

/** @returns a folder for each Worker, by its name; `index.js` in it is the Worker */
export const bundledWorkers = (): Promise<Readonly<Record<string, string>>> => (bundled ??= bundleAll());

async function bundleAll(): Promise<Readonly<Record<string, string>>> {
  const root = mkdtempSync(path.join(tmpdir(), "countersign-bundled-"));
  const folders = await Promise.all(
    WORKERS.map(async ({ name, folder: plane }) => {
      const folder = path.join(root, plane);
      mkdirSync(folder);
      writeFileSync(path.join(folder, "index.js"), await bundle(`${plane}/index.ts`));
      return [name, folder] as const;
    }),
  );
  return Object.fromEntries(folders);
}
