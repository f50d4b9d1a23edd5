/** The test data beside the repository: `../shared/data`, or the folder that COUNTERSIGN_DATA names. Never copied into the repository. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env["COUNTERSIGN_DATA"] ?? join(import.meta.dirname, "../../../shared/data");

export const hasData = existsSync(join(folder, "vectors"));
if (!hasData) console.warn(`skipped: there is no test data at ${folder}`);

export const readText = (path: string): string => readFileSync(join(folder, path), "utf8");
export const readJson = <T>(path: string): T => JSON.parse(readText(path)) as T;
