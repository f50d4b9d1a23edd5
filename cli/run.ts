/** From a command line to an exit code: finds the command, reads its arguments, runs it, prints its answer. */
import { parseArgs, type ArgsDef } from "citty";
import { ok } from "../shared/result.ts";
import type { Problem } from "../shared/problems.ts";
import { clientOf, type Answer, type Arguments, type Call, type Command } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { EXIT, exitOf, UsageError, type Exit } from "./exits.ts";
import { commandHelp, GLOBAL_ARGS, mainHelp } from "./help.ts";
import { nearest } from "./nearest.ts";
import { bold, dim, line, red, render, renderJson } from "./output.ts";
import type { Platform } from "./platform.ts";
import { Settings } from "./settings.ts";

/** Runs one command line, without the program's own name. Never throws for what a person typed or a server answered. */
export async function run(argv: readonly string[], platform: Platform): Promise<Exit> {
  const color =
    platform.isTerminal &&
    !argv.includes("--no-color") &&
    (platform.env["NO_COLOR"] ?? "") === "" &&
    platform.env["TERM"] !== "dumb";
  const out = (text: string) => platform.out(`${render(text, color)}\n`);
  const { command, rest } = find(argv);
  if (command === null) {
    if (argv.length === 0 || argv.includes("--help") || argv[0] === "-h" || argv[0] === "help") {
      out(mainHelp(COMMANDS));
      return EXIT.ok;
    }
    const near = nearest(
      argv.slice(0, 2),
      COMMANDS.map(({ name }) => name),
    );
    const hint = near === null ? "see countersign --help" : `did you mean countersign ${near}?`;
    platform.err(`countersign: there is no command ${render(line(argv[0]!), false)}; ${hint}\n`);
    return EXIT.usage;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    out(commandHelp(command));
    return EXIT.ok;
  }
  const json = rest.includes("--json");
  try {
    const result = await command.run(callOf(command, rest, platform, color, json));
    return result.ok ? answer(result.value, json, platform, out) : refuse(result.problem, json, platform, color);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    platform.err(
      `countersign ${command.name}: ${render(line(error.message), false)}\nSee countersign ${command.name} --help\n`,
    );
    return EXIT.usage;
  }
}

/** Commands of two words, such as `keys new`, come before those of one. */
function find(argv: readonly string[]): { command: Command | null; rest: readonly string[] } {
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(" ");
    const command = argv.length >= words ? COMMANDS.find((candidate) => candidate.name === name) : undefined;
    if (command !== undefined) return { command, rest: argv.slice(words) };
  }
  return { command: null, rest: [] };
}

function callOf(command: Command, argv: readonly string[], platform: Platform, color: boolean, json: boolean): Call {
  const args = readArguments(command, argv);
  const settings = new Settings(
    { url: args.text("url"), key: args.text("key"), tenant: args.text("tenant"), trust: args.text("trust") },
    platform.env,
    platform.folder,
  );
  return {
    args,
    settings,
    platform,
    json,
    client: (...roles) => {
      const key = settings.apiKey(roles);
      return key.ok ? ok(clientOf(settings, platform, key.value)) : key;
    },
    tenant: async (client) => {
      if (settings.tenant !== null) return ok(settings.tenant);
      const asked = await client.whoami();
      return asked.ok ? ok(asked.value.tenant) : asked;
    },
    print: (text, value) => platform.out(json ? `${renderJson(value, 0)}\n` : `${render(text, color)}\n`),
    note: (text) => platform.err(`${render(text, color)}\n`),
  };
}

function readArguments(command: Command, argv: readonly string[]): Arguments {
  const definitions: ArgsDef = { ...command.args, ...GLOBAL_ARGS };
  let parsed: Record<string, unknown> & { _: string[] };
  try {
    parsed = parseArgs(argv.map(masked), definitions);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const unknown = Object.keys(parsed).find((name) => name !== "_" && !isDefined(definitions, name));
  if (unknown !== undefined) throw new UsageError(`There is no option ${unknown.length === 1 ? "-" : "--"}${unknown}.`);
  const positional = Object.values(command.args).filter(({ type }) => type === "positional").length;
  const rest = parsed._.slice(positional).map(unmasked);
  if (rest.length > 0 && command.rest === undefined) throw new UsageError(`What is "${rest[0]}"?`);

  const text = (name: string): string | undefined => {
    const value = parsed[name];
    if (value === "" || value === true) throw new UsageError(`--${name} needs a value.`);
    return typeof value === "string" ? unmasked(value) : undefined;
  };
  return {
    text,
    required: (name) => {
      const value = text(name);
      if (value === undefined) throw new UsageError(`--${name} is missing.`);
      return value;
    },
    flag: (name) => parsed[name] === true,
    count: (name) => {
      const value = text(name);
      if (value === undefined) return undefined;
      if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} is a whole number.`);
      return Number(value);
    },
    rest,
  };
}

/** One id of a key in 64 begins with a dash, since it is base64url: it is a value and no option. */
const masked = (word: string): string => (/^-[\w-]{42}$/.test(word) ? `\0${word}` : word);
const unmasked = (word: string): string => word.replace(/^\0/, "");

/** citty repeats each option under its other spellings. */
const isDefined = (definitions: ArgsDef, name: string): boolean =>
  Object.keys(definitions).some(
    (known) => known === name || known.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) === name,
  );

function answer(
  { json: value, text, exit }: Answer,
  json: boolean,
  platform: Platform,
  out: (text: string) => void,
): Exit {
  if (json) {
    if (value !== undefined) platform.out(`${renderJson(value)}\n`);
  } else if (text !== "") out(text);
  return exit ?? EXIT.ok;
}

/** Facts that the detail does not say already, each item of a list by itself. */
const untold = ({ detail, facts = {} }: Problem): [name: string, value: string][] =>
  Object.entries(facts)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
    )
    .filter(([, value]) => !detail.includes(value));

function refuse(problem: Problem, json: boolean, platform: Platform, color: boolean): Exit {
  if (json) platform.out(`${renderJson({ problem })}\n`);
  else {
    const facts = untold(problem).map(([name, value]) => `\n  ${dim(name)} ${line(value)}`);
    platform.err(`${render(`${red("✗")} ${bold(problem.code)}: ${line(problem.detail)}${facts.join("")}`, color)}\n`);
  }
  return exitOf(problem);
}
