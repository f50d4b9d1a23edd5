/**
 * What an earlier start already did, by name, with the digest of what it was done from. Kept in the folder of the local data,
 * so that whoever removes the data also removes the claim that it is there.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { inRoot } from "../lib/project.ts";

/** Where all local data stands: every wrangler command gets it as `--persist-to`. */
export const STATE_FOLDER = ".wrangler/state";
const FILE = `${STATE_FOLDER}/countersign-prepared.json`;

const read = (): Record<string, string> =>
  existsSync(inRoot(FILE)) ? (JSON.parse(readFileSync(inRoot(FILE), "utf8")) as Record<string, string>) : {};

export const isDone = (what: string, digest: string): boolean => read()[what] === digest;

export function setDone(what: string, digest: string): void {
  mkdirSync(inRoot(STATE_FOLDER), { recursive: true });
  writeFileSync(inRoot(FILE), `${JSON.stringify({ ...read(), [what]: digest }, null, 2)}\n`);
}
