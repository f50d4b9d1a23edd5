/** The help of the program and of each command, from the same definitions that its arguments are read with. */
import type { ArgsDef } from "citty";
import type { Command } from "./command.ts";
import { bold, cyan, dim, table } from "./output.ts";

/** Taken by every command. */
export const GLOBAL_ARGS = {
  url: { type: "string", description: "Address of the server (COUNTERSIGN_URL)", valueHint: "URL" },
  key: { type: "string", description: "API key (COUNTERSIGN_KEY)", valueHint: "KEY" },
  tenant: { type: "string", description: "Tenant, where the key does not say", valueHint: "NAME" },
  json: { type: "boolean", description: "One JSON value instead of text" },
  color: { type: "boolean", description: "--no-color: no colours (also NO_COLOR)" },
} as const satisfies ArgsDef;

const EXIT_CODES = [
  ["0", "done"],
  ["1", "the answer is a problem; its code and detail are printed"],
  ["2", "the command line is wrong"],
  ["3", "a verification ran and did not hold"],
  ["4", "the server, or a Worker that it needs, did not answer"],
] as const;

export function mainHelp(commands: readonly Command[]): string {
  return [
    `${bold("countersign")}: intents, reviews and the record, from the command line`,
    "",
    bold("Commands"),
    table(
      commands.map(({ name, args, rest, summary }) => [
        `  ${cyan(name)} ${positionals(args, rest)}`,
        headline(summary),
      ]),
    ),
    "",
    bold("Options of every command"),
    optionTable(GLOBAL_ARGS),
    "",
    bold("Exit codes"),
    table(EXIT_CODES, "  "),
    "",
    `Keys and address come from .countersign/dev.json unless they are given. ${dim("countersign COMMAND --help")} shows examples.`,
  ].join("\n");
}

export function commandHelp({ name, args, rest, summary, examples }: Command): string {
  const own = Object.fromEntries(Object.entries(args).filter(([, { type }]) => type !== "positional"));
  const named = Object.entries(args).filter(([, { type }]) => type === "positional");
  return [
    `${bold(`countersign ${name}`)} ${positionals(args, rest)}${Object.keys(own).length > 0 ? " [options]" : ""}`,
    "",
    summary,
    ...(named.length === 0
      ? []
      : ["", table(named.map(([label, { description }]) => [`  ${label.toUpperCase()}`, description ?? ""]))]),
    ...(Object.keys(own).length === 0 ? [] : ["", bold("Options"), optionTable(own)]),
    "",
    bold("Options of every command"),
    optionTable(GLOBAL_ARGS),
    "",
    bold("Examples"),
    ...examples.map((example) => `  ${example}`),
  ].join("\n");
}

/** The first sentence: the rest stands in the command's own help. */
const headline = (summary: string): string => summary.split(/(?<=\.) /)[0]!.replace(/[.:]$/, "");

const positionals = (args: ArgsDef, rest: string | undefined): string =>
  [
    ...Object.entries(args).flatMap(([name, definition]) =>
      definition.type === "positional"
        ? [definition.required === false ? `[${name.toUpperCase()}]` : name.toUpperCase()]
        : [],
    ),
    ...(rest === undefined ? [] : [`[${rest}…]`]),
  ].join(" ");

const optionTable = (args: ArgsDef): string =>
  table(
    Object.entries(args).map(([name, definition]) => [
      `  ${cyan(`--${name}`)}${definition.type === "string" ? ` ${definition.valueHint ?? "TEXT"}` : ""}`,
      definition.description ?? "",
    ]),
  );
