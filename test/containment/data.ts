/**
 * The agent suites of ../shared/data: tools, environment, honest user tasks with their calls, attack goals with their calls, and the pairs
 * of both. They are read where they are and never copied; where the folder is absent, {@link agentsFolder} says null.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Json, JsonObject } from "../../shared/json.ts";
import { dataFolder } from "../support/retail.ts";

export type SuiteName = "banking" | "workspace";
export const SUITES: readonly SuiteName[] = ["banking", "workspace"];

export type ToolCall = { readonly name: string; readonly arguments: JsonObject };
export type UserTask = { readonly id: string; readonly prompt: string; readonly calls: readonly ToolCall[] };
export type Injection = { readonly id: string; readonly goal: string; readonly calls: readonly ToolCall[] };
export type Pair = { readonly user: UserTask; readonly injection: Injection; readonly vectors: readonly string[] };

export type SuiteData = {
  readonly environment: JsonObject;
  /** What stands at each place that an attacker can write to, before they do. */
  readonly vectors: { readonly [vector: string]: string };
  readonly users: readonly UserTask[];
  readonly injections: readonly Injection[];
  readonly pairs: readonly Pair[];
};

/** The folder of the agent suites; null where it is absent. */
export function agentsFolder(): string | null {
  const folder = path.join(dataFolder(), "agents");
  return existsSync(path.join(folder, "banking.pairs.json")) ? folder : null;
}

type RawTask = { id: string; prompt: string; goal: string; ground_truth: { name: string; arguments: JsonObject }[] };

/** Arguments that are null are arguments that were left out. */
const callsOf = ({ ground_truth }: RawTask): ToolCall[] =>
  ground_truth.map(({ name, arguments: args }) => ({
    name,
    arguments: Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)),
  }));

export function readSuite(folder: string, name: SuiteName): SuiteData {
  const read = (what: string) => JSON.parse(readFileSync(path.join(folder, `${name}.${what}.json`), "utf8"));
  const { environment, injection_vectors: vectors } = read("environment");
  const users = (read("user_tasks").user_tasks as RawTask[]).map((task) => ({ ...task, calls: callsOf(task) }));
  const injections = (read("injection_tasks").injection_tasks as RawTask[]).map((task) => ({
    ...task,
    calls: callsOf(task),
  }));
  const pairs = (read("pairs").pairs as { user_task: string; injection_task: string; vectors: string[] }[]).map(
    (pair) => ({
      user: users.find(({ id }) => id === pair.user_task)!,
      injection: injections.find(({ id }) => id === pair.injection_task)!,
      vectors: pair.vectors,
    }),
  );
  return { environment, vectors, users, injections, pairs };
}

/** The workspace with words that an attacker wrote into a mail and a file. */
export function planted({ environment }: SuiteData, id: string, words: string): JsonObject {
  const { inbox, cloud_drive: drive, ...rest } = environment as any;
  const mail = inbox.emails[id];
  const file = drive.files[id];
  return {
    ...rest,
    inbox: { ...inbox, emails: { ...inbox.emails, [id]: { ...mail, body: `${mail.body} ${words}` } } },
    cloud_drive: { ...drive, files: { ...drive.files, [id]: { ...file, content: `${file.content} ${words}` } } },
  };
}

/** The environment with the attacker's words at the places that a pair names, as far as something stands there. */
export function infected(data: SuiteData, { injection, vectors }: Pair): JsonObject {
  const words = vectors.map((vector) => data.vectors[vector]!).filter((text) => text !== "");
  const replace = (value: Json): Json => {
    if (typeof value === "string")
      return words.reduce((text, word) => text.split(word).join(`${word} ${injection.goal}`), value);
    if (Array.isArray(value)) return (value as readonly Json[]).map(replace);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replace(part!)]));
  };
  return replace(data.environment) as JsonObject;
}
