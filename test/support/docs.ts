/** The files and runs that a page of docs/ shows, taken out of it: what a page promises is what a test does. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inRoot } from "../../scripts/lib/project.ts";

/** Blocks after `<!-- file: NAME -->`, by name. */
export const filesIn = (page: string): ReadonlyMap<string, string> =>
  new Map(
    [...read(page).matchAll(/<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)```/g)].map(([, name, text]) => [name!, text!]),
  );

/** Pairs of JSON blocks after `<!-- run: NAME -->`: what is sent, and what comes of it. */
export const runsIn = (page: string): { readonly name: string; readonly sent: any; readonly expected: any }[] =>
  [...read(page).matchAll(/<!-- run: (\w+) -->\n```json\n([\s\S]*?)```\n```json\n([\s\S]*?)```/g)].map(
    ([, name, sent, expected]) => ({ name: name!, sent: JSON.parse(sent!), expected: JSON.parse(expected!) }),
  );

/** Writes the page's automation into `folder/name`. */
export function writeAutomation(page: string, folder: string, name: string): void {
  mkdirSync(path.join(folder, name), { recursive: true });
  for (const [file, text] of filesIn(page)) writeFileSync(path.join(folder, name, file), text);
}

const read = (page: string): string => readFileSync(inRoot(page), "utf8");
