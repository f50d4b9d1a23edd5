/**
 * Bundles the executors Worker whose objects crash (test/workers/executors/crashing.ts) into a folder that the harness can start: with the
 * shipped capabilities, or with the retail ones over HTTP.
 */
import { inRoot } from "../../scripts/lib/project.ts";
import { bundleExecutors } from "./bundle-executors.ts";

const ENTRY = inRoot("test", "workers", "executors", "crashing.ts");
const OVER_HTTP = inRoot("test", "workers", "executors", "retail-over-http.ts");

/** @returns the folder; its `index.js` stands for executors/index.ts */
export const bundleCrashingExecutors = (capabilities: "shipped" | "retail over HTTP" = "shipped"): Promise<string> =>
  bundleExecutors({ entry: ENTRY, ...(capabilities === "shipped" ? {} : { capabilities: OVER_HTTP }) });
