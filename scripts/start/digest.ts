/** The digest of files and folders: tells whether work that depends on nothing else has to be done again. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { inRoot } from "../lib/project.ts";

/** @param paths files or folders, relative to the root; `dist` and hidden ones inside are left out */
export function digestOf(...paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of paths.flatMap(filesUnder))
    hash
      .update(`${file}\0`)
      .update(readFileSync(inRoot(file)))
      .update("\0");
  return hash.digest("hex");
}

function filesUnder(path: string): readonly string[] {
  if (!existsSync(inRoot(path))) return [];
  if (!statSync(inRoot(path)).isDirectory()) return [path];
  return readdirSync(inRoot(path))
    .filter((name) => name !== "dist" && !name.startsWith("."))
    .toSorted()
    .flatMap((name) => filesUnder(`${path}/${name}`));
}
