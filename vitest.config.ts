/**
 * Pure code runs in Node; each Worker's objects run in workerd, in a project of its own with its own wrangler.toml;
 * the end-to-end tests start all three Workers.
 */
import { defineConfig } from "vitest/config";
import { useQuickFolder } from "./scripts/lib/quick-folder.ts";
import { workerProject } from "./test/workers/project.ts";

useQuickFolder();

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/vectors/**/*.test.ts", "test/containment/**/*.test.ts"],
          environment: "node",
          // No test leaves anything behind in a module, and loading all of them anew for each file costs as much as the tests.
          isolate: false,
          // Properties over many cases take seconds on a small, busy machine.
          testTimeout: 30_000,
        },
      },
      await workerProject("intent-manager"),
      await workerProject("executors"),
      await workerProject("ledger"),
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          globalSetup: "test/browser/build.ts",
          // Each file starts a browser.
          fileParallelism: false,
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/faults/**/*.test.ts"],
          environment: "node",
          // Each file stops what it started; wrangler is loaded once for all of them.
          isolate: false,
          // The console is built once for the test with a browser.
          globalSetup: "test/browser/build.ts",
          expect: { poll: { timeout: 10_000 } },
          // Each file boots three Workers: one at a time on a small machine.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
