/** What the runbooks tell people to type is what the command line understands. */
import { readdirSync, readFileSync } from "node:fs";
import type { ArgsDef } from "citty";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../cli/commands/index.ts";
import { GLOBAL_ARGS } from "../../../cli/help.ts";
import { inRoot } from "../../../scripts/lib/project.ts";

const FOLDER = inRoot("docs", "runbooks");
const files = readdirSync(FOLDER).filter((file) => file.endsWith(".md"));

/** Command lines in code: inline, and lines of blocks. */
const linesOf = (text: string): string[] =>
  [
    ...text.matchAll(/`(?:npx )?countersign ([^`\n]+)`/g),
    ...text.matchAll(/^\s*(?:npx )?countersign ([^`#\n]+)/gm),
  ].map(([, line]) => line!.trim());

/** Words as a shell splits them; `…` stands for what the reader fills in. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"[^"]*"|'[^']*'|[^\s"']+/g)].map(([word]) => word.replaceAll(/^["']|["']$/g, ""));

/** What is wrong with a command line, or null. */
function fault(line: string): string | null {
  const words = wordsOf(line.split(/\s[|>&;]/)[0]!);
  const command = [2, 1]
    .map((n) => COMMANDS.find(({ name }) => name === words.slice(0, n).join(" ") && name.split(" ").length === n))
    .find((found) => found !== undefined);
  if (command === undefined) return `there is no command ${words[0]}`;
  const args: ArgsDef = { ...command.args, ...GLOBAL_ARGS };
  const given = words.slice(command.name.split(" ").length);
  let positional = 0;
  for (let i = 0; i < given.length; i++) {
    const word = given[i]!;
    if (!word.startsWith("--")) {
      positional += 1;
      continue;
    }
    const [name, value] = word.slice(2).split("=") as [string, string?];
    const definition = args[name];
    if (definition === undefined || definition.type === "positional") return `${command.name} has no option --${name}`;
    // `--out` alone in a sentence names the option.
    if (definition.type === "string" && value === undefined && i < given.length - 1) i += 1;
  }
  const most = Object.values(command.args).filter(({ type }) => type === "positional").length;
  return positional > most && command.rest === undefined ? `${command.name} takes ${most} words` : null;
}

describe("every countersign line of a runbook", () => {
  it.each(files)("%s", (file) => {
    const lines = linesOf(readFileSync(`${FOLDER}/${file}`, "utf8"));
    expect(lines.flatMap((line) => (fault(line) === null ? [] : [`${line}: ${fault(line)}`]))).toEqual([]);
  });

  it("is read at all, and what is not understood is found", () => {
    expect(files.flatMap((file) => linesOf(readFileSync(`${FOLDER}/${file}`, "utf8"))).length).toBeGreaterThan(20);
    for (const wrong of ["rewind TASK", "explain TASK --colour red", "cancel TASK more", "keys forget KID"])
      expect(fault(wrong), wrong).not.toBeNull();
  });
});
